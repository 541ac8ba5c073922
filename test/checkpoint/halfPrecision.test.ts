import { expect, test } from 'vitest'
import {
  convertFloats,
  narrowToBfloat16,
  narrowToFloat16,
  widenBfloat16,
  widenFloat16,
} from '../../src/checkpoint/halfPrecision.ts'
import { float16Bits, float16Value } from '../../src/graph/index.ts'

const patterns = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits)
const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer)

function widen(convert: (from: Uint16Array, to: Float32Array) => void): Float32Array<ArrayBuffer> {
  const values = new Float32Array(patterns.length)
  convert(patterns, values)
  return values
}

function narrow(convert: (from: Float32Array, to: Uint16Array) => void, values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length)
  convert(values, bits)
  return bits
}

/** The float32 values at and on both sides of the middle between every two neighbouring patterns. */
function aroundMiddles(values: Float32Array): Float32Array {
  const middles: number[] = []
  const ulp = new Float32Array(1)
  const ulpBits = new Int32Array(ulp.buffer)
  for (let i = 0; i + 1 < values.length; i++) {
    const middle = (values[i]! + values[i + 1]!) / 2
    if (!Number.isFinite(middle)) continue
    ulp[0] = middle
    for (const step of [-1, 0, 1]) {
      const bits = new Int32Array([ulpBits[0]! + step])
      middles.push(new Float32Array(bits.buffer)[0]!)
    }
  }
  return Float32Array.from(middles)
}

test('every float16 widens to exactly its value', () => {
  const values = widen(widenFloat16)
  const wrong = [...patterns].filter(bits => !Object.is(values[bits], float16Value(bits)))
  expect(wrong).toEqual([])
})

test('every bfloat16 widens to the float32 that it begins', () => {
  const bits = bitsOf(widen(widenBfloat16))
  expect([...patterns].filter(pattern => bits[pattern] !== pattern * 0x10000)).toEqual([])
})

test.each([
  { name: 'float16', narrowing: narrowToFloat16, widening: widenFloat16, nan: 0x7c00 },
  { name: 'bfloat16', narrowing: narrowToBfloat16, widening: widenBfloat16, nan: 0x7f80 },
])('every $name comes back from float32 as it was, and NaN stays NaN', ({ narrowing, widening, nan }) => {
  const back = narrow(narrowing, widen(widening))
  const nanBits = (bits: number) => (bits & 0x7fff) > nan
  expect([...patterns].filter(bits => (nanBits(bits) ? !nanBits(back[bits]!) : back[bits] !== bits))).toEqual([])
})

test('float32 becomes the nearest float16, ties to even, around every middle', () => {
  const values = aroundMiddles(widen(widenFloat16))
  const bits = narrow(narrowToFloat16, values)
  expect([...values].filter((value, i) => bits[i] !== float16Bits(value))).toEqual([])
})

test('float32 becomes the nearest bfloat16, ties to even, around every middle', () => {
  const all = widen(widenBfloat16)
  const values = aroundMiddles(all)
  const bits = narrow(narrowToBfloat16, values)
  const wrong = [...values].filter((value, i) => {
    const chosen = all[bits[i]!]!
    const neighbours = [bits[i]! - 1, bits[i]! + 1].map(pattern => all[pattern & 0xffff]!).filter(Number.isFinite)
    if (!Number.isFinite(chosen)) return Math.abs(value) < 2 ** 127 * (2 - 2 ** -8)
    const distance = Math.abs(value - chosen)
    return neighbours.some(other => {
      const there = Math.abs(value - other)
      return there < distance || (there === distance && (bits[i]! & 1) === 1)
    })
  })
  expect(wrong).toEqual([])
})

test.each([
  [65519.99, 0x7bff],
  [65520, 0x7c00],
  [1e9, 0x7c00],
  [-Infinity, 0xfc00],
  [2 ** -25, 0],
  [2 ** -25 * 1.0001, 1],
  [-(2 ** -24), 0x8001],
  [-0, 0x8000],
])('%d becomes the float16 %d', (value, bits) => {
  expect(narrow(narrowToFloat16, Float32Array.of(value))[0]).toBe(bits)
})

test('values convert between any two float types, also from the middle of a buffer', () => {
  const types = ['float32', 'float16', 'bfloat16'] as const
  const numbers = Float32Array.of(0, 1, -2.5, 0.15625, 384)
  const bytesAs = (type: (typeof types)[number]) => {
    const bytes = new Uint8Array(8 + numbers.length * (type === 'float32' ? 4 : 2)).subarray(8)
    convertFloats(new Uint8Array(numbers.buffer), 'float32', bytes, type)
    return bytes
  }
  for (const from of types) {
    for (const to of types) {
      const converted = new Uint8Array(bytesAs(to).byteLength)
      convertFloats(bytesAs(from), from, converted, to)
      expect(converted, `${from} → ${to}`).toEqual(new Uint8Array(bytesAs(to)))
    }
  }
})
