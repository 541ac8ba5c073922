/** One layer: GPTQ against its definition in PyTorch, and against rounding to the nearest. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dequantiseBlocks } from '../../../src/checkpoint/blocks.ts'
import { quantise } from '../../../src/checkpoint/index.ts'
import { openRuntime, type Runtime } from '../../../src/runtime/node.ts'
import { factorise } from '../../../src/train/quantise/factor.ts'
import { quantiseLayer } from '../../../src/train/quantise/layer.ts'
import { Product } from '../../../src/train/quantise/product.ts'
import { solve } from '../../../src/train/quantise/solve.ts'
import { read } from '../../checkout.ts'

let runtime: Runtime
let product: Product
beforeAll(async () => {
  runtime = await openRuntime({ thread: 'caller', threads: 1 })
  product = await Product.open(runtime)
})
afterAll(() => runtime.dispose())

interface Fixture {
  readonly out: number
  readonly width: number
  readonly rows: number
  readonly group: number
  readonly weights: string
  readonly inputs: string
  readonly cases: readonly {
    readonly activationOrder: boolean
    readonly order: number[]
    readonly integers: number[]
    readonly scales: number[]
    readonly error: number
  }[]
}
const fixture: Fixture = JSON.parse(read('test/fixtures/train/quantise/layer.json'))
const floats = (base64: string) => new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer)

/** ‖V X‖ of V [out, in] and inputs [rows, in]. */
function outputNorm(matrix: Float32Array, inputs: Float32Array, width: number): number {
  let sum = 0
  for (let row = 0; row < inputs.length; row += width) {
    for (let o = 0; o < matrix.length; o += width) {
      let dot = 0
      for (let i = 0; i < width; i++) dot += matrix[o + i]! * inputs[row + i]!
      sum += dot * dot
    }
  }
  return Math.sqrt(sum)
}

const minus = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - b[i]!)
const inTurn = (count: number) => Int32Array.from({ length: count }, (_, i) => i)

describe.each(fixture.cases)('with activation order $activationOrder', ({ order, integers, scales, error }) => {
  const { out, width, group, rows } = fixture
  const [weights, inputs] = [floats(fixture.weights), floats(fixture.inputs)]

  test('integers and scales are those of the reference in float64', async () => {
    const moments = await product.of(inputs, inputs, rows)
    const factor = await factorise(moments, 'layer', product, { damping: 0.01, order: Int32Array.from(order) })
    const { blocks } = await solve(weights, { in: width, out }, factor, product, { name: 'layer', group })
    const found = integers.map((_, i) => (blocks.values[i >> 1]! >> (4 * (i & 1))) & 15)
    // One value on the border between two integers may fall to the other side, and changes those after it in its row.
    const differing = found.filter((integer, i) => integer !== integers[i]).length
    expect(differing).toBeLessThanOrEqual(width / 50)
    blocks.scales.forEach((scale, i) => {
      expect(Math.abs(scale - scales[i]!)).toBeLessThanOrEqual(2e-3 * Math.abs(scales[i]!))
    })
    expect(outputNorm(minus(weights, dequantiseBlocks(blocks)), inputs, width) / error).toBeCloseTo(1, 2)
  })
})

const layers = fc
  .record({
    out: fc.integer({ min: 1, max: 12 }),
    groups: fc.integer({ min: 1, max: 10 }),
    group: fc.constantFrom(16, 32, 256),
    rows: fc.integer({ min: 1, max: 60 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .filter(({ groups, group }) => groups * group <= 512)

/** Random numbers around 0, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

test('outputs are never farther off than with rounding to the nearest', async () => {
  await fc.assert(
    fc.asyncProperty(layers, async ({ out, groups, group, rows, seed }) => {
      const width = groups * group
      const draw = random(seed)
      const weights = Float32Array.from({ length: out * width }, draw)
      const inputs = new Float32Array(rows * width)
      for (let i = 0; i < inputs.length; i++) inputs[i] = 0.7 * (inputs[i - 1] ?? 0) + draw()
      const moments = await product.of(inputs, inputs, rows)
      const factor = await factorise(moments, 'layer', product, { damping: 0.01, order: inTurn(width) })
      const size = { in: width, out }
      const made = await quantiseLayer(weights, size, { factor, product }, { name: 'layer', group })
      const off = (quantised: Float32Array) => outputNorm(minus(weights, quantised), inputs, width)
      const { errors } = made
      expect(errors.outputs).toBeLessThanOrEqual(errors.nearest!)
      // The errors count the damping as data, which these norms do not.
      expect(off(made.floats)).toBeLessThan(1.1 * off(made.nearest))
      expect(made.floats).toEqual(dequantiseBlocks(made.blocks))
    }),
    { numRuns: 30 },
  )
})

test('where inputs say nothing of each other, it is rounding to the nearest, integer for integer', async () => {
  await fc.assert(
    fc.asyncProperty(layers, async ({ out, groups, group, seed }) => {
      const width = groups * group
      const draw = random(seed)
      const weights = Float32Array.from({ length: out * width }, draw)
      const identity = new Float32Array(width * width)
      for (let i = 0; i < width; i++) identity[i * width + i] = 1
      const factor = await factorise(identity, 'layer', product, { damping: 0.01, order: inTurn(width) })
      const { blocks } = await solve(weights, { in: width, out }, factor, product, { name: 'layer', group })
      const options = { bits: 4, blockSize: group, scaleType: 'float16' } as const
      expect(blocks).toEqual(quantise(weights, [out, width], options).weight)
    }),
    { numRuns: 20 },
  )
})

test('inputs that were always zero leave the others as they are, and are rounded to the nearest', async () => {
  const [width, out, rows] = [64, 3, 50]
  const draw = random(7)
  const weights = Float32Array.from({ length: out * width }, draw)
  const inputs = Float32Array.from({ length: rows * width }, (_, i) => (i % width < 32 ? draw() : 0))
  const moments = await product.of(inputs, inputs, rows)
  const factor = await factorise(moments, 'layer', product, { damping: 0.01, order: inTurn(width) })
  const { blocks } = await solve(weights, { in: width, out }, factor, product, { name: 'layer', group: 32 })
  const plain = quantise(weights, [out, width], { bits: 4, blockSize: 32, scaleType: 'float16' }).weight
  const dead = (values: Float32Array) => values.filter((_, i) => i % width >= 32)
  expect(dead(dequantiseBlocks(blocks))).toEqual(dead(dequantiseBlocks(plain)))
})

test('data that is zero everywhere is rounding to the nearest', async () => {
  const weights = Float32Array.from({ length: 64 }, random(3))
  const factor = await factorise(new Float32Array(32 * 32), 'layer', product, { damping: 0.01, order: inTurn(32) })
  const { blocks } = await solve(weights, { in: 32, out: 2 }, factor, product, { name: 'layer', group: 32 })
  expect(blocks).toEqual(quantise(weights, [2, 32], { bits: 4, blockSize: 32, scaleType: 'float16' }).weight)
})

test('two inputs that are always equal are no obstacle', async () => {
  const inputs = Float32Array.from({ length: 20 * 32 }, (_, i) => Math.sin(Math.floor(i / 32)))
  const moments = await product.of(inputs, inputs, 20)
  const factor = await factorise(moments, 'layer', product, { damping: 0.01, order: inTurn(32) })
  expect(factor.damping).toBe(0.01)
})

test('data that makes NaN is refused with the name of the layer', async () => {
  const moments = new Float32Array(32 * 32).fill(Number.NaN)
  await expect(factorise(moments, 'h.0.w1', product, { damping: 0.01, order: inTurn(32) })).rejects.toThrow(
    /^h\.0\.w1: the model computes values that are no numbers.* on the calibration data$/,
  )
})

test('a factor is the square root of what was factorised', async () => {
  const [width, rows] = [200, 90]
  const inputs = Float32Array.from({ length: rows * width }, random(5))
  const moments = await product.of(inputs, inputs, rows)
  const order = inTurn(width).reverse()
  const factor = await factorise(moments, 'layer', product, { damping: 0.01, order })
  const root = factor.columns(0, width, width)
  let mean = 0
  for (let i = 0; i < width; i++) mean += moments[i * width + i]! / width
  for (let i = 0; i < width; i += 7) {
    for (let j = i; j < width; j += 11) {
      let sum = 0
      for (let k = 0; k < width; k++) sum += root[i * width + k]! * root[j * width + k]!
      const expected = moments[order[i]! * width + order[j]!]! + (i === j ? 0.01 * mean : 0)
      expect(Math.abs(sum - expected)).toBeLessThan(1e-4 * mean)
    }
  }
})
