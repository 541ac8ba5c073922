/**
 * float16 and bfloat16 ↔ float32, whole arrays at once. Widening is exact, NaN payloads included. Narrowing goes to the
 * nearest value, ties to even; what is too large becomes infinite, and NaN stays NaN. 16-bit floats travel as bit
 * patterns. Knows no tensors.
 */
import type { FloatType } from './storedType.ts'

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length)

/** bfloat16 is the upper half of a float32. */
export function widenBfloat16(from: Uint16Array, to: Float32Array): void {
  const out = bitsOf(to)
  for (let i = 0; i < from.length; i++) out[i] = from[i]! << 16
}

export function narrowToBfloat16(from: Float32Array, to: Uint16Array): void {
  const bits = bitsOf(from)
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i]!
    // Rounding could carry a NaN over into infinity, so its quiet bit is set instead.
    to[i] = (x & 0x7fffffff) > 0x7f800000 ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16
  }
}

let widened: Uint32Array | undefined

/** The float32 bits of all 65,536 float16 patterns. */
function widenedTable(): Uint32Array {
  if (widened !== undefined) return widened
  const table = new Uint32Array(0x10000)
  for (let half = 0; half < 0x10000; half++) {
    const sign = (half & 0x8000) << 16
    let exponent = (half >>> 10) & 0x1f
    let fraction = half & 0x3ff
    if (exponent === 0x1f) exponent = 0xff
    else if (exponent !== 0) exponent += 112
    else if (fraction !== 0) {
      // Subnormal: float32 has exponents enough to write it as a normal number.
      exponent = 113
      for (; (fraction & 0x400) === 0; fraction <<= 1) exponent--
      fraction &= 0x3ff
    }
    table[half] = (sign | (exponent << 23) | (fraction << 13)) >>> 0
  }
  widened = table
  return table
}

export function widenFloat16(from: Uint16Array, to: Float32Array): void {
  const table = widenedTable()
  const out = bitsOf(to)
  for (let i = 0; i < from.length; i++) out[i] = table[from[i]!]!
}

const magic = new Float32Array(1)
const magicBits = new Uint32Array(magic.buffer)

export function narrowToFloat16(from: Float32Array, to: Uint16Array): void {
  const bits = bitsOf(from)
  for (let i = 0; i < bits.length; i++) {
    const sign = (bits[i]! >>> 16) & 0x8000
    const x = bits[i]! & 0x7fffffff
    if (x >= 0x47800000) to[i] = sign | (x > 0x7f800000 ? 0x7e00 : 0x7c00)
    else if (x >= 0x38800000) to[i] = sign | ((x - 0x38000000 + 0xfff + ((x >>> 13) & 1)) >>> 13)
    else {
      // Subnormal: the sum with 0.5 leaves units of 2^-24 in the low bits, rounded by the addition.
      magic[0] = Math.abs(from[i]!) + 0.5
      to[i] = sign | (magicBits[0]! - 0x3f000000)
    }
  }
}

const asFloat32 = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new Float32Array(buffer, byteOffset, byteLength / 4)

const asUint16 = ({ buffer, byteOffset, byteLength }: Uint8Array) => new Uint16Array(buffer, byteOffset, byteLength / 2)

/**
 * Converts floats between any two types, into `to`, which must have room for them. Both must be aligned to their
 * elements.
 */
export function convertFloats(from: Uint8Array, fromType: FloatType, to: Uint8Array, toType: FloatType): void {
  if (fromType === toType) to.set(from)
  else if (fromType === 'float16' && toType === 'float32') widenFloat16(asUint16(from), asFloat32(to))
  else if (fromType === 'bfloat16' && toType === 'float32') widenBfloat16(asUint16(from), asFloat32(to))
  else if (fromType === 'float32' && toType === 'float16') narrowToFloat16(asFloat32(from), asUint16(to))
  else if (fromType === 'float32') narrowToBfloat16(asFloat32(from), asUint16(to))
  else {
    const between = new Uint8Array(2 * from.byteLength)
    convertFloats(from, fromType, between, 'float32')
    convertFloats(between, 'float32', to, toType)
  }
}
