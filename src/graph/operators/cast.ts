/** Change of element type, and values that carry no gradient. */
import { type ElementType, isFloat } from '../elementType.ts'
import { dataTypes } from '../onnx/attributes.ts'
import { apply, type Operator } from '../operator.ts'
import type { Tensor } from '../tensor.ts'

const castOperator: Operator<{ type: ElementType }> = {
  name: 'cast',
  infer: ([x], { type }) => [{ type, shape: (x as Tensor).shape }],
  simplify: ([x], { type }) => ((x as Tensor).type === type ? x : undefined),
  gradient: ({ inputs: [x] }, [gradient]) => [
    isFloat((x as Tensor).type) ? () => cast(gradient as Tensor, (x as Tensor).type) : undefined,
  ],
  onnx: (emit, inputs, { attributes: { type } }) => [emit.node('Cast', inputs, { to: dataTypes[type] })],
}

/** The same values as another element type; floats are cut towards zero on their way to integers. */
export const cast = (x: Tensor, type: ElementType): Tensor => apply(castOperator, [x], { type })

const stopGradientOperator: Operator<undefined> = {
  name: 'stopGradient',
  infer: ([x]) => [x as Tensor],
  gradient: () => [undefined],
  onnx: (_, inputs) => inputs,
}

/** The same value, which gradients treat as a constant. */
export const stopGradient = (x: Tensor): Tensor => apply(stopGradientOperator, [x], undefined)
