/** Mixing: by weight, each sample once, a picture on one side only, the same bytes every time. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { openSources, type Sample } from '../../../src/corpus/index.ts'
import { type MixEvent, type MixOptions, mixCorpus } from '../../../src/corpus/mix/mixCorpus.ts'
import { makeShards } from '../../../src/corpus/shards/makeShards.ts'
import { allSamples, temporaryFolder, writePicture, writeRows, written } from '../files.ts'
import { plainCorpus } from '../shards/made.ts'

const folder = temporaryFolder()
const out = (name: string) => join(folder, name)

beforeAll(async () => {
  await makeShards(plainCorpus(out('plain'), 250))
  const rows = []
  for (let i = 0; i < 30; i++) {
    await writePicture(out(`pictures/${i}.png`), 5, 5 + i, i)
    rows.push(
      { image: `pictures/${i}.png`, caption: `Picture ${i}.` },
      { image: `pictures/${i}.png`, caption: 'Again.' },
    )
  }
  writeRows(out('pairs.jsonl'), [...rows, rows[0]])
})

const data = [{ shards: out('plain'), weight: 3 }, { pairs: out('pairs.jsonl') }]
const mix = (name: string, recipe: object, options: Partial<MixOptions> = {}) =>
  mixCorpus({ out: out(name), recipe: { shard: 60, data, ...recipe }, ...options })

async function read(name: string, part: 'train' | 'held-out'): Promise<Sample[]> {
  const [opened] = await openSources([{ shards: `${out(name)}/${part}-*.tar` }])
  return allSamples(opened!.source)
}

const files = (name: string) =>
  Object.fromEntries(
    readdirSync(out(name))
      .sort()
      .map(file => [file, readFileSync(join(out(name), file), 'base64')]),
  )

const saidOf = (sample: Sample) => written(sample).join('\n')

test('everything is there once, and a sample that came twice is told', async () => {
  const report = await mix('all', {})
  expect(report).toMatchObject({ train: 310, heldOut: 0, duplicates: 1, refused: 0, exhausted: [] })
  const samples = await read('all', 'train')
  expect(samples).toHaveLength(310)
  const captions = samples.map(saidOf).filter(text => text.includes('Picture'))
  expect(new Set(captions).size).toBe(30)
  const counted = report.tasks.map(({ task, language, train }) => `${task} ${language} ${train}`)
  expect(counted).toEqual(['caption  60', 'caption en 83', 'caption zh 42', 'vqa en 83', 'vqa zh 42'])
})

test('sources come as often as their weights say, from the beginning on', async () => {
  const report = await mix('weights', { count: 80 })
  const pairs = (await read('weights', 'train')).slice(0, 40).filter(sample => sample.provenance?.startsWith('pairs'))
  expect(pairs).toHaveLength(10)
  expect(report).toMatchObject({ train: 80, exhausted: [] })
})

test('a source that is drawn to its end leaves the others, and is told', async () => {
  const recipe = { count: 200, data: [data[0], { ...data[1], weight: 3 }] }
  const { train, exhausted } = await mix('exhausted', recipe)
  expect(train).toBe(200)
  expect(exhausted).toEqual([{ source: out('pairs.jsonl'), entries: 61 }])
})

test('a picture is on one side of the split only, whatever is said about it', async () => {
  const report = await mix('split', { split: { heldOut: 0.2 } })
  const bytes = async (name: 'train' | 'held-out') => {
    const found = new Set<string>()
    for (const { pictures } of await read('split', name)) {
      const [picture] = pictures
      const content = picture instanceof Blob ? Buffer.from(await picture.arrayBuffer()) : readFileSync(String(picture))
      found.add(content.toString('base64'))
    }
    return found
  }
  const [train, heldOut] = [await bytes('train'), await bytes('held-out')]
  expect([...heldOut].filter(each => train.has(each))).toEqual([])
  expect(report.train + report.heldOut).toBe(310)
  expect(report.heldOut).toBeGreaterThan(35)
  expect(report.heldOut).toBeLessThan(90)
})

test('another seed gives the same samples in another order, with the same ones held out', async () => {
  const split = { heldOut: 0.2 }
  await mix('first', { split, seed: 1 })
  await mix('second', { split, seed: 2 })
  const [first, second] = [(await read('first', 'train')).map(saidOf), (await read('second', 'train')).map(saidOf)]
  expect(second).not.toEqual(first)
  expect([...second].sort()).toEqual([...first].sort())
})

test('what is said of a sample stays: its record, its references, where it came from', async () => {
  const [sample] = (await read('all', 'train')).filter(each => each.provenance?.startsWith('plain'))
  expect(sample?.provenance).toMatch(/^plain, seed 3, sample \d+$/)
  expect(sample?.record).toMatchObject({ height: 6 })
  expect(sample?.references).toHaveLength(2)
  expect(sample?.licence).toBe('CC0-1.0')
})

test('a mix that was cut off goes on to the same bytes, and keeps the archives that are whole', async () => {
  const recipe = { split: { heldOut: 0.1 } }
  const stop = new AbortController()
  const onEvent = (event: MixEvent) => {
    if (event.type === 'shard' && event.file === 'train-00001.tar') stop.abort(new Error('enough'))
  }
  await expect(mix('cut', recipe, { signal: stop.signal, onEvent })).rejects.toThrow('enough')
  expect(readdirSync(out('cut')).sort()).toEqual(['corpus.json', 'train-00000.tar', 'train-00001.tar'])
  await mix('cut', recipe)
  await mix('undisturbed', recipe)
  expect(files('cut')).toEqual(files('undisturbed'))
  expect(await mix('cut', recipe)).toMatchObject({ duplicates: 1 })
})

test('data that has changed under a mix is noticed', async () => {
  writeRows(out('changing.jsonl'), [{ image: 'pictures/0.png', caption: 'Before.' }])
  const recipe = { data: [{ pairs: out('changing.jsonl') }] }
  await mix('changing', recipe)
  writeRows(out('changing.jsonl'), [{ image: 'pictures/0.png', caption: 'After.' }])
  await expect(mix('changing', recipe)).rejects.toThrow(/train-00000\.tar would be another today: the data has changed/)
  expect(await mix('changing', recipe, { fresh: true })).toMatchObject({ train: 1 })
})

test('samples that cannot be read are left out and told', async () => {
  writeRows(out('broken.jsonl'), [
    { image: 'pictures/0.png', caption: 'Good.' },
    { image: 'pictures/none.png', caption: 'There is no such picture.' },
    { image: 'broken.jsonl', caption: 'No picture.' },
    { image: 'pictures/1.png' },
  ])
  const reasons: string[] = []
  const recipe = { data: [{ pairs: out('broken.jsonl') }] }
  const onEvent = (event: MixEvent) => void (event.type === 'refused' && reasons.push(event.reason))
  const report = await mix('broken', recipe, { onEvent })
  expect(report).toMatchObject({ train: 1, refused: 3 })
  expect(reasons.sort()).toEqual([
    expect.stringMatching(/^broken\.jsonl:2: there is no file/),
    expect.stringMatching(/^broken\.jsonl:3: .* is not a picture but JSON/),
    expect.stringMatching(/^broken\.jsonl:4: caption/),
  ])
})

test('a recipe that is a file: paths start at its folder, and mistakes are told with their line', async () => {
  const recipe = out('mix.yaml')
  writeFileSync(recipe, 'seed: 1\ncount: 10\ndata:\n  - pairs: pairs.jsonl\n')
  expect(await mixCorpus({ recipe, out: out('file') })).toMatchObject({ train: 10 })
  writeFileSync(recipe, 'seed: 1\nsplit: { heldout: 0.1 }\ncount: none\ndata:\n  - pairs: pairs.jsonl\n')
  await expect(mixCorpus({ recipe, out: out('file') })).rejects.toThrow(
    `${recipe}:2:10: split.heldout is no key of a recipe; did you mean split.heldOut?\n${recipe}:3:8: count is "none": it has to be a whole number of at least 1`,
  )
  rmSync(out('none'), { force: true })
  writeFileSync(recipe, 'data:\n  - pairs: nothing.jsonl\n')
  await expect(mixCorpus({ recipe, out: out('none') })).rejects.toThrow(/there is no file .*nothing\.jsonl/)
  expect(readdirSync(folder)).not.toContain('none')
})
