/** The objective of contrastive training: gradients in one piece, in parts and over processes; and that it learns. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AdamW } from '../../../examples/adamw.ts'
import { seededRandom } from '../../../src/generate/sampling.ts'
import { contrastiveShapes, LARGEST_LOGIT_SCALE, LOGIT_SCALE, parseConfig } from '../../../src/model/index.ts'
import { openRuntime, type Runtime, type TensorValue, tensorValue } from '../../../src/runtime/node.ts'
import type { Pair, PairStep } from '../../../src/train/data/pairLoader.ts'
import { ContrastiveObjective, type ContrastiveObjectiveOptions } from '../../../src/train/objective/contrastive.ts'
import { initialContrastive } from '../../../src/train/objective/contrastiveModel.ts'
import { largestDifference } from '../../golden.ts'
import { contrastiveCase } from './contrastiveCase.ts'
import { togetherProcesses } from './together.ts'

let runtime: Runtime
beforeAll(async () => {
  runtime = await openRuntime({ thread: 'caller' })
})
afterAll(() => runtime.dispose())

type Values = Record<string, TensorValue<'float32'>>

/** What an optimiser keeps for an objective: parameters, gradients, and their sum over parts. */
class Memory {
  readonly parameters: Values
  readonly gradients: Values
  readonly #sums = new Map<string, Float32Array>()

  constructor(parameters: Values) {
    const entries = Object.entries(parameters)
    this.parameters = Object.fromEntries(
      entries.map(([name, { shape, data }]) => [name, tensorValue('float32', shape, data.slice())]),
    )
    // What is not filled in is told apart from zeros.
    this.gradients = Object.fromEntries(
      entries.map(([name, { shape, data }]) => [
        `d.${name}`,
        tensorValue('float32', shape, new Float32Array(data.length).fill(Number.NaN)),
      ]),
    )
  }

  accumulate(): void {
    for (const [name, { data }] of Object.entries(this.gradients)) {
      const sum = this.#sums.get(name)
      this.#sums.set(name, sum ? sum.map((value, i) => value + (data[i] as number)) : data.slice())
    }
  }

  gradient(name: string): Float32Array {
    return this.#sums.get(name) ?? (this.gradients[name]?.data as Float32Array)
  }
}

/** The five pairs of the reference, in parts of the given sizes. */
async function referenceStep(...sizes: number[]): Promise<PairStep> {
  const { expected, texts, size } = await contrastiveCase()
  const each = 3 * size * size
  const pairs = texts.map(
    (text, i): Pair => ({
      id: `pair ${i}`,
      task: 'caption',
      key: `picture ${i}`,
      pixels: expected('pixels').data.slice(i * each, (i + 1) * each),
      text,
      counts: true,
    }),
  )
  return stepOf(cut(pairs, sizes))
}

function stepOf(batches: readonly (readonly Pair[])[]): PairStep {
  const samples = batches.flat().length
  return { batches, samples, tokens: 2 * samples, epoch: 0, position: null }
}

function cut<Item>(items: readonly Item[], sizes: readonly number[]): Item[][] {
  const left = [...items]
  return sizes.map(size => left.splice(0, size))
}

type Extra = Partial<Omit<ContrastiveObjectiveOptions, 'runtime' | 'memory'>>

async function openReference(extra: Extra = {}) {
  const { config, contrastive, size, parameters } = await contrastiveCase()
  const { trained = Object.keys(parameters) } = extra
  const memory = new Memory(Object.fromEntries(trained.map(name => [name, parameters[name]!])))
  const load: ContrastiveObjectiveOptions['load'] = async wanted =>
    Object.fromEntries(wanted.map(({ name }) => [name, parameters[name]!]))
  const objective = await ContrastiveObjective.open({
    runtime,
    config,
    contrastive,
    size,
    memory,
    load,
    ...extra,
    trained,
  })
  return { objective, memory, trained }
}

async function expectReferenceGradients(memories: readonly Memory[]): Promise<void> {
  const { gradients } = await contrastiveCase()
  for (const [name, { data }] of gradients) {
    const parts = memories.map(memory => memory.gradient(name))
    const sum = data.map((_, i) => parts.reduce((total, part) => total + (part[i] as number), 0))
    const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const bound = Math.max(2e-5 * largest, 1e-6)
    expect([name, largestDifference(sum, data) < bound]).toEqual([name, true])
  }
}

describe('the gradients of a step are those of PyTorch', () => {
  test.each([
    ['in one piece', [5]],
    ['in two parts', [3, 2]],
    ['in five parts', [1, 1, 1, 1, 1]],
    ['when a part is empty', [0, 2, 3]],
  ])('%s', async (_, sizes) => {
    const { objective, memory } = await openReference()
    await using _objective = objective
    await objective.gradients(await referenceStep(...sizes), 1)
    await expectReferenceGradients([memory])
  })

  test('when activations are computed twice', async () => {
    const { objective, memory } = await openReference({ recompute: true })
    await using _objective = objective
    await objective.gradients(await referenceStep(5), 1)
    await expectReferenceGradients([memory])
  })

  test('when few similarities are held at one time', async () => {
    const { objective, memory } = await openReference({ similarities: 10 })
    await using _objective = objective
    await objective.gradients(await referenceStep(3, 2), 1)
    await expectReferenceGradients([memory])
  })

  test('when there are pairs in it that do not count', async () => {
    const { objective, memory } = await openReference()
    await using _objective = objective
    const [batch = []] = (await referenceStep(5)).batches
    const grey = { ...batch[0]!, id: '', counts: false, text: [20] }
    const losses = await objective.gradients(stepOf([[grey, ...batch.slice(0, 2), grey, ...batch.slice(2)]]), 1)
    expect(losses.map(({ id }) => id)).toEqual(batch.map(({ id }) => id))
    await expectReferenceGradients([memory])
  })

  test.each([
    ['two processes', [[[3], [2]]]],
    ['three processes, one of which has nothing', [[[2], [], [3]]]],
    [
      'two processes with two parts each',
      [
        [
          [2, 1],
          [1, 1],
        ],
      ],
    ],
  ])('over %s', async (_, [division]) => {
    const all = (await referenceStep(5)).batches.flat()
    const groups = togetherProcesses(division!.length)
    const opened = await Promise.all(groups.map(processes => openReference({ processes })))
    const owns = cut(
      all,
      division!.map(sizes => sizes.reduce((a, b) => a + b, 0)),
    )
    const losses = await Promise.all(
      opened.map(({ objective }, rank) => objective.gradients(stepOf(cut(owns[rank]!, division![rank]!)), 1)),
    )
    await expectReferenceGradients(opened.map(({ memory }) => memory))
    const { loss } = await contrastiveCase()
    expect(mean(losses.flat())).toBeCloseTo(loss, 5)
    for (const { objective } of opened) await objective.dispose()
  })
})

describe('the losses of a step', () => {
  test.each([
    ['in one piece', [5]],
    ['in parts', [2, 2, 1]],
  ])('are those of PyTorch %s, with and without gradients', async (_, sizes) => {
    const { expected, loss } = await contrastiveCase()
    const { objective } = await openReference()
    await using _objective = objective
    const step = await referenceStep(...sizes)
    for (const losses of [await objective.gradients(step, 1), await objective.losses(step)]) {
      expect(mean(losses)).toBeCloseTo(loss, 5)
      const pairs = expected('masked.images').data.map(
        (value, i) => value + (expected('masked.texts').data[i] as number),
      )
      expect(
        largestDifference(
          Float32Array.from(losses, ({ sum }) => sum),
          pairs,
        ),
      ).toBeLessThan(4e-5)
      expect(losses[3]).toMatchObject({ id: 'pair 3', task: 'caption', tokens: 2 })
    }
  })

  test('do not hold a picture that comes twice against its other text', async () => {
    const { objective } = await openReference()
    await using _objective = objective
    const [batch = []] = (await referenceStep(5)).batches
    const [first, second] = batch as [Pair, Pair]
    const twins = [first, { ...second, key: first.key, pixels: first.pixels! }]
    expect(mean(await objective.losses(stepOf([twins])))).toBeLessThan(1e-6)
    const apart = [first, { ...second, pixels: first.pixels! }]
    expect(mean(await objective.losses(stepOf([apart])))).toBeGreaterThan(0.5)
  })
})

describe('a step', () => {
  test('changes the loss by what the gradients say', async () => {
    const { objective, memory } = await openReference()
    await using _objective = objective
    const step = await referenceStep(3, 2)
    await objective.gradients(step, 1)
    const random = seededRandom(5)
    const directions = Object.entries(memory.parameters).map(
      ([name, { data }]) => [name, data.map(() => random() - 0.5)] as const,
    )
    const slope = directions.reduce(
      (total, [name, direction]) =>
        total + direction.reduce((sum, value, i) => sum + value * (memory.gradient(`d.${name}`)[i] as number), 0),
      0,
    )
    const move = (by: number) => {
      for (const [name, direction] of directions) {
        const { data } = memory.parameters[name]!
        direction.forEach((value, i) => {
          data[i] = (data[i] as number) + by * value
        })
      }
    }
    const h = 1e-3
    move(h)
    const above = mean(await objective.losses(step))
    move(-2 * h)
    const below = mean(await objective.losses(step))
    expect((above - below) / (2 * h) / slope).toBeCloseTo(1, 2)
  })

  test.each([
    ['in one piece', [5]],
    ['in parts', [3, 2]],
  ])('%s gives gradients of what is trained, and leaves the rest', async (_, sizes) => {
    const { gradients, parameters } = await contrastiveCase()
    const trained = Object.keys(parameters).filter(
      name => !name.startsWith('transformer.visual') && name !== LOGIT_SCALE,
    )
    const { objective, memory } = await openReference({ trained })
    await using _objective = objective
    await objective.gradients(await referenceStep(...sizes), 1)
    for (const name of trained)
      expect(largestDifference(memory.gradient(`d.${name}`), gradients.get(`d.${name}`)!.data)).toBeLessThan(1e-4)
  })

  test('never uses a logit scale above log 100', async () => {
    const { objective, memory } = await openReference()
    await using _objective = objective
    memory.parameters[LOGIT_SCALE]!.data[0] = 7
    await objective.gradients(await referenceStep(5), 1)
    expect(memory.parameters[LOGIT_SCALE]!.data[0]).toBe(Math.fround(LARGEST_LOGIT_SCALE))
  })

  test.each([
    ['a text of too many tokens', { text: Array<number>(9).fill(1) }, 'pair 0 has 9 tokens, the text tower takes 8'],
    ['an empty text', { text: [] }, 'pair 0 has an empty text'],
    ['a token that does not exist', { text: [30] }, 'has token 30, the vocabulary ends at 29'],
    ['a picture of another size', { pixels: new Float32Array(12) }, 'has 12 values, 12×12 pixels make 432'],
  ])('with %s is refused with the numbers', async (_, wrong, message) => {
    const { objective } = await openReference()
    await using _objective = objective
    const [batch = []] = (await referenceStep(5)).batches
    await expect(objective.gradients(stepOf([[{ ...batch[0]!, ...wrong }]]), 1)).rejects.toThrow(message)
  })

  test('cannot train what is not there', async () => {
    const { config, contrastive, size, parameters } = await contrastiveCase()
    const options = { runtime, config, contrastive, size, memory: new Memory(parameters), load: async () => ({}) }
    await expect(ContrastiveObjective.open({ ...options, trained: ['lm_head.weight'] })).rejects.toThrow(
      'lm_head.weight is to be trained, but contrastive training does not use it',
    )
  })
})

describe('the first values', () => {
  test('are drawn by width and depth, from the seed and the name alone', async () => {
    const { config } = await contrastiveCase()
    const contrastive = { width: 64, layers: 8, heads: 4, context: 64, dimension: 128 }
    const wide = { ...config, vocab_size: 300, visual: { ...config.visual, width: 64 } }
    const shapes = contrastiveShapes(wide, contrastive)
    const draw = (name: string, seed = 1) => initialContrastive(name, shapes.get(name)!, wide, contrastive, seed)
    const text = 'contrastive.text'
    const block = `${text}.transformer.resblocks.3`
    const expected: Record<string, number> = {
      [`${text}.token_embedding.weight`]: 0.02,
      [`${text}.positional_embedding`]: 0.01,
      [`${block}.attn.in_proj_weight`]: 1 / 8,
      [`${block}.attn.out_proj.weight`]: 1 / 32,
      [`${block}.mlp.c_fc.weight`]: 1 / Math.sqrt(128),
      [`${block}.mlp.c_proj.weight`]: 1 / 32,
      [`${text}.text_projection`]: 1 / 8,
      'contrastive.image.proj': 1 / 8,
      'transformer.visual.positional_embedding': 1 / 8,
    }
    for (const [name, deviation] of Object.entries(expected)) {
      const values = draw(name)
      const found = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
      expect([name, Math.abs(found / deviation - 1) < 0.05]).toEqual([name, true])
      expect(largestDifference(draw(name), values)).toBe(0)
      expect(largestDifference(draw(name, 2), values)).toBeGreaterThan(deviation)
    }
    expect(draw(`${block}.ln_1.weight`)[7]).toBe(1)
    expect(draw(`${block}.mlp.c_fc.bias`)[7]).toBe(0)
    expect(draw(LOGIT_SCALE)).toEqual(Float32Array.of(Math.log(1 / 0.07)))
  })
})

test('colours find their words, and words their colours, after a few steps', async () => {
  const { json } = await contrastiveCase()
  const config = parseConfig(json)
  const contrastive = { width: 16, layers: 1, heads: 2, context: 4, dimension: 16 }
  const shapes = contrastiveShapes(config, contrastive)
  const first = [...shapes].map(
    ([name, shape]) =>
      [name, tensorValue('float32', shape, initialContrastive(name, shape, config, contrastive, 3))] as const,
  )
  const memory = new Memory(Object.fromEntries(first))
  const size = config.visual.image_size
  const trained = [...shapes.keys()]
  const options = { runtime, config, contrastive, size, memory, trained, load: async () => ({}) }
  await using objective = await ContrastiveObjective.open(options)
  const random = seededRandom(11)
  const colours = Array.from({ length: 8 }, (_, i) => [i & 1, (i >> 1) & 1, i >> 2])
  const draw = () =>
    colours.map((colour, i): Pair => {
      const pixels = Float32Array.from(
        { length: 3 * size * size },
        (_, at) => 2 * (colour[Math.floor(at / (size * size))] as number) - 1 + 0.5 * (random() - 0.5),
      )
      return { id: `${i}`, task: 'caption', key: `${random()}`, pixels, text: [i, 20], counts: true }
    })
  const optimiser = new AdamW()
  const all = (values: Values, prefix = '') =>
    new Map(Object.entries(values).map(([name, { data }]) => [name.slice(prefix.length), data]))
  const before = await objective.examine(stepOf([draw()]))
  for (let step = 0; step < 60; step++) {
    await objective.gradients(stepOf([draw()]), step)
    optimiser.step(all(memory.parameters), all(memory.gradients, 'd.'), 3e-3)
  }
  const { losses, retrieval } = await objective.examine(stepOf([draw()]))
  expect(retrieval).toEqual({ pairs: 8, imageToText: 8, textToImage: 8 })
  expect(before.retrieval.imageToText).toBeLessThan(8)
  expect(mean(losses)).toBeLessThan(0.2)
})

const mean = (losses: readonly { readonly sum: number; readonly tokens: number }[]): number =>
  losses.reduce((total, { sum }) => total + sum, 0) / losses.reduce((total, { tokens }) => total + tokens, 0)
