/** Sums, means and maxima over axes. */
import { type Dimension, multiplyDimensions, type Shape } from '../dimension.ts'
import { constant, dimensionSize } from '../leaf.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Node, Tensor, TensorType } from '../tensor.ts'
import { div, mul } from './arithmetic.ts'
import { expand } from './broadcast.ts'
import { cast } from './cast.ts'
import { equal } from './compare.ts'
import { reshape } from './reshape.ts'

export interface ReduceOptions {
  /** Axes to reduce; negative ones count from the last. All of them unless given. */
  readonly axes?: readonly number[]
  /** Leave the reduced axes in place, with size 1 (default false). */
  readonly keepAxes?: boolean
}

interface Attributes {
  readonly axes: readonly number[]
  readonly keepAxes: boolean
}

/** Axes counted from the first, sorted. Throws a ShapeError, in the operator's name, for one that is not there. */
export function resolveAxes(name: string, x: Tensor, axes: readonly number[]): number[] {
  const resolved = axes.map(axis => (axis < 0 ? axis + x.rank : axis)).sort((a, b) => a - b)
  resolved.forEach((axis, i) => {
    if (axis < 0 || axis >= x.rank) refuse(name, [x], `there is no axis ${axes[i]}`)
    if (axis === resolved[i - 1]) refuse(name, [x], `axis ${axis} is named twice`)
  })
  return resolved
}

function reduced(x: Tensor, { axes, keepAxes }: Attributes): TensorType {
  const shape: Dimension[] = []
  x.shape.forEach((size, axis) => {
    if (!axes.includes(axis)) shape.push(size)
    else if (keepAxes) shape.push(1)
  })
  return { type: x.type, shape }
}

/** The shape with the reduced axes still in place, so that a reduced tensor broadcasts against the unreduced one. */
const keptShape = (x: Tensor, axes: readonly number[]): Shape =>
  x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))

const spread = (reducedTensor: Tensor, x: Tensor, { axes }: Attributes): Tensor =>
  reshape(reducedTensor, keptShape(x, axes))

/** How many elements each result is made of. */
const reducedCount = (x: Tensor, { axes }: Attributes): Dimension =>
  axes.reduce<Dimension>((count, axis) => multiplyDimensions(count, x.size(axis)), 1)

const noAxes: Operator<Attributes>['simplify'] = ([x], { axes }) => (axes.length === 0 ? x : undefined)

/** ReduceSum takes its axes as an input, the others of this operator set as an attribute. */
function writeReduction(emit: Emitter, type: string, x: string, { axes, keepAxes }: Attributes): string {
  const keepdims = keepAxes ? 1 : 0
  return type === 'ReduceSum'
    ? emit.node(type, [x, emit.int64(axes)], { keepdims })
    : emit.node(type, [x], { axes, keepdims })
}

function reduction(
  name: string,
  type: string,
  gradient: (node: Node<Attributes>, arrived: Tensor) => Tensor,
): Operator<Attributes> {
  return {
    name,
    infer: ([x], attributes) => [reduced(x as Tensor, attributes)],
    simplify: noAxes as NonNullable<Operator<Attributes>['simplify']>,
    gradient: (node, [arrived]) => [() => gradient(node, arrived as Tensor)],
    onnx: (emit, [x], { attributes }) => [writeReduction(emit, type, x as string, attributes)],
  }
}

const sumOperator = reduction('sum', 'ReduceSum', ({ inputs: [x], attributes }, arrived) =>
  expand(spread(arrived, x as Tensor, attributes), (x as Tensor).shape),
)

const meanOperator = reduction('mean', 'ReduceMean', ({ inputs: [x], attributes }, arrived) => {
  const tensor = x as Tensor
  const count = reducedCount(tensor, attributes)
  const divisor = typeof count === 'number' ? constant(1 / count, [], tensor.type) : undefined
  const share = divisor ? mul(arrived, divisor) : div(arrived, cast(dimensionSize(count), tensor.type))
  return expand(spread(share, tensor, attributes), tensor.shape)
})

const maxOperator = reduction('max', 'ReduceMax', ({ inputs: [x], outputs: [y], attributes }, arrived) => {
  const tensor = x as Tensor
  const isMaximum = cast(equal(tensor, spread(y as Tensor, tensor, attributes)), tensor.type)
  const ties = sum(isMaximum, { axes: attributes.axes, keepAxes: true })
  return mul(isMaximum, div(spread(arrived, tensor, attributes), ties))
})

function reduce(
  operator: Operator<Attributes>,
  x: Tensor,
  { axes = x.shape.map((_, i) => i), keepAxes = false }: ReduceOptions,
): Tensor {
  return apply(operator, [x], { axes: resolveAxes(operator.name, x, axes), keepAxes })
}

/** Sum over axes. */
export const sum = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(sumOperator, x, options)

/** Arithmetic mean over axes. */
export const mean = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(meanOperator, x, options)

/** Largest element over axes. Elements that tie for it share the gradient. */
export const max = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce(maxOperator, x, options)
