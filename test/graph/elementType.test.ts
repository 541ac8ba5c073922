/** Element types and the arrays that hold them; float16 as bit patterns. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesPerElement, elementTypes, float16Bits, float16Value, typedArray } from '../../src/graph/elementType.ts'

describe('float16', () => {
  test('every bit pattern survives the way to a number and back', () => {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      const value = float16Value(bits)
      if (Number.isNaN(value)) expect(Number.isNaN(float16Value(float16Bits(value)))).toBe(true)
      else if (float16Bits(value) !== bits) expect.fail(`${bits} became ${float16Bits(value)}`)
    }
  })

  test('a number becomes the nearest pattern, the even one of two as near', () => {
    fc.assert(
      fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), value => {
        const bits = float16Bits(value)
        const distance = Math.abs(float16Value(bits) - value)
        for (const neighbour of [bits - 1, bits + 1]) {
          const other = Math.abs(float16Value(neighbour & 0xffff) - value)
          if (other === distance) expect(bits % 2).toBe(0)
          else if (!Number.isNaN(other)) expect(other).toBeGreaterThan(distance)
        }
      }),
    )
  })

  test.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [0, 0],
    [-0, 0x8000],
    [65504, 0x7bff],
    [65519, 0x7bff],
    [65520, 0x7c00],
    [1e9, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2],
    [2 ** -14, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -40, 0x3c01],
  ])('%s is %i', (value, bits) => {
    expect(float16Bits(value)).toBe(bits)
  })

  test('what is no number stays none', () => {
    expect(float16Value(float16Bits(Number.NaN))).toBeNaN()
  })
})

describe('arrays of element types', () => {
  test.each(elementTypes)('numbers become %s', type => {
    const array = typedArray([0, 1, 1], type)
    expect(array.BYTES_PER_ELEMENT).toBe(bytesPerElement(type))
    expect(Array.from(array as Float32Array, Number)).toEqual(type === 'float16' ? [0, 0x3c00, 0x3c00] : [0, 1, 1])
  })

  test('an array of the right kind is not copied', () => {
    const data = new Float32Array(4)
    expect(typedArray(data, 'float32')).toBe(data)
  })

  test('an array of another kind is refused', () => {
    expect(() => typedArray(new Float64Array(2) as unknown as Float32Array, 'float32')).toThrow(/Float32Array/)
  })
})
