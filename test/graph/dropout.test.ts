/** Dropout is random in every way that matters, and the same wherever the seed is the same. */
import { describe, expect, test } from 'vitest'
import * as graph from '../../src/graph/index.ts'
import { evaluate, useEngine } from './engine.ts'
import { numbers, type Values } from './instance.ts'

useEngine()

const COUNT = 1 << 16

/** Which elements are kept, for some seeds and streams; the input is ones. */
async function kept(probability: number, seeds: readonly number[], streams: readonly number[] = [0], count = COUNT) {
  const x = graph.filled(1, [count])
  const outputs: Record<string, graph.Tensor> = {}
  const feeds: Record<string, Values[string]> = {}
  seeds.forEach((seed, i) => {
    const tensor = graph.input(`seed${i}`, 'int64', [])
    feeds[`seed${i}`] = { type: 'int64', shape: [], data: BigInt64Array.of(BigInt(seed)) }
    for (const stream of streams) outputs[`y${i}.${stream}`] = graph.dropout(x, probability, tensor, stream)
  })
  const values = await evaluate(graph.compile(outputs), feeds)
  return Object.keys(outputs).map(name => numbers(values[name]!))
}

/** How far the share of ones may be from p: five standard deviations of a fair draw, one in two million. */
const allowed = (p: number, count: number) => 5 * Math.sqrt((p * (1 - p)) / count)

const share = (list: readonly number[], holds: (value: number, i: number) => boolean) =>
  list.filter(holds).length / list.length

describe('each element is kept with the probability asked for', () => {
  test.each([0.1, 0.25, 0.5, 0.9])('%s', async probability => {
    const all = await kept(probability, [0, 1, 2, 12345, -1])
    for (const mask of all) {
      const rate = share(mask, value => value !== 0)
      expect(Math.abs(rate - (1 - probability))).toBeLessThan(allowed(probability, COUNT))
    }
  })

  test('and scaled to keep the mean', async () => {
    const [mask] = await kept(0.3, [9])
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.7)]))
    const mean = mask!.reduce((sum, value) => sum + value, 0) / COUNT
    expect(Math.abs(mean - 1)).toBeLessThan(allowed(0.3, COUNT) / 0.7)
  })
})

/** The share of places where both keep or both drop; ½ for masks of probability ½ that know nothing of each other. */
const agreement = (a: readonly number[], b: readonly number[]) => share(a, (value, i) => (value !== 0) === (b[i] !== 0))

const expectIndependent = (a: readonly number[], b: readonly number[]) =>
  expect(Math.abs(agreement(a, b) - 0.5)).toBeLessThan(allowed(0.5, a.length))

describe('masks know nothing', () => {
  test('of those of other seeds', async () => {
    const masks = await kept(0.5, [0, 1, 2, 3, 1000, 1001, -1])
    masks.forEach((mask, i) => {
      for (const other of masks.slice(i + 1)) expectIndependent(mask, other)
    })
  })

  test('of those of other streams', async () => {
    const masks = await kept(0.5, [7], [0, 1, 2, 3, 4, 31, 32])
    masks.forEach((mask, i) => {
      for (const other of masks.slice(i + 1)) expectIndependent(mask, other)
    })
  })

  test('of other streams of other seeds, whichever way the numbers add up', async () => {
    const masks = await kept(0.5, [4, 5, 6], [0, 1, 2])
    masks.forEach((mask, i) => {
      for (const other of masks.slice(i + 1)) expectIndependent(mask, other)
    })
  })

  test.each([1, 2, 3, 4, 7, 64, 256, 1024, 4096])('of themselves %i elements on', async shift => {
    for (const mask of await kept(0.5, [3, 4])) expectIndependent(mask.slice(0, -shift), mask.slice(shift))
  })
})

describe('the mask', () => {
  test('is the same for the same seed', async () => {
    const [a, b] = await kept(0.5, [77, 77])
    expect(a).toEqual(b)
  })

  test('is the same in graphs that were built apart', async () => {
    const [a] = await kept(0.5, [77])
    const [b] = await kept(0.5, [77])
    expect(a).toEqual(b)
  })

  test('depends on the position of an element and not on the shape', async () => {
    const x = graph.filled(1, [6, 4])
    const seed = graph.constant(3, [], 'int64')
    const flat = graph.dropout(graph.flatten(x), 0.5, seed)
    const { a, b } = await evaluate(graph.compile({ a: graph.dropout(x, 0.5, seed), b: flat }))
    expect(numbers(a!)).toEqual(numbers(b!))
  })

  test.each([
    ['plain', <Result>(build: () => Result) => build()],
    ['recomputed', graph.recompute],
  ])('is the same in the gradient (%s)', async (_, wrap) => {
    const x = graph.input('x', 'float32', [512])
    const seed = graph.input('seed', 'int64', [])
    const y = wrap(() => graph.dropout(graph.exp(x), 0.5, seed))
    const [slope] = graph.gradient(graph.sum(y), [x])
    const values = await evaluate(graph.compile({ y, slope: slope! }), {
      x: { type: 'float32', shape: [512], data: new Float32Array(512) },
      seed: { type: 'int64', shape: [], data: BigInt64Array.of(5n) },
    })
    expect(numbers(values['slope']!)).toEqual(numbers(values['y']!))
    expect(new Set(numbers(values['y']!))).toEqual(new Set([0, 2]))
  })
})

test('a probability of 0 leaves the tensor as it is', () => {
  const x = graph.input('x', 'float32', [4])
  expect(graph.dropout(x, 0, graph.constant(0, [], 'int64'))).toBe(x)
})
