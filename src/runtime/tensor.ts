/**
 * Tensors with values: what a session is fed and what it answers. A TensorValue is an element type, a shape of numbers
 * and a typed array; where the array lies (ordinary or shared memory) is its own affair. This file knows neither
 * graphs nor engines.
 */
import { formatShape } from '../graph/dimension.ts'
import {
  arrayConstructors,
  bytesPerElement,
  type ElementType,
  type TypedArray,
  type TypedArrays,
  typedArray,
} from '../graph/elementType.ts'
import { EngineMemoryError } from './errors.ts'

export interface TensorValue<Type extends ElementType = ElementType> {
  readonly type: Type
  readonly shape: readonly number[]
  /** Row-major; float16 as bit patterns, bool as bytes 0 and 1. */
  readonly data: TypedArrays[Type]
}

/** A tensor of any element type: `type` tells which, and narrows `data`. */
export type AnyTensor = { [Type in ElementType]: TensorValue<Type> }[ElementType]

/** The number of elements of a shape; 1 for a scalar. */
export const countElements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/**
 * A tensor from its values. A typed array is taken as it is, not copied; a list of numbers is converted.
 *
 *     tensorValue('float32', [2, 2], [1, 2, 3, 4])
 *
 * Throws a RangeError when the values do not fill the shape, a TypeError when they are of another element type.
 */
export function tensorValue<Type extends ElementType>(
  type: Type,
  shape: readonly number[],
  values: TypedArrays[Type] | readonly number[],
): TensorValue<Type> {
  if (shape.some(size => !Number.isInteger(size) || size < 0)) {
    throw new RangeError(`${formatShape(shape)} is not a shape: every size must be a whole number that is not negative`)
  }
  if (values.length !== countElements(shape)) {
    throw new RangeError(
      `${formatShape(shape)} has ${countElements(shape)} elements, but ${values.length} values were given`,
    )
  }
  return { type, shape, data: typedArray(values, type) as TypedArrays[Type] }
}

/** Cache lines and vector registers are at most this wide: every tensor of an allocation starts on such a border. */
const ALIGNMENT = 64

export const alignedBytes = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT

export type Memory = ArrayBuffer | SharedArrayBuffer

type ViewConstructor = new (memory: Memory, offset: number, length: number) => TypedArray

/** The typed array of an element type over a part of some memory. */
export const viewOf = (type: ElementType, memory: Memory, offset: number, shape: readonly number[]): TypedArray =>
  new (arrayConstructors[type] as unknown as ViewConstructor)(memory, offset, countElements(shape))

export const isShared = ({ buffer }: TypedArray): boolean =>
  typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer

export const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** What a tensor must be to be allocated: a specification without named dimensions. */
export interface StaticSpecification {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly number[]
}

/** Tensors filled with zeros, one behind the other in one piece of memory. Throws an EngineMemoryError. */
export function allocateTensors(
  specifications: readonly StaticSpecification[],
  kind: 'shared' | 'ordinary',
): Record<string, TensorValue> {
  let bytes = 0
  const offsets = specifications.map(({ type, shape }) => {
    const offset = bytes
    bytes += alignedBytes(countElements(shape) * bytesPerElement(type))
    return offset
  })
  let memory: Memory
  try {
    memory = kind === 'shared' ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)
  } catch (cause) {
    throw new EngineMemoryError(`cannot allocate ${bytes} bytes for tensors: allocate fewer or smaller ones`, { cause })
  }
  return Object.fromEntries(
    specifications.map(({ name, type, shape }, i) => [
      name,
      { type, shape: [...shape], data: viewOf(type, memory, offsets[i]!, shape) } as TensorValue,
    ]),
  )
}
