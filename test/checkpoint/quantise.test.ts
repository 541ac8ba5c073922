import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { blockTensors, bytesOfBlocks, dequantiseBlocks, describeBlocks, quantise } from '../../src/checkpoint/index.ts'

/** Numbers like those of a trained weight. */
function weights(count: number, seed = 1): Float32Array {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return Float32Array.from({ length: count }, () => (random() + random() + random() + random() - 2) * 0.05)
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0)

const settings = ([4, 8] as const).flatMap(bits =>
  [16, 32, 64, 128].flatMap(blockSize =>
    [true, false].flatMap(symmetric =>
      ['float32', 'float16'].map(scaleType => ({
        bits,
        blockSize,
        symmetric,
        scaleType: scaleType as 'float32' | 'float16',
      })),
    ),
  ),
)

test.each(settings)(
  'int$bits, blocks of $blockSize, symmetric $symmetric, $scaleType scales: every value is off by half a step at most',
  options => {
    const floats = weights(6 * 256)
    const { weight, error } = quantise(floats, [6, 256], options)
    const back = dequantiseBlocks(weight)
    const perRow = 256 / options.blockSize
    // Symmetric: the far end of the smaller side may be cut off by up to one step. Rounded scales move it a little more.
    const steps = options.symmetric ? 1.01 : 0.51 + (options.scaleType === 'float16' ? 2 ** (options.bits - 11) : 0)
    back.forEach((value, i) => {
      const block = Math.floor(i / 256) * perRow + Math.floor((i % 256) / options.blockSize)
      expect(Math.abs(value - floats[i]!)).toBeLessThanOrEqual(steps * Math.abs(weight.scales[block]!))
    })
    expect(error.largest).toBeCloseTo(largestDifference(back, floats), 7)
    const square = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0)
    const differences = back.map((value, i) => value - floats[i]!)
    expect(error.rootMeanSquare).toBeCloseTo(Math.sqrt(square(differences) / floats.length), 7)
    expect(error.relative).toBeCloseTo(Math.sqrt(square(differences) / square(floats)), 5)
  },
)

test('more bits, smaller blocks and zero points of their own each make the error smaller', () => {
  const floats = weights(64 * 256).map(value => value + 0.03)
  const relative = (options: Parameters<typeof quantise>[2]) => quantise(floats, [64, 256], options).error.relative
  expect(relative({ bits: 8 })).toBeLessThan(relative({ bits: 4 }) / 10)
  expect(relative({ bits: 4, blockSize: 32 })).toBeLessThan(relative({ bits: 4, blockSize: 128 }))
  expect(relative({ bits: 4, symmetric: false })).toBeLessThan(relative({ bits: 4 }))
})

test('zeros stay zeros, exactly', () => {
  const floats = weights(4 * 64).map((value, i) => (i % 3 === 0 ? 0 : value))
  for (const symmetric of [true, false]) {
    const back = dequantiseBlocks(quantise(floats, [4, 64], { bits: 4, symmetric }).weight)
    expect([...back].filter((value, i) => i % 3 === 0 && value !== 0)).toEqual([])
  }
  expect(quantise(new Float32Array(64), [2, 32], { bits: 4 }).error).toEqual({
    largest: 0,
    rootMeanSquare: 0,
    relative: 0,
  })
})

test('what was quantised once does not change when it is quantised again', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...settings.filter(({ scaleType }) => scaleType === 'float32')),
      fc.integer({ min: 1, max: 1e6 }),
      (options, seed) => {
        const once = dequantiseBlocks(quantise(weights(2 * 128, seed), [2, 128], options).weight)
        const twice = dequantiseBlocks(quantise(once, [2, 128], options).weight)
        expect(largestDifference(once, twice)).toBeLessThan(1e-7)
      },
    ),
    { numRuns: 200 },
  )
})

test('the arrays have the shapes of the graph; odd numbers of 4-bit zero points leave half a byte over', () => {
  const { weight } = quantise(weights(2 * 96), [2, 96], { bits: 4, symmetric: false })
  const shapes = Object.fromEntries(
    Object.entries(blockTensors(weight)).map(([part, { type, shape }]) => [part, `${type} ${shape}`]),
  )
  expect(shapes).toEqual({ values: 'uint8 2,3,16', scales: 'float32 2,3', zeroPoints: 'uint8 2,2' })
  expect(blockTensors(weight, 'float16').scales.data).toBeInstanceOf(Uint16Array)
  expect(bytesOfBlocks(weight)).toBe(96 + 24 + 4)
  expect(describeBlocks(weight)).toBe('int4 [2, 96] in blocks of 32 (124 bytes)')
})

test('the value farthest from zero keeps its value', () => {
  const floats = weights(32)
  floats[7] = 0.9
  expect(dequantiseBlocks(quantise(floats, [1, 32], { bits: 4 }).weight)[7]).toBeCloseTo(0.9, 6)
})

test.each([
  [
    'blocks that do not fill a row',
    () => quantise(weights(80), [1, 80], { bits: 4, name: 'h.0.w1' }),
    'h.0.w1: 80 inputs cannot be divided into blocks of 32: blocks of 16 would fit',
  ],
  ['rows that no block fills', () => quantise(weights(50), [1, 50], { bits: 4 }), 'leave this weight as floats'],
  [
    'blocks of odd size',
    () => quantise(weights(96), [1, 96], { bits: 4, blockSize: 48 }),
    'the block size 48 is not a power of two',
  ],
  [
    'another shape',
    () => quantise(weights(96), [3, 33], { bits: 4 }),
    '[3, 33] is not the shape of a weight [out, in] of 96 values',
  ],
  [
    'NaN',
    () => quantise(weights(96).fill(Number.NaN, 70, 71), [3, 32], { bits: 4, name: 'w' }),
    'w: the value at [2, 6] is NaN',
  ],
  [
    'infinity',
    () => quantise(weights(96).fill(-Infinity, 5, 6), [3, 32], { bits: 8, symmetric: false }),
    'the value at [0, 5] is -Infinity',
  ],
  [
    'scales beyond float16',
    () => quantise(weights(32).fill(1e7), [1, 32], { bits: 4, scaleType: 'float16' }),
    'a scale is too large for float16',
  ],
])('refuses %s', (_, act, message) => {
  expect(act).toThrow(message)
})
