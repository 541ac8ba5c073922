/** Between shapes of equal content: expanding by repetition, and its transpose, summing what was repeated. */
import { formatShape, type Shape, sameShape } from '../dimension.ts'
import { constant, uniformValue } from '../leaf.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { sum } from './reduce.ts'
import { reshape } from './reshape.ts'

export const expandOperator: Operator<{ shape: Shape }> = {
  name: 'expand',
  infer([x], { shape }) {
    const tensor = x as Tensor
    const fits =
      tensor.rank <= shape.length &&
      tensor.shape.every((size, i) => size === 1 || size === shape[i + shape.length - tensor.rank])
    if (!fits) refuse('expand', [tensor], `cannot be repeated to ${formatShape(shape)}`)
    return [{ type: tensor.type, shape }]
  },
  simplify: ([x], { shape }) => (sameShape((x as Tensor).shape, shape) ? x : undefined),
  gradient: ({ inputs: [x] }, [gradient]) => [() => sumTo(gradient as Tensor, (x as Tensor).shape)],
  onnx: (emit, [x], { attributes }) => [emit.node('Expand', [x as string, emit.shape(attributes.shape)])],
}

/** Repeats axes of size 1, and adds leading axes, to reach a shape. */
export const expand = (x: Tensor, shape: Shape): Tensor => apply(expandOperator, [x], { shape })

/** Sums the axes that broadcasting repeated, to come back to `shape`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x
  const added = x.rank - shape.length
  const axes = x.shape.flatMap((_, axis) =>
    axis < added || (shape[axis - added] === 1 && x.shape[axis] !== 1) ? [axis] : [],
  )
  const summed = axes.length === 0 ? x : sum(x, { axes })
  return reshape(summed, shape)
}

/** A tensor whose elements are all one number. */
export function filled(value: number, shape: Shape, type: Tensor['type'] = 'float32'): Tensor {
  return expand(constant(value, [], type), shape)
}

export const zerosLike = (x: Tensor): Tensor => filled(0, x.shape, x.type)

/** The number that all elements are known to have, seen through repetition. */
export function knownValue(x: Tensor): number | undefined {
  return uniformValue(x.node.operator.name === expandOperator.name ? (x.node.inputs[0] as Tensor) : x)
}
