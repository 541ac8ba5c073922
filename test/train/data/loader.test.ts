/** Whole steps from files: tokens and pictures in their places, the same on any number of processes and after a stop. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OpenedSource, openSources } from '../../../src/corpus/index.ts'
import { decode, ownMachine, preprocess } from '../../../src/image/index.ts'
import {
  DataLoader,
  type DataLoaderOptions,
  featurePath,
  PairLoader,
  PictureWorkers,
  type StepData,
} from '../../../src/train/data/index.ts'
import { archive, picture, temporaryFolder, writePicture, writeRows } from '../../corpus/files.ts'
import { openSmallest } from '../../text/vocabulary.ts'

const tokenizer = await openSmallest()
const folder = temporaryFolder()
const RESOLUTION = 14
const threads = new PictureWorkers(1) // a thread of TypeScript takes a while to start
afterAll(() => threads.dispose())
let pairs: OpenedSource[]
let mixed: OpenedSource[]

beforeAll(async () => {
  for (let i = 0; i < 6; i++) await writePicture(join(folder, `${i}.png`), 20 + i, 30, 40 * i)
  const captions = Array.from({ length: 12 }, (_, i) => ({ image: `${i % 6}.png`, caption: `picture number ${i}` }))
  writeRows(join(folder, 'captions.jsonl'), captions)
  writeRows(join(folder, 'text.jsonl'), [{ text: 'A text without pictures.' }, { text: 'Another one.' }])
  pairs = await openSources([{ pairs: 'captions.jsonl' }], folder)
  mixed = await openSources([{ pairs: 'captions.jsonl' }, { text: 'text.jsonl' }], folder)
})

const optionsOf = (sources: readonly OpenedSource[], more: Partial<DataLoaderOptions> = {}): DataLoaderOptions => ({
  ...{ sources, tokenizer, resolution: RESOLUTION, sequence: 256, packing: 'mixed', batch: 2, threads },
  ...more,
})

async function stepsOf(options: DataLoaderOptions, most = 50): Promise<StepData[]> {
  const steps: StepData[] = []
  await using loader = new DataLoader(options)
  while (steps.length < most) {
    const step = await loader.next()
    if (step === undefined) break
    steps.push(step)
  }
  return steps
}

test('a step has tokens, labels, positions, segments and pictures where they belong', async () => {
  const [step] = await stepsOf(optionsOf(mixed, { epochs: 1 }))
  const [batch] = step!.batches
  expect([batch!.rows, batch!.length, batch!.tokens.length]).toEqual([2, 256, 512])
  let supervised = 0
  for (const { row, start, end, task } of batch!.samples) {
    const at = (array: Int32Array) => [...array.subarray(row * 256 + start, row * 256 + end)]
    expect(at(batch!.positions)).toEqual(Array.from({ length: end - start }, (_, i) => i))
    expect(new Set(at(batch!.segments)).size).toBe(1)
    const labels = at(batch!.labels)
    supervised += labels.filter(label => label !== -100).length
    expect(labels.every((label, i) => label === -100 || label === at(batch!.tokens)[i])).toBe(true)
    expect(labels[0]).toBe(-100)
    expect(labels.at(-1)).toBe(tokenizer.ids.endoftext)
    expect(['caption', 'text']).toContain(task)
  }
  expect(step!.tokens).toBe(supervised)
  expect(step!.samples).toBe(batch!.samples.length)
  for (const { slot, pixels } of batch!.pictures) {
    expect(batch!.tokens[slot - 1]).toBe(tokenizer.ids.img)
    expect(batch!.tokens[slot + tokenizer.imageTokens]).toBe(tokenizer.ids.imgEnd)
    expect(pixels?.length).toBe(3 * RESOLUTION ** 2)
  }
  const padding = [...batch!.segments].flatMap((segment, i) => (segment === -1 ? [i] : []))
  expect(new Set(padding.map(i => `${batch!.tokens[i]} ${batch!.labels[i]}`))).toEqual(
    new Set([`${tokenizer.ids.endoftext} -100`]),
  )
})

test('pictures are those of their samples, and named by their content', async () => {
  const steps = await stepsOf(optionsOf(pairs, { packing: 'none', epochs: 1 }))
  expect(steps.length).toBe(6)
  for (const batch of steps.flatMap(({ batches }) => batches)) {
    for (const [i, found] of batch.pictures.entries()) {
      const caption = [...batch.tokens.subarray(i * batch.length, (i + 1) * batch.length)]
      const number = Number(/number (\d+)/.exec(tokenizer.decode(caption))?.[1])
      const path = join(folder, `${number % 6}.png`)
      expect(found.pixels).toEqual(preprocess(await decode(path, { allow: ownMachine }), RESOLUTION))
      const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex')
      expect(found.key).toBe(`${sha256}:${RESOLUTION}`)
    }
  }
})

test('rows of one sample are as long as the longest of their part, rounded up', async () => {
  const [step] = await stepsOf(optionsOf(pairs, { packing: 'none' }), 1)
  const longest = Math.max(...step!.batches[0]!.samples.map(({ end }) => end))
  expect(longest).toBeGreaterThan(64)
  expect(step!.batches[0]?.length).toBe(128)
})

test('two processes have the two halves of what one has', async () => {
  const options = optionsOf(mixed, { batch: 4, accumulation: 2, packing: 'none' })
  const [alone, first, second] = await Promise.all([
    stepsOf(options, 3),
    stepsOf({ ...options, rank: 0, processes: 2 }, 3),
    stepsOf({ ...options, rank: 1, processes: 2 }, 3),
  ])
  for (const [i, step] of alone.entries()) {
    for (const part of [0, 1]) {
      const halves = [first[i]!.batches[part]!, second[i]!.batches[part]!]
      const whole = step.batches[part]!
      const joined = halves.flatMap(({ tokens }) => [...tokens])
      expect(joined).toEqual([...whole.tokens])
      expect(halves.flatMap(({ pictures }) => pictures.map(({ key }) => key))).toEqual(
        whole.pictures.map(({ key }) => key),
      )
    }
    const told = ({ tokens, samples, epoch, position }: StepData) => ({ tokens, samples, epoch, position })
    expect(told(first[i]!)).toEqual(told(step))
    expect(told(second[i]!)).toEqual(told(step))
  }
})

test('a run that goes on has the same batches, pictures included', async () => {
  const options = optionsOf(mixed, { batch: 2, packing: 'same-task' })
  const whole = await stepsOf(options, 5)
  const position = JSON.parse(JSON.stringify(whole[1]!.position))
  expect(await stepsOf({ ...options, position }, 3)).toEqual(whole.slice(2))
})

test('at the end of the data rows are empty, and parts without any are left out', async () => {
  const options = optionsOf(pairs, { batch: 8, accumulation: 4, packing: 'none', epochs: 1 })
  const steps = await stepsOf(options)
  expect(steps.map(({ batches, samples }) => [batches.length, samples])).toEqual([
    [4, 8],
    [2, 4],
  ])
  const uneven = await stepsOf({ ...options, batch: 10, accumulation: 1, rank: 1, processes: 2 })
  expect(uneven.map(({ batches }) => batches.map(({ rows, samples }) => [rows, samples.length]))).toEqual([
    [[5, 5]],
    [[5, 0]],
  ])
  await using loader = new DataLoader(options)
  await loader.next()
  await loader.next()
  expect(loader.done).toBe(false)
  expect([await loader.next(), loader.done]).toEqual([undefined, true])
})

async function withBadPictures(): Promise<OpenedSource[]> {
  writeFileSync(join(folder, 'cut.png'), (await picture(200, 200)).subarray(0, 150))
  const images = ['0.png', 'cut.png', 'missing.png', '1.png']
  const rows = images.map((image, i) => ({ image, caption: `number ${i}` }))
  writeRows(join(folder, 'bad.jsonl'), rows)
  return openSources([{ pairs: 'bad.jsonl' }], folder)
}

test('a missing picture takes its sample out; a broken one leaves its place, grey and not learnt', async () => {
  const told: string[] = []
  const onRefused = ({ sample, reason }: { sample: string; reason: string }) => told.push(`${sample}: ${reason}`)
  const sources = await withBadPictures()
  const [step] = await stepsOf(optionsOf(sources, { batch: 4, packing: 'none', epochs: 1, onRefused }))
  expect(told.length).toBe(2)
  expect(told.find(text => text.startsWith('bad.jsonl:3'))).toContain(`there is no file ${join(folder, 'missing.png')}`)
  expect(told.find(text => text.startsWith('bad.jsonl:2'))).toMatch(/cut\.png is damaged or cut off/)
  const [batch] = step!.batches
  expect(step!.samples).toBe(3)
  const broken = batch!.samples.find(({ id }) => id === 'bad.jsonl:2')!
  const row = batch!.labels.subarray(broken.row * batch!.length, (broken.row + 1) * batch!.length)
  expect(new Set(row)).toEqual(new Set([-100]))
  expect(new Set(batch!.pictures.find(({ key }) => key === 'grey:14')?.pixels)).toEqual(new Set([0]))
  const learnt = [...batch!.labels].filter(label => label !== -100).length
  expect(step!.tokens).toBeGreaterThan(learnt) // counted before, as every process counts
})

test('under strict the first bad sample ends the run and is named', async () => {
  const sources = await withBadPictures()
  const options = optionsOf(sources, { batch: 4, packing: 'none', epochs: 1, strict: true })
  await expect(stepsOf(options)).rejects.toMatchObject({ name: 'SampleError', sample: 'bad.jsonl:3' })
})

test('features that were kept take the place of pixels', async () => {
  const path = join(folder, '0.png')
  const key = `${createHash('sha256').update(readFileSync(path)).digest('hex')}:${RESOLUTION}`
  const kept = Float32Array.from({ length: 32 }, (_, i) => i / 7)
  const file = featurePath(join(folder, 'features'), key)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, kept)
  const features = { folder: join(folder, 'features'), length: 32 }
  const pictures = async (wanted: typeof features) =>
    (await stepsOf(optionsOf(pairs, { packing: 'none', epochs: 1, features: wanted })))
      .flatMap(({ batches }) => batches)
      .flatMap(batch => batch.pictures)
  for (const found of await pictures(features)) {
    expect(found.features).toEqual(found.key === key ? kept : undefined)
    expect(found.pixels === undefined).toBe(found.key === key)
  }
  const shorter = await pictures({ ...features, length: 31 })
  expect(shorter.every(found => found.features === undefined)).toBe(true)
})

test('pictures are read out of archives by the threads', async () => {
  const members = Object.fromEntries(
    await Promise.all(['a', 'b'].map(async (key, i) => [`${key}.png`, await picture(30, 20, 50 * i)] as const)),
  )
  const texts = { 'a.txt': 'first', 'b.txt': 'second' }
  const order = ['a.png', 'a.txt', 'b.png', 'b.txt']
  const all: Record<string, string | Uint8Array> = { ...members, ...texts }
  writeFileSync(join(folder, 'x.tar'), await archive(Object.fromEntries(order.map(name => [name, all[name]!]))))
  const sources = await openSources([{ shards: 'x.tar' }], folder)
  const [step] = await stepsOf(optionsOf(sources, { epochs: 1, packing: 'none' }))
  const keys = Object.values(members).map(bytes => `${createHash('sha256').update(bytes).digest('hex')}:14`)
  expect(step!.batches[0]!.pictures.map(({ key }) => key).sort()).toEqual(keys.sort())
})

test('a loader has threads of its own, and ends them', async () => {
  const own = optionsOf(pairs, { threads: 2 })
  expect(await stepsOf(own, 2)).toEqual(await stepsOf(optionsOf(pairs), 2))
})

test('next can be cancelled, and gives the same step afterwards', async () => {
  const [expected] = await stepsOf(optionsOf(pairs), 1)
  await using loader = new DataLoader(optionsOf(pairs))
  await expect(loader.next(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  const controller = new AbortController()
  const waiting = loader.next(controller.signal)
  controller.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  expect(await loader.next()).toEqual(expected)
})

test('rows that cannot be shared out are refused with the numbers', () => {
  expect(() => new DataLoader(optionsOf(pairs, { batch: 6, accumulation: 2, processes: 2 }))).toThrow(
    '6 rows of a step cannot be shared out over 2 × 2 (accumulation × processes): make the batch a multiple of 4',
  )
})

test('without a resolution, pictures are cut out of samples and all that is said is learnt', async () => {
  const { resolution: _, ...rest } = optionsOf(pairs, { epochs: 1, packing: 'none' })
  const [step] = await stepsOf(rest)
  const { tokens, labels, pictures } = step!.batches[0]!
  expect(pictures).toEqual([])
  const { img, imgEnd } = rest.tokenizer.ids
  expect([...tokens].some(id => id === img || id === imgEnd)).toBe(false)
  const row = tokens.length / rest.batch
  const learnt = [...labels].slice(0, row).filter(label => label !== -100)
  expect(rest.tokenizer.decode(learnt)).toContain('enerate the caption') // the question too, but for its first token
})

test('pairs of pictures and texts come in the same way', async () => {
  const sources = await withBadPictures()
  await using loader = new PairLoader({
    ...{ sources, tokenizer, resolution: RESOLUTION, context: 6, batch: 4, accumulation: 2, epochs: 1, threads },
  })
  const step = await loader.next()
  expect(step?.samples).toBe(3)
  const all = step!.batches.flat()
  expect(all.map(({ id, counts }) => [id, counts]).sort()).toEqual([
    ['', false],
    ['bad.jsonl:1', true],
    ['bad.jsonl:2', false],
    ['bad.jsonl:4', true],
  ])
  for (const { text, pixels } of all) {
    expect(pixels?.length).toBe(3 * RESOLUTION ** 2)
    expect(text.at(-1)).toBe(tokenizer.ids.endoftext)
    expect(text.length).toBeLessThanOrEqual(6)
  }
  expect(await loader.next()).toBeUndefined()
  expect(loader.refused).toBe(2)
})
