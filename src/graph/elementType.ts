/**
 * The element types of tensors, and the typed arrays that hold them outside a graph.
 * float16 values travel as their bit patterns in a Uint16Array; booleans as bytes 0 and 1.
 */
export const elementTypes = ['float32', 'float16', 'int64', 'int32', 'int8', 'uint8', 'bool'] as const

export type ElementType = (typeof elementTypes)[number]

export interface TypedArrays {
  float32: Float32Array
  float16: Uint16Array
  int64: BigInt64Array
  int32: Int32Array
  int8: Int8Array
  uint8: Uint8Array
  bool: Uint8Array
}

export type TypedArray = TypedArrays[ElementType]

/** The constructor of the typed array that holds each element type. */
export const arrayConstructors = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const

/** Bytes of one element. */
export const bytesPerElement = (type: ElementType): number => arrayConstructors[type].BYTES_PER_ELEMENT

export const isFloat = (type: ElementType): boolean => type === 'float32' || type === 'float16'
