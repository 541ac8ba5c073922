/** One process: the arithmetic of AdamW, clipping, accumulation, and memory that sessions use in place. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openCheckpoint } from '../../../src/checkpoint/index.ts'
import { add, compile, input, mul } from '../../../src/graph/index.ts'
import { EngineMemoryError, openRuntime, tensorValue } from '../../../src/runtime/node.ts'
import { ARENA_BYTES } from '../../../src/train/optimiser/arenaPlan.ts'
import { type AdamWOptions, Optimiser } from '../../../src/train/optimiser/optimiser.ts'
import { singleProcess } from '../../../src/train/parallel/processes.ts'
import { read } from '../../checkout.ts'
import { fillGradients, numbers, optimiserOf, options, train, trained, valuesOf } from './numbers.ts'

interface Case {
  readonly name: string
  readonly options: AdamWOptions
  readonly parameters: readonly { shape: number[]; rate: number; decays: boolean; values: number[] }[]
  readonly steps: readonly { learningRate: number; gradients: number[][]; norm: number; parameters: number[][] }[]
}

const cases = JSON.parse(read('test/fixtures/train/optimiser/adamw.json')) as Case[]

const one = (length: number, changes: Partial<AdamWOptions> = {}) =>
  optimiserOf([{ name: 'x', shape: [length], rate: 1, decays: true }], changes)

describe('a step of AdamW is that of PyTorch', () => {
  test.each(cases)('$name', async ({ options, parameters, steps }) => {
    const name = (i: number) => `parameter ${i}`
    const optimiser = new Optimiser(
      parameters.map((parameter, i) => ({ ...parameter, name: name(i) })),
      options,
    )
    parameters.forEach(({ values }, i) => {
      optimiser.parameters[name(i)]!.data.set(values)
    })
    for (const step of steps) {
      step.gradients.forEach((values, i) => {
        optimiser.gradients[`d.${name(i)}`]!.data.set(values)
      })
      const { norm, clipped, applied } = await optimiser.step(step.learningRate)
      expect(norm / step.norm).toBeCloseTo(1, 6)
      expect({ clipped, applied }).toEqual({ clipped: options.clip > 0 && step.norm > options.clip, applied: true })
      step.parameters.forEach((values, i) => {
        const found = optimiser.parameters[name(i)]!.data
        values.forEach((value, j) => {
          expect(Math.abs(found[j]! - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)))
        })
      })
    }
  })
})

const lengths = [1, 3, 16, 17, 1023, 1025, 2 ** 20 + 5]

/** All in one memory, and each tensor by itself. */
const memories = [ARENA_BYTES, 1]

test.each(lengths.flatMap(n => memories.map(arenaBytes => [n, arenaBytes] as const)))(
  '%i numbers: every one is moved, and none beside them (memories of %s bytes)',
  async (n, arenaBytes) => {
    const optimiser = optimiserOf(
      ['before', 'x', 'after'].map(name => ({ name, shape: [name === 'x' ? n : 1], rate: 1, decays: true })),
      { clip: 0 },
      singleProcess,
      arenaBytes,
    )
    const before = optimiser.parameters['x']!.data.slice()
    const gradient = optimiser.gradients['d.x']!.data
    gradient.set(numbers(7, n).map(value => value || 1))
    await optimiser.step(0.25)
    const after = optimiser.parameters['x']!.data
    // The first step moves by the learning rate, against the gradient's sign.
    let worst = 0
    for (let i = 0; i < n; i++) {
      const g = gradient[i]!
      const expected = before[i]! * (1 - 0.25 * 0.05) - (0.25 * g) / (Math.abs(g) + 1e-6)
      worst = Math.max(worst, Math.abs(after[i]! - expected))
    }
    expect(worst).toBeLessThan(1e-6)
    for (const name of ['before', 'after']) {
      const start = numbers(name === 'before' ? 1 : 3, 1)[0]!
      expect(optimiser.parameters[name]!.data[0]).toBeCloseTo(start * (1 - 0.25 * 0.05), 6)
    }
  },
)

test('the norm is exact for millions of equal numbers, where float32 sums go astray', async () => {
  const optimiser = one(3_000_001)
  optimiser.gradients['d.x']!.data.fill(0.1)
  const { norm } = await optimiser.step(0)
  expect(norm / (Math.fround(0.1) * Math.sqrt(3_000_001))).toBeCloseTo(1, 12)
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'one gradient of %d changes nothing',
  async bad => {
    const [tried, never] = [optimiserOf(), optimiserOf()]
    await train(tried, 0, 2)
    await train(never, 0, 2)
    fillGradients(tried, 5)
    tried.gradients['d.layer.0.bias']!.data[2] = bad
    const { norm, applied, clipped } = await tried.step(1e-2)
    expect(Number.isFinite(norm)).toBe(false)
    expect({ applied, clipped, steps: tried.steps }).toEqual({ applied: false, clipped: false, steps: 2 })
    await train(tried, 2, 4)
    await train(never, 2, 4)
    expect(valuesOf(tried)).toEqual(valuesOf(never))
  },
)

test('with gradients that are all 0, parameters only decay, as in PyTorch', async () => {
  const optimiser = optimiserOf([{ name: 'w', shape: [3], rate: 1, decays: true }], { decay: 0.5 })
  optimiser.parameters['w']!.data.set([1, -2, 3])
  expect(await optimiser.step(0.1)).toEqual({ norm: 0, clipped: false, applied: true })
  const kept = Math.fround(0.95)
  expect([...optimiser.parameters['w']!.data]).toEqual([1, -2, 3].map(value => Math.fround(value * kept)))
})

test('the same numbers twice give the same bits', async () => {
  const [a, b] = [optimiserOf(), optimiserOf()]
  expect(await train(a, 0, 5)).toEqual(await train(b, 0, 5))
  expect(valuesOf(a)).toEqual(valuesOf(b))
})

test('parts that are accumulated count as their sum, also in the steps that follow', async () => {
  const [whole, inParts] = [optimiserOf(), optimiserOf()]
  for (let step = 0; step < 3; step++) {
    const parts = [3, 1, 2][step]!
    fillGradients(whole, step, 0, 1)
    for (let part = 0; part < parts; part++) {
      fillGradients(inParts, step, part, parts)
      inParts.accumulate()
    }
    expect(await inParts.step(1e-2)).toEqual(await whole.step(1e-2))
  }
  expect(valuesOf(inParts)).toEqual(valuesOf(whole))
})

test('cleared gradients are all 0', async () => {
  const optimiser = optimiserOf()
  fillGradients(optimiser, 1)
  optimiser.clear()
  expect((await optimiser.step(1)).norm).toBe(0)
})

test('moments that fade away end at 0, not among the numbers that are slow to compute with', async () => {
  const optimiser = one(2, { beta1: 0.75, beta2: 0.75, clip: 0 })
  const { data } = optimiser.gradients['d.x']!
  data.set([1, 1])
  await optimiser.step(1e-3)
  data.set([0, 1])
  for (let i = 1; i < 64 * 6; i++) await optimiser.step(1e-3)
  const folder = await mkdtemp(join(tmpdir(), 'qwen-vl-optimiser-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await using state = await openCheckpoint(join(folder, await optimiser.saveState(folder)))
  for (const moment of ['first', 'second']) {
    const [faded, lasting] = await state.get(`${moment}.x@0`).readAs('float32')
    expect(faded).toBe(0)
    expect(lasting).toBeCloseTo(1, 6)
  }
})

test.each(memories)('a session reads and fills the tensors where they lie, in memories of %s bytes', async bytes => {
  await using runtime = await openRuntime({ thread: 'caller' })
  const n = 1003
  const optimiser = optimiserOf(
    ['a', 'b'].map(name => ({ name, shape: [n], rate: 1, decays: false })),
    { clip: 0 },
    singleProcess,
    bytes,
  )
  const [a, b] = [input('a', 'float32', [n]), input('b', 'float32', [n])]
  // The gradient of the sum of (a · b + a · factor).
  const session = await runtime.openSession(
    compile({ 'd.a': add(b, input('factor', 'float32', [1])), 'd.b': mul(a, 1) }),
  )
  const factor = tensorValue('float32', [1], [2])
  for (let step = 0; step < 3; step++) {
    const answer = await session.run({ ...optimiser.parameters, factor }, { into: optimiser.gradients })
    const { a, b } = optimiser.parameters
    expect(answer['d.a']!.data).toBe(optimiser.gradients['d.a']!.data)
    expect(optimiser.gradients['d.a']!.data).toEqual(b!.data.map(value => value + 2))
    expect(optimiser.gradients['d.b']!.data).toEqual(a!.data)
    await optimiser.step(1e-2)
  }
  expect(optimiser.parameters['a']!.data).not.toEqual(numbers(1, n))
})

test('every tensor begins on a cache line', () => {
  const { parameters, gradients } = optimiserOf()
  for (const { data } of [...Object.values(parameters), ...Object.values(gradients)])
    expect(data.byteOffset % 64).toBe(0)
})

test.each([
  ['beta1 is 1', { beta1: 1 }],
  ['beta2 is -0.1', { beta2: -0.1 }],
  ['epsilon is 0', { epsilon: 0 }],
  ['decay is NaN', { decay: Number.NaN }],
  ['clip is -1', { clip: -1 }],
])('%s: refused', (message, changes) => {
  expect(() => optimiserOf(trained, changes)).toThrow(message)
})

test('parameters that make no sense are refused by name', async () => {
  const x = { name: 'x', shape: [2], rate: 1, decays: true }
  expect(() => optimiserOf([x, x])).toThrow('"x" is to be trained twice')
  expect(() => optimiserOf([{ ...x, rate: -1 }])).toThrow('the learning rate of "x" has the factor -1')
  expect(() => optimiserOf([{ ...x, shape: [2.5] }])).toThrow('"x" has the shape [2.5]')
  await expect(optimiserOf([x]).step(Number.NaN)).rejects.toThrow('the learning rate is NaN')
})

test('a tensor for which there is no memory is named, with what it would take', () => {
  const huge = { name: 'huge', shape: [2 ** 24, 2 ** 24], rate: 1, decays: true }
  const attempt = () => new Optimiser([...trained, huge], options)
  expect(attempt).toThrow(EngineMemoryError)
  expect(attempt).toThrow(
    /\d TB for the values, gradients and moments of "huge" \(.*\): train fewer parameters, or use more processes/,
  )
})
