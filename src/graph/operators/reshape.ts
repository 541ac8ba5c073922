/** The same elements in another arrangement: reshape, flatten, transpose. */
import {
  type Dimension,
  divideDimensions,
  elementCount,
  formatShape,
  multiplyDimensions,
  type Shape,
  sameShape,
} from '../dimension.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'

const reshapeOperator: Operator<{ shape: Shape }> = {
  name: 'reshape',
  infer([x], { shape }) {
    const tensor = x as Tensor
    if (elementCount(tensor.shape) !== elementCount(shape)) {
      refuse(
        'reshape',
        [tensor],
        `${elementCount(tensor.shape)} elements do not make ${formatShape(shape)}, which has ${elementCount(shape)}`,
      )
    }
    return [{ type: tensor.type, shape }]
  },
  // A reshape of a reshape stays two nodes here, for the gradient of the one between; the emitter makes them one.
  simplify: ([x], { shape }) => (sameShape((x as Tensor).shape, shape) ? x : undefined),
  gradient: ({ inputs: [x] }, [gradient]) => [() => reshape(gradient as Tensor, (x as Tensor).shape)],
  onnx: (emit, [value], { inputs: [x], attributes }) => [
    emit.reshape(value as string, (x as Tensor).shape, attributes.shape),
  ],
}

/** The same elements, in the same order, under another shape. One dimension may be -1: what the others leave. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return apply(reshapeOperator, [x], { shape: fillIn(x, shape) })
}

function fillIn(x: Tensor, shape: Shape): Shape {
  if (!shape.includes(-1)) return shape
  const known = shape.filter(size => size !== -1).reduce<Dimension>(multiplyDimensions, 1)
  const rest =
    shape.length - shape.filter(size => size !== -1).length === 1
      ? divideDimensions(elementCount(x.shape), known)
      : undefined
  if (rest === undefined) refuse('reshape', [x], `the -1 in ${formatShape(shape)} cannot be worked out`)
  return shape.map(size => (size === -1 ? rest : size))
}

/** Joins the axes from `first` up to and including `last` into one. */
export function flatten(x: Tensor, first = 0, last = -1): Tensor {
  const end = last < 0 ? last + x.rank : last
  return reshape(x, [
    ...x.shape.slice(0, first),
    elementCount(x.shape.slice(first, end + 1)),
    ...x.shape.slice(end + 1),
  ])
}

const transposeOperator: Operator<{ order: readonly number[] }> = {
  name: 'transpose',
  infer([x], { order }) {
    const tensor = x as Tensor
    const sorted = [...order].sort((a, b) => a - b)
    if (order.length !== tensor.rank || sorted.some((axis, i) => axis !== i)) {
      refuse('transpose', [tensor], `[${order.join(', ')}] is no order of its ${tensor.rank} axes`)
    }
    return [{ type: tensor.type, shape: order.map(axis => tensor.size(axis)) }]
  },
  simplify: ([x], { order }) => (order.every((axis, i) => axis === i) ? x : undefined),
  gradient: (node, [gradient]) => [
    () =>
      transpose(
        gradient as Tensor,
        node.attributes.order.map((_, axis) => node.attributes.order.indexOf(axis)),
      ),
  ],
  onnx: (emit, [x], { attributes: { order } }) => [emit.transpose(x as string, order)],
}

/** Axes in another order: axis i of the result is axis `order[i]` of x. The last two change places unless given. */
export function transpose(x: Tensor, order: readonly number[] = swapLast(x)): Tensor {
  return apply(transposeOperator, [x], { order: order.map(axis => (axis < 0 ? axis + x.rank : axis)) })
}

function swapLast(x: Tensor): number[] {
  if (x.rank < 2) refuse('transpose', [x], 'needs at least two axes')
  return [...x.shape.keys()].map(axis => (axis < x.rank - 2 ? axis : 2 * x.rank - 3 - axis))
}
