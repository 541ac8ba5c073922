/** Where a graph begins: inputs, parameters, constants, and the sizes of named dimensions. */
import { type Dimension, dimension, elementCount, formatShape, type Shape } from './dimension.ts'
import { type ElementType, type TypedArray, typedArray } from './elementType.ts'
import { apply, type Operator } from './operator.ts'
import { ShapeError, type Tensor } from './tensor.ts'

interface Named {
  readonly name: string
  readonly type: ElementType
  readonly shape: Shape
}

export interface ConstantValue {
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly data: TypedArray
}

export const inputOperator: Operator<Named> = { name: 'input', infer: (_, named) => [named] }

export const parameterOperator: Operator<Named> = { name: 'parameter', infer: (_, named) => [named] }

export const constantOperator: Operator<ConstantValue> = {
  name: 'constant',
  infer(_, value) {
    const wanted = elementCount(value.shape)
    if (value.data.length !== wanted) {
      throw new ShapeError(
        `constant ${formatShape(value.shape)} needs ${wanted} elements, but got ${value.data.length}`,
      )
    }
    return [{ type: value.type, shape: value.shape }]
  },
  onnx: (emit, _, { attributes }) => [emit.constant(attributes)],
}

const dimensionOperator: Operator<{ size: Dimension }> = {
  name: 'dimension',
  infer: () => [{ type: 'int64', shape: [] }],
  onnx: (emit, _, { attributes }) => [emit.dimension(attributes.size)],
}

/**
 * Something that every run is fed. A named dimension takes its value from the inputs that carry its name.
 * Throws a TypeError for what is not a dimension.
 */
export function input(name: string, type: ElementType, shape: Shape): Tensor {
  return apply(inputOperator, [], { name, type, shape: shape.map(dimension) })
}

/** For `Scope.parameter`, which is what model code calls. */
export function parameterLeaf(name: string, shape: readonly number[], type: ElementType): Tensor {
  return apply(parameterOperator, [], { name, type, shape })
}

/**
 * A value fixed when the graph is built. `values` may be a number (a scalar), nested lists are not: give a flat list
 * and its shape. float16 constants are given as bit patterns in a Uint16Array.
 */
export function constant(
  values: number | readonly number[] | TypedArray,
  shape: readonly number[] = typeof values === 'number' ? [] : [values.length],
  type: ElementType = 'float32',
): Tensor {
  return apply(constantOperator, [], { type, shape, data: typedArray(values, type) })
}

/** The value of a dimension as an int64 scalar. */
export function dimensionSize(size: Dimension): Tensor {
  return typeof size === 'number' ? constant(size, [], 'int64') : apply(dimensionOperator, [], { size })
}

/** The constant that a tensor is, or undefined. */
export function constantOf(tensor: Tensor): ConstantValue | undefined {
  return tensor.node.operator.name === constantOperator.name ? (tensor.node.attributes as ConstantValue) : undefined
}

/** The number that every element of a float constant has, or undefined (also for float16 and empty constants). */
export function uniformValue(tensor: Tensor): number | undefined {
  const value = constantOf(tensor)
  if (!value || value.type === 'float16' || value.data.length === 0) return undefined
  const first = value.data[0]
  return value.data.length === 1 || (value.data as Float32Array).every(x => x === (first as number))
    ? Number(first)
    : undefined
}

/** A scalar constant of the type of another tensor. */
export const scalarLike = (value: number, like: Tensor): Tensor => constant(value, [], like.type)
