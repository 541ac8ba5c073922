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

/** Numbers as the typed array of an element type; one that is such an array already is given back as it is. */
export function typedArray(values: number | readonly number[] | TypedArray, type: ElementType): TypedArray {
  if (ArrayBuffer.isView(values)) {
    if (!(values instanceof arrayConstructors[type])) {
      throw new TypeError(`elements of type ${type} come in a ${arrayConstructors[type].name}`)
    }
    return values as TypedArray
  }
  const list = typeof values === 'number' ? [values] : values
  if (type === 'int64') return BigInt64Array.from(list, BigInt)
  if (type === 'float16') return Uint16Array.from(list, float16Bits)
  return arrayConstructors[type].from(list)
}

const scratch = new DataView(new ArrayBuffer(8))

/** Bits of the float16 nearest to a number, ties to even (IEEE 754 binary16). */
export function float16Bits(value: number): number {
  scratch.setFloat64(0, value)
  const high = scratch.getUint32(0)
  const sign = (high >>> 16) & 0x8000
  const magnitude = high & 0x7fffffff
  if (Number.isNaN(value)) return sign | 0x7e00
  if (magnitude >= 0x3f100000) {
    // Ten bits of fraction stay; of the rest only matters how it compares to one half.
    const rest = (high & 0x3ff) * 2 + (scratch.getUint32(4) === 0 ? 0 : 1)
    const up = rest > 0x400 || (rest === 0x400 && ((high >>> 10) & 1) === 1)
    return sign | Math.min(0x7c00, (magnitude >>> 10) - ((1023 - 15) << 10) + (up ? 1 : 0))
  }
  // Subnormal: the value in units of 2^-24, rounded to even. Doubles hold it exactly, so one rounding happens.
  const units = Math.abs(value) * 2 ** 24
  const floor = Math.floor(units)
  const up = units - floor > 0.5 || (units - floor === 0.5 && floor % 2 === 1)
  return sign | (floor + (up ? 1 : 0))
}

/** The number that a float16 bit pattern stands for. */
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}
