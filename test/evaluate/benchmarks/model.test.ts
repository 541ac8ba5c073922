/** A real, tiny model answers items: token for token as it was trained to, and in batches as one by one. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { Sample } from '../../../src/corpus/index.ts'
import { openSources } from '../../../src/corpus/index.ts'
import { itemPrompt } from '../../../src/evaluate/benchmarks/prompt.ts'
import { sampleItem } from '../../../src/evaluate/benchmarks/sampleItem.ts'
import {
  type BenchmarkItem,
  benchmarks,
  evaluate,
  openModelAnswerer,
  withoutSight,
} from '../../../src/evaluate/index.ts'
import { QwenVL } from '../../../src/generate/qwenVL.ts'
import { ignoredLabel } from '../../../src/text/index.ts'
import { openTokenizer, PromptTooLongError, type Tokenizer } from '../../../src/text/node.ts'
import { encodeSample } from '../../../src/train/data/encode.ts'
import { allSamples, temporaryFolder } from '../../corpus/files.ts'
import { tinyConfig, writeScriptedModel, writeTinyModel } from '../../tinyModel.ts'
import { ended, everyTask, type MadeRow, writeItems } from './made.ts'

const [nanoBench] = benchmarks
const folder = temporaryFolder()
const model = join(folder, 'model')
const engine = { thread: 'caller', threads: 1 } as const
let samples: readonly Sample[]
let items: readonly BenchmarkItem[]
let tokenizer: Tokenizer

const rows: readonly MadeRow[] = [
  ...everyTask,
  {
    ...{ task: 'follow-up', format: 'raw', question: ' What colour is it? Answer:', answer: ' red' },
    before: [' What is there? Answer:', ' a cup'],
  },
]

beforeAll(async () => {
  await writeTinyModel(model, { layers: 2, seed: 5 })
  await writeItems(join(folder, 'items/items.tar'), rows)
  const [opened] = await openSources([{ shards: join(folder, 'items/items.tar') }])
  samples = await allSamples(opened!.source)
  items = samples.map(sample => sampleItem(sample, sample))
  tokenizer = await openTokenizer(await readFile(join(model, 'qwen.tiktoken')), {
    imageTokens: tinyConfig.visual.n_queries,
  })
})

test('the prompt is what training has before the answer, but for the name in a picture’s slots', () => {
  for (const [at, sample] of samples.entries()) {
    const learnt = encodeSample(tokenizer, sample, { length: 10_000 })
    const { ids, pictures } = itemPrompt(tokenizer, items[at]!, { window: 10_000, historyWindow: 10_000 })
    expect(pictures.map(({ start }) => start)).toEqual(learnt.pictures.map(({ start }) => start))
    const blank = (all: readonly number[]) =>
      all.map((id, i) => (pictures.some(({ start, end }) => start < i && i < end - 1) ? -1 : id))
    expect(blank(ids), sample.id).toEqual(blank(learnt.ids).slice(0, ids.length))
    const answer = learnt.ids.slice(ids.length).filter((_, i) => learnt.labels[ids.length + i] !== ignoredLabel)
    expect(tokenizer.decode(answer).trim()).toContain(items[at]!.references[0])
    expect(learnt.labels[ids.length]).not.toBe(ignoredLabel)
  }
})

test('a prompt that leaves no room for an answer is refused, whatever its format', () => {
  for (const item of items)
    expect(() => itemPrompt(tokenizer, item, { window: 16, historyWindow: 10_000 })).toThrow(PromptTooLongError)
})

test('a batch gives what each item gives alone, and what the model answers a person', async () => {
  await using answerer = await openModelAnswerer(model, engine)
  const options = { maxNewTokens: 12 }
  const together = await answerer.answer(items, options)
  for (const [at, item] of items.entries()) expect(await answerer.answer([item], options)).toEqual([together[at]])
  expect(new Set(together).size).toBeGreaterThan(1)
  await using person = await QwenVL.load(model, engine)
  const answer = await person.ask(items[0]!.pictures[0]!, 'What is this?', { maxNewTokens: 12, sample: false })
  expect(together[0]).toBe(answer.raw)
})

test('without sight, the answer does not depend on the picture', async () => {
  await using answerer = await openModelAnswerer(model, engine)
  const [one, other] = items.filter(({ task }) => task === 'caption')
  const asked = { ...one!, pictures: other!.pictures }
  const [first, second] = await answerer.answer([one!, asked].map(withoutSight), { maxNewTokens: 12 })
  expect(first).toBe(second)
})

test('a model is known by its tensors: the same elsewhere, another after training', async () => {
  const identity = async (path: string) => {
    await using answerer = await openModelAnswerer(path, engine)
    return answerer.identity
  }
  const again = await writeTinyModel(join(folder, 'again'), { layers: 2, seed: 5 })
  const trained = await writeTinyModel(join(folder, 'trained'), { layers: 2, seed: 6 })
  expect(await identity(again)).toEqual(await identity(model))
  expect(await identity(trained)).not.toEqual(await identity(model))
})

test('a model that says the right word reaches 100%, and nothing elsewhere', async () => {
  const scripted = await writeScriptedModel(join(folder, 'scripted'), 'car')
  const opened = await nanoBench!.open({ data: join(folder, 'items') })
  const contestant = { name: 'scripted', open: () => openModelAnswerer(scripted, engine) }
  const { table } = await ended(evaluate(nanoBench!, opened, contestant, { tasks: ['name', 'colour'], language: 'en' }))
  expect(table.rows.map(({ task, value }) => [task, value])).toEqual([
    ['name', 1],
    ['colour', 0],
  ])
})

test('Ctrl-C ends it between two tokens', async () => {
  const opened = await nanoBench!.open({ data: join(folder, 'items') })
  const contestant = { name: 'model', open: () => openModelAnswerer(model, engine) }
  const controller = new AbortController()
  const events = evaluate(nanoBench!, opened, contestant, { signal: controller.signal, batch: 2 })
  const run = async () => {
    for await (const { type } of events) if (type === 'progress') controller.abort(new Error('enough'))
  }
  await expect(run()).rejects.toThrow('enough')
})
