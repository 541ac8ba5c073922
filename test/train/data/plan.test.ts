/** Order, packing and position: every sample once in each pass, and a stopped run goes on as if it had not stopped. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OpenedSource, Sample, SampleSource } from '../../../src/corpus/index.ts'
import { SourceError } from '../../../src/corpus/index.ts'
import { partsOf } from '../../../src/train/data/assemble.ts'
import { DataError, SampleError } from '../../../src/train/data/index.ts'
import { Packer } from '../../../src/train/data/pack.ts'
import { type PlannedStep, type PlanOptions, StepPlanner } from '../../../src/train/data/plan.ts'

/** A source in memory: shards of so many entries, of which some give several samples or none. */
function memorySource(name: string, lengths: readonly number[], samples = (_: number) => 1): SampleSource {
  return {
    name,
    shards: lengths.length,
    open: async shard => ({
      length: lengths[shard] as number,
      nameOf: entry => `${name}/${shard}/${entry}`,
      close: async () => {},
      read: async entry => {
        const count = samples(entry)
        if (count < 1) throw new SourceError(`${name}/${shard}/${entry}: is bad`)
        return Array.from({ length: count }, (_, part) => made(`${name}/${shard}/${entry}/${part}`, entry))
      },
    }),
  }
}

const made = (id: string, entry: number): Sample => ({
  ...{ id, task: entry % 3 === 0 ? 'odd' : 'even', format: 'raw', pictures: [], turns: [] },
})

/** As many tokens as the name of the sample says, deterministically. */
const encode: PlanOptions['encode'] = ({ id, task }) => {
  const length = 2 + ([...id].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 23)
  return [{ id, task, ids: new Array<number>(length).fill(1), labels: new Array<number>(length).fill(1), pictures: [] }]
}

const weighted = (source: SampleSource, weight = 1): OpenedSource => ({ source, weight })

const idsOf = ({ rows }: PlannedStep) => rows.map(row => row.map(({ id }) => id))

/** All steps up to the end, or so many. */
async function stepsOf(options: PlanOptions, most = Number.POSITIVE_INFINITY): Promise<PlannedStep[]> {
  const planner = new StepPlanner(options)
  const steps: PlannedStep[] = []
  try {
    for (let step = await planner.next(); step !== undefined; step = await planner.next()) {
      if (steps.push(step) >= most) break
    }
    return steps
  } finally {
    await planner.close()
  }
}

const lengthsOfShards = fc.array(fc.nat(9), { minLength: 1, maxLength: 11 }).filter(list => list.some(n => n > 0))
const settings = fc.record({
  sources: fc.array(lengthsOfShards, { minLength: 1, maxLength: 3 }),
  weights: fc.array(fc.constantFrom(0.5, 1, 3), { minLength: 3, maxLength: 3 }),
  packing: fc.constantFrom('same-task' as const, 'mixed' as const, 'none' as const),
  batch: fc.integer({ min: 1, max: 7 }),
  seed: fc.nat(),
  epochs: fc.integer({ min: 1, max: 3 }),
})

const optionsOf = ({
  sources,
  weights,
  ...rest
}: typeof settings extends fc.Arbitrary<infer Value> ? Value : never) => ({
  ...{ encode, sequence: 32, ...rest },
  sources: sources.map((lengths, i) =>
    weighted(
      memorySource(`s${i}`, lengths, entry => 1 + (entry % 3)),
      weights[i]!,
    ),
  ),
})

test('every sample comes exactly once in each pass', async () => {
  await fc.assert(
    fc.asyncProperty(settings, async setting => {
      const steps = await stepsOf(optionsOf(setting))
      const counts = new Map<string, number>()
      for (const id of steps.flatMap(idsOf).flat()) counts.set(id, (counts.get(id) ?? 0) + 1)
      const entries = setting.sources.flatMap((shards, s) =>
        shards.flatMap((length, shard) =>
          Array.from({ length }, (_, entry) => [`s${s}/${shard}/${entry}`, entry] as const),
        ),
      )
      const wanted = entries.flatMap(([name, entry]) =>
        Array.from({ length: 1 + (entry % 3) }, (_, i) => `${name}/${i}`),
      )
      expect([...counts.keys()].sort()).toEqual(wanted.sort())
      expect(new Set(counts.values())).toEqual(new Set([setting.epochs]))
    }),
    { numRuns: 40 },
  )
})

test('rows hold what fits, of one task if so wished, and all steps but the last are full', async () => {
  await fc.assert(
    fc.asyncProperty(settings, async setting => {
      const steps = await stepsOf(optionsOf(setting))
      for (const row of steps.flatMap(({ rows }) => rows)) {
        expect(row.reduce((sum, { ids }) => sum + ids.length, 0)).toBeLessThanOrEqual(32)
        expect(row.length).toBeGreaterThan(0)
        if (setting.packing === 'none') expect(row.length).toBe(1)
        if (setting.packing === 'same-task') expect(new Set(row.map(({ task }) => task)).size).toBe(1)
      }
      for (const { rows } of steps.slice(0, -1)) expect(rows.length).toBe(setting.batch)
    }),
    { numRuns: 25 },
  )
})

test('a run that goes on from any step gives the steps of an undisturbed one', async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.boolean(),
      async (setting, at, ends) => {
        const { epochs, ...endless } = optionsOf(setting)
        const options = ends ? { ...endless, epochs } : endless
        const whole = await stepsOf(options, 12)
        const stop = Math.floor(at * whole.length)
        const position = JSON.parse(JSON.stringify(whole[stop]?.position))
        const rest = await stepsOf({ ...options, position }, 12 - stop - 1)
        const shown = (steps: readonly PlannedStep[]) =>
          steps.map(step => [idsOf(step), step.position, step.epoch, step.refused])
        if (stop + 1 < 12) expect(shown(rest)).toEqual(shown(whole.slice(stop + 1)))
      },
    ),
    { numRuns: 40 },
  )
})

test('one, two and three processes divide the same rows', async () => {
  const source = weighted(memorySource('s', [40, 40, 40]))
  const [step] = await stepsOf({ sources: [source], encode, sequence: 32, packing: 'mixed', batch: 12 }, 1)
  const parts = (rank: number, processes: number) =>
    partsOf(step!.rows, { batch: 12, accumulation: 2, rank, processes }).map(({ rows }) => rows)
  const alone = parts(0, 1)
  expect(alone.flat()).toEqual(step!.rows)
  for (const processes of [2, 3]) {
    const shares = Array.from({ length: processes }, (_, rank) => parts(rank, processes))
    const joined = alone.map((_, part) => shares.flatMap(share => share[part] ?? []))
    expect(joined).toEqual(alone)
  }
})

test('samples are drawn by weight', async () => {
  const sources = [weighted(memorySource('a', [1000]), 3), weighted(memorySource('b', [10]), 1)]
  const steps = await stepsOf({ sources, encode, sequence: 32, packing: 'none', batch: 40 }, 5)
  for (const step of steps) {
    expect(
      idsOf(step)
        .flat()
        .filter(id => id.startsWith('a')).length,
    ).toBe(30)
  }
  expect(steps.at(-1)?.epoch).toBe(4) // fifty draws of ten
})

test('the order depends on the seed, differs from pass to pass, and mixes shards', async () => {
  const sources = [weighted(memorySource('s', [30, 30, 30, 30, 30]))]
  const order = async (seed: number) =>
    (await stepsOf({ sources, encode, sequence: 32, packing: 'none', batch: 150, epochs: 2, seed })).map(step =>
      idsOf(step).flat(),
    )
  const [first, second] = await order(1)
  expect(await order(1)).toEqual([first, second])
  expect(first).not.toEqual(second)
  expect((await order(2))[0]).not.toEqual(first)
  expect(new Set(first?.slice(0, 20).map(id => id.split('/')[1])).size).toBeGreaterThan(2)
})

test('bad samples are left out and told with the step in which they are missing', async () => {
  const source = memorySource('s', [20, 20], entry => (entry % 5 === 0 ? 0 : 1))
  const options = { sources: [weighted(source)], encode, sequence: 32, packing: 'none', batch: 8, epochs: 1 } as const
  const steps = await stepsOf(options)
  expect(steps.flatMap(idsOf).flat().length).toBe(32)
  const refused = steps.flatMap(step => step.refused)
  expect(refused.length).toBe(8)
  expect(refused[0]).toEqual({ sample: expect.stringMatching(/^s\/\d\/\d+$/), reason: 'is bad' })
  await expect(stepsOf({ ...options, strict: true })).rejects.toThrow(SampleError)
})

test('data of which nothing can be used ends the run', async () => {
  const bad = memorySource('bad', [3, 2], () => 0)
  const options = { encode, sequence: 32, packing: 'none', batch: 4 } as const
  const message = /^bad: all of its first 5 samples cannot be used\. bad\/\d\/\d: is bad\. .*is bad\. .*is bad$/
  await expect(stepsOf({ ...options, sources: [weighted(bad)] }, 9)).rejects.toThrow(message)
  await expect(stepsOf({ ...options, sources: [weighted(bad)], epochs: 1 }, 9)).rejects.toThrow(message)
  const good = memorySource('good', [50])
  await expect(stepsOf({ ...options, sources: [weighted(good), weighted(bad)] }, 9)).rejects.toThrow(message)
  const empty = memorySource('empty', [0, 0])
  await expect(stepsOf({ ...options, sources: [weighted(empty)] }, 9)).rejects.toThrow('empty has no samples')
  const huge = memorySource('huge', [5000], () => 0)
  await expect(stepsOf({ ...options, sources: [weighted(huge)] }, 9)).rejects.toThrow('all of its first 1000 samples')
})

test('a shard that cannot be opened is left out, or ends a strict run', async () => {
  const whole = memorySource('s', [4, 4])
  const source: SampleSource = {
    ...whole,
    open: async shard => {
      if (shard === 0) throw new SourceError('s-0.tar is cut off')
      return whole.open(shard)
    },
  }
  const options = { sources: [weighted(source)], encode, sequence: 32, packing: 'none', batch: 4, epochs: 1 } as const
  const [step] = await stepsOf(options)
  expect(step?.rows.length).toBe(4)
  expect(step?.refused).toEqual([{ sample: 's', reason: 's-0.tar is cut off' }])
  await expect(stepsOf({ ...options, strict: true })).rejects.toThrow('s-0.tar is cut off')
})

test('a position of other data, or of another form, is refused', async () => {
  const options = { encode, sequence: 32, packing: 'mixed', batch: 4 } as const
  const [step] = await stepsOf({ ...options, sources: [weighted(memorySource('a', [50]))] }, 1)
  const position = step!.position
  const other = { ...options, position, sources: [weighted(memorySource('b', [50]))] }
  expect(() => new StepPlanner(other)).toThrow('the run used a (1) (files), and now there is b (1)')
  const same = { ...options, sources: [weighted(memorySource('a', [50]))] }
  expect(() => new StepPlanner({ ...same, position: { version: 2 } })).toThrow(DataError)
  await expect(stepsOf({ ...same, sequence: 8, position }, 1)).rejects.toThrow(
    /had rows of \d+ tokens, and now they have 8/,
  )
})

test('packing fills rows of samples of many lengths to 97 %', () => {
  const packer = new Packer<{ task: string; ids: { length: number } }>(2048, 'same-task')
  let [tokens, rows] = [0, 0]
  for (let i = 0; i < 5000; i++) {
    const length = 20 + ((i * 7919) % 401)
    tokens += length
    rows += packer.add({ task: String(i % 5), ids: { length } }).length
  }
  rows += packer.flush().length
  expect(tokens / (rows * 2048)).toBeGreaterThan(0.97)
})
