/** Choice, element by element. */

import { scalarLike } from '../leaf.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { sumTo } from './broadcast.ts'
import { broadcastShapes, type Operand } from './elementwise.ts'

const whereOperator: Operator<undefined> = {
  name: 'where',
  infer(inputs) {
    const [condition, yes, no] = inputs as readonly [Tensor, Tensor, Tensor]
    if (condition.type !== 'bool') refuse('where', inputs, 'the condition must be bool')
    if (yes.type !== no.type) refuse('where', inputs, 'the choices have different element types; use cast')
    return [{ type: yes.type, shape: broadcastShapes('where', inputs) }]
  },
  gradient({ inputs }, [gradient]) {
    const [condition, yes, no] = inputs as readonly [Tensor, Tensor, Tensor]
    return [
      undefined,
      () => sumTo(where(condition, gradient as Tensor, 0), yes.shape),
      () => sumTo(where(condition, 0, gradient as Tensor), no.shape),
    ]
  },
  onnx: (emit, inputs) => [emit.node('Where', inputs)],
}

/** `yes` where the condition holds, else `no`; at least one of them must be a tensor. Broadcasts all three. */
export function where(condition: Tensor, yes: Operand, no: Operand): Tensor {
  const like = typeof yes === 'number' ? no : yes
  if (typeof like === 'number')
    throw new TypeError('where: one of the choices must be a tensor, to tell the element type')
  const operand = (value: Operand) => (typeof value === 'number' ? scalarLike(value, like) : value)
  return apply(whereOperator, [condition, operand(yes), operand(no)], undefined)
}
