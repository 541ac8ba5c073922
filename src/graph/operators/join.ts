/** Putting tensors together and taking them apart along an axis: concat, split, slice, pad. */
import { addDimensions, type Dimension, formatShape, type Shape, sameShape, subtractDimensions } from '../dimension.ts'
import { apply, applyAll, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { zerosLike } from './broadcast.ts'
import { resolveAxes } from './reduce.ts'

const withSize = (shape: Shape, axis: number, size: Dimension): Shape =>
  shape.map((old, i) => (i === axis ? size : old))

const concatOperator: Operator<{ axis: number }> = {
  name: 'concat',
  infer(inputs, { axis }) {
    const first = inputs[0] as Tensor
    for (const input of inputs) {
      if (input.type !== first.type) refuse('concat', inputs, 'the element types differ; use cast')
      if (input.rank !== first.rank || !sameShape(withSize(input.shape, axis, 0), withSize(first.shape, axis, 0))) {
        refuse('concat', inputs, `the shapes may differ in axis ${axis} only`)
      }
    }
    const size = inputs.map(input => input.size(axis)).reduce(addDimensions)
    return [{ type: first.type, shape: withSize(first.shape, axis, size) }]
  },
  simplify: inputs => (inputs.length === 1 ? inputs[0] : undefined),
  gradient({ inputs, attributes: { axis } }, [gradient]) {
    let start: Dimension = 0
    return inputs.map(input => {
      const from = start
      start = addDimensions(start, input.size(axis))
      const to = start
      return () => slice(gradient as Tensor, { axis, start: from, end: to })
    })
  },
  onnx: (emit, inputs, { attributes: { axis } }) => [emit.node('Concat', inputs, { axis })],
}

/** Tensors one after the other along an axis (default the last). */
export function concat(tensors: readonly Tensor[], axis = -1): Tensor {
  const first = tensors[0]
  if (!first) throw new TypeError('concat: needs at least one tensor')
  return apply(concatOperator, tensors, { axis: resolveAxes('concat', first, [axis])[0] as number })
}

interface SplitAttributes {
  readonly axis: number
  readonly sizes: readonly number[]
}

const splitOperator: Operator<SplitAttributes> = {
  name: 'split',
  infer([x], { axis, sizes }) {
    const tensor = x as Tensor
    const total = sizes.reduce((sum, size) => sum + size, 0)
    if (total !== tensor.size(axis))
      refuse('split', [tensor], `parts of ${formatShape(sizes)} do not add up to axis ${axis}`)
    return sizes.map(size => ({ type: tensor.type, shape: withSize(tensor.shape, axis, size) }))
  },
  gradient: (node, gradients) => [
    () =>
      concat(
        node.outputs.map((output, i) => gradients[i] ?? zerosLike(output)),
        node.attributes.axis,
      ),
  ],
  onnx: (emit, [x], { attributes: { axis, sizes } }) =>
    emit.nodeAll('Split', [x as string, emit.int64(sizes)], { attributes: { axis }, outputs: sizes.length }),
}

/** Cuts an axis (default the last) into consecutive parts: of the given sizes, or into so many equal ones. */
export function split(x: Tensor, parts: number | readonly number[], axis = -1): readonly Tensor[] {
  const [resolved] = resolveAxes('split', x, [axis]) as [number]
  const size = x.size(resolved)
  if (typeof parts !== 'number') return applyAll(splitOperator, [x], { axis: resolved, sizes: parts })
  if (typeof size !== 'number' || size % parts !== 0)
    refuse('split', [x], `axis ${resolved} does not divide into ${parts} equal parts`)
  return applyAll(splitOperator, [x], { axis: resolved, sizes: Array<number>(parts).fill(size / parts) })
}

export interface SliceOptions {
  readonly axis: number
  /** First position (default 0); may be symbolic: `'sequence-1'`. */
  readonly start?: Dimension
  /** Position after the last (default the size of the axis). */
  readonly end?: Dimension
}

const sliceOperator: Operator<{ axis: number; start: Dimension; end: Dimension }> = {
  name: 'slice',
  infer([x], { axis, start, end }) {
    const tensor = x as Tensor
    const size = subtractDimensions(end, start)
    const whole = tensor.size(axis)
    const isOutside = (position: Dimension) =>
      typeof position === 'number' && (position < 0 || (typeof whole === 'number' && position > whole))
    if (isOutside(start) || isOutside(end) || (typeof size === 'number' && size < 0)) {
      refuse('slice', [tensor], `positions ${start} to ${end} do not lie within axis ${axis}`)
    }
    return [{ type: tensor.type, shape: withSize(tensor.shape, axis, size) }]
  },
  simplify: ([x], { axis, start, end }) => (start === 0 && end === (x as Tensor).size(axis) ? x : undefined),
  gradient: ({ inputs: [x], attributes: { axis, start, end } }, [gradient]) => [
    () => pad(gradient as Tensor, { axis, before: start, after: subtractDimensions((x as Tensor).size(axis), end) }),
  ],
  onnx: (emit, [x], { attributes: { axis, start, end } }) => [
    emit.node('Slice', [x as string, emit.shape([start]), emit.shape([end]), emit.int64([axis])]),
  ],
}

/** A range of positions along an axis. */
export function slice(x: Tensor, { axis, start = 0, end }: SliceOptions): Tensor {
  const [resolved] = resolveAxes('slice', x, [axis]) as [number]
  return apply(sliceOperator, [x], { axis: resolved, start, end: end ?? x.size(resolved) })
}

export interface PadOptions {
  readonly axis: number
  /** Elements to add before the first (default 0). */
  readonly before?: Dimension
  /** Elements to add after the last (default 0). */
  readonly after?: Dimension
  /** What to fill with (default 0). */
  readonly value?: number
}

const padOperator: Operator<Required<PadOptions>> = {
  name: 'pad',
  infer([x], { axis, before, after }) {
    const tensor = x as Tensor
    for (const size of [before, after]) {
      if (typeof size === 'number' && size < 0)
        refuse('pad', [tensor], `cannot add ${size} elements; use slice to take away`)
    }
    return [
      {
        type: tensor.type,
        shape: withSize(tensor.shape, axis, addDimensions(tensor.size(axis), addDimensions(before, after))),
      },
    ]
  },
  simplify: ([x], { before, after }) => (before === 0 && after === 0 ? x : undefined),
  gradient: ({ inputs: [x], attributes: { axis, before } }, [gradient]) => [
    () => slice(gradient as Tensor, { axis, start: before, end: addDimensions(before, (x as Tensor).size(axis)) }),
  ],
  onnx(emit, [value], { inputs: [x], attributes: { axis, before, after, value: filling } }) {
    const { rank, type } = x as Tensor
    const zeros = Array<number>(rank).fill(0)
    const pads = emit.shape([...withSize(zeros, axis, before), ...withSize(zeros, axis, after)])
    return [emit.node('Pad', [value as string, pads, emit.scalar(filling, type)])]
  },
}

/** Adds elements of one value at the ends of an axis. */
export function pad(x: Tensor, { axis, before = 0, after = 0, value = 0 }: PadOptions): Tensor {
  return apply(padOperator, [x], { axis: resolveAxes('pad', x, [axis])[0] as number, before, after, value })
}
