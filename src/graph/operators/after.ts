/** Order of execution, where the graph alone would leave it open. */
import { dataTypes } from '../onnx/attributes.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'

const afterOperator: Operator<undefined> = {
  name: 'after',
  infer(inputs) {
    const [x, trigger] = inputs as readonly [Tensor, Tensor]
    if (trigger.shape.includes(0)) refuse('after', inputs, 'the second operand has no elements to wait for')
    return [x]
  },
  gradient: (_, [gradient]) => [() => gradient as Tensor, undefined],
  // ONNX has no edges of order. The shape to give x is its own, plus a zero made from an element of the trigger: nothing
  // is copied, and no optimiser can tell that the element does not matter.
  onnx(emit, [value, trigger], { inputs }) {
    const [x, awaited] = inputs as readonly [Tensor, Tensor]
    const zero = zeroFrom(emit, trigger as string, awaited.rank)
    if (x.rank > 0)
      return [emit.node('Reshape', [value as string, emit.node('Add', [emit.shape(x.shape), zero])], { allowzero: 1 })]
    const vector = emit.node('Reshape', [value as string, emit.node('Add', [emit.int64([1]), zero])])
    return [emit.node('Squeeze', [vector])]
  },
}

/** An int64 [1] that is 0 whatever the tensor holds; by way of bool, since NaN has no integer. */
function zeroFrom(emit: Emitter, value: string, rank: number): string {
  const starts = emit.int64(Array<number>(rank).fill(0))
  const ends = emit.int64(Array<number>(rank).fill(1))
  const first = rank === 0 ? value : emit.node('Slice', [value, starts, ends])
  const truth = emit.node('Cast', [emit.node('Reshape', [first, emit.int64([1])])], { to: dataTypes.bool })
  return emit.node('Mul', [emit.node('Cast', [truth], { to: dataTypes.int64 }), emit.int64([0])])
}

/** x, unchanged, but not available before `trigger` has been computed. Costs no copy. */
export const after = (x: Tensor, trigger: Tensor): Tensor => apply(afterOperator, [x, trigger], undefined)
