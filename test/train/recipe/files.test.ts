/** The recipes that come with the package, and what they learn from. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sample } from '../../../src/corpus/sample.ts'
import { readMakerRecipe } from '../../../src/corpus/shards/makeCorpus.ts'
import { openSources, sourceKinds } from '../../../src/corpus/sources/openSources.ts'
import { openModelTokenizer } from '../../../src/generate/load.ts'
import { parameterShapes, parseConfig } from '../../../src/model/index.ts'
import { encodeSample } from '../../../src/train/data/encode.ts'
import { encodePair } from '../../../src/train/data/pairLoader.ts'
import { type Recipe, readRecipe, recipeJsonSchema, sizesFor } from '../../../src/train/recipe/index.ts'
import { trainedNames } from '../../../src/train/stages.ts'
import { files, root } from '../../checkout.ts'
import { tinyConfig } from '../../tinyModel.ts'

/** Recipes of corpora are not for training. */
const isCorpus = (path: string) => /^recipes\/nano\/(bench|corpus)\//.test(path)
const paths = files.filter(path => /^recipes\/.*\.yaml$/.test(path) && !isCorpus(path))
const names = ['contrastive', 'full', 'instruct', 'language', 'lora', 'multitask', 'pretrain', 'qlora']
/** Models that are made from nothing, and the runs that make them. */
const chains = {
  flickr8k: ['contrastive', 'language', 'multitask', 'pretrain'],
  nano: ['contrastive', 'instruct', 'language', 'multitask', 'pretrain'],
}
const recipes = new Map<string, Recipe>()
const recipe = (name: string) => recipes.get(`recipes/${name}.yaml`) as Recipe

beforeAll(async () => {
  for (const path of paths) recipes.set(path, await readRecipe(join(root, path)))
})

test('every recipe has a small one beside it, and is called like its file', () => {
  const made = Object.entries(chains).flatMap(([model, runs]) => runs.map(run => `${model}/${run}`))
  const all = [...names, ...made, ...names.map(name => `small/${name}`)]
  expect([...paths].sort()).toEqual(all.map(name => `recipes/${name}.yaml`).sort())
  for (const [path, { name }] of recipes) expect(name).toBe(basename(path, '.yaml'))
})

test('every recipe tells editors its schema, which is that of this version', () => {
  for (const path of paths) {
    const [, schema] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(join(root, path), 'utf8')) ?? []
    expect(join(root, path, '..', schema ?? ''), path).toBe(join(root, 'recipes/recipe.schema.json'))
  }
  const committed = JSON.parse(readFileSync(join(root, 'recipes/recipe.schema.json'), 'utf8'))
  expect(committed, 'run npx tsx scripts/make-recipe-schema.ts').toEqual(JSON.parse(JSON.stringify(recipeJsonSchema())))
})

/** The paper (arXiv 2308.12966), appendix C: the table of training hyper-parameters. */
const paper = {
  pretrain: {
    stage: 1,
    resolution: 224,
    sequence: 512,
    peak: 2e-4,
    floor: 1e-6,
    layers: 0.95,
    steps: 50_000,
    warmup: 500,
    batch: 30_720,
    parts: 6,
  },
  multitask: {
    stage: 2,
    resolution: 448,
    sequence: 2048,
    peak: 5e-5,
    floor: 1e-5,
    layers: 0.95,
    steps: 19_000,
    warmup: 400,
    batch: 4096,
    parts: 8,
  },
  instruct: {
    stage: 3,
    resolution: 448,
    sequence: 2048,
    peak: 1e-5,
    floor: 1e-6,
    layers: 1,
    steps: 8000,
    warmup: 3000,
    batch: 128,
    parts: 8,
  },
} as const

test.each(Object.entries(paper))("%s has the paper's numbers", (name, numbers) => {
  const { peak, floor, layers, warmup, parts, ...plain } = numbers
  expect(recipe(name)).toMatchObject({
    ...plain,
    objective: 'qwen-vl',
    accumulation: parts,
    optimiser: { learningRate: peak, beta1: 0.9, beta2: 0.98, epsilon: 1e-6, decay: 0.05, clip: 1, exclude: [] },
    schedule: { shape: 'cosine', warmup, floor },
    train: { visionDecay: layers, rates: { vision: 1, adapter: 1, language: 1 }, fixVit: false },
  })
})

test("stage 1 mixes the paper's sources by their size after cleaning, in millions of pairs", () => {
  const weights = recipe('pretrain').data.map(({ weight }) => weight)
  expect(weights).toEqual([280, 300, 300, 200, 8, 3, 0.8, 0.6, 105, 220])
  const chinese = recipe('pretrain').data.filter(({ language }) => language === 'zh')
  const share = chinese.reduce((sum, { weight }) => sum + weight, 0) / weights.reduce((sum, weight) => sum + weight, 0)
  expect(share).toBeCloseTo(0.227, 1) // 22.7%
})

test("stage 2 mixes the paper's seven tasks by their size, in millions of samples", () => {
  const mix = Object.fromEntries(recipe('multitask').data.map(({ task, weight }) => [task, weight]))
  expect(mix).toEqual({
    caption: 19.7,
    vqa: 3.6,
    grounding: 3.5,
    'ref-grounding': 8.7,
    'grounded-caption': 8.7,
    ocr: 24.8,
    text: 7.8,
  })
  expect(recipe('multitask').packing).toBe('same-task')
})

/** finetune.py and its scripts, in the official repository. */
test.each([
  ['full', { stage: 3, batch: 16, accumulation: 16 }],
  ['lora', { batch: 8, accumulation: 8, model: { from: 'Qwen/Qwen-VL-Chat' }, precision: { frozen: 'float32' } }],
  ['qlora', { batch: 8, accumulation: 8, model: { from: 'Qwen/Qwen-VL-Chat-Int4' }, precision: { frozen: 'int4' } }],
])('%s has the numbers of the official finetune.py', (name, numbers) => {
  expect(recipe(name)).toMatchObject({
    ...numbers,
    epochs: 5,
    sequence: 2048,
    packing: 'none',
    optimiser: { learningRate: 1e-5, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1, clip: 1 },
    schedule: { shape: 'cosine', warmup: '1%', floor: 0 },
    recompute: true,
  })
  const lora = { rank: 64, alpha: 16, dropout: 0.05, targets: ['c_attn', 'attn.c_proj', 'w1', 'w2'], save: [] }
  expect(recipe(name).lora).toEqual(name === 'full' ? undefined : lora)
})

test("contrastive and language training have CLIP's and Qwen-7B's numbers", () => {
  expect(recipe('contrastive')).toMatchObject({
    batch: 32_768,
    epochs: 32,
    optimiser: { learningRate: 5e-4, beta1: 0.9, beta2: 0.98, epsilon: 1e-6, decay: 0.2 },
    schedule: { warmup: 2000 },
    contrastive: { width: 1280, layers: 32, heads: 20, context: 77, dimension: 1280 },
  })
  expect(recipe('language')).toMatchObject({
    batch: 2048,
    sequence: 2048,
    optimiser: { learningRate: 3e-4, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1, clip: 1 },
    schedule: { shape: 'cosine', floor: 3e-5 },
  })
})

describe('the small recipes', () => {
  const json = JSON.parse(readFileSync(join(root, 'recipes/small/config.json'), 'utf8'))
  const config = parseConfig(json)
  const shapes = parameterShapes(config)

  test('train a model of two million numbers with every part of the published one', () => {
    const total = [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)
    expect(total).toBe(2_023_488)
    const kinds = (names: Iterable<string>) => new Set([...names].map(name => name.replace(/\.\d+\./, '.N.')))
    const published = parameterShapes(parseConfig(tinyConfig)).keys()
    expect(kinds(shapes.keys())).toEqual(kinds(published))
  })

  test('have sizes that the model can have, and names that it has', () => {
    for (const name of names) {
      const small = recipe(`small/${name}`)
      expect(sizesFor(small, config).sequence, name).toBeLessThanOrEqual(config.seq_length)
      if (small.stage === undefined) continue
      const { freeze, also, fixVit } = small.train
      expect(trainedNames([...shapes.keys()], { stage: small.stage, fixVit, freeze, also }).length).toBeGreaterThan(0)
    }
  })

  test('make a chain: each begins with what an earlier one leaves', () => {
    const modelOf = (name: string) => join(root, 'runs/small', name, 'model')
    for (const name of names) expect(recipe(`small/${name}`).out, name).toBe(join(process.cwd(), 'runs/small', name))
    const begin = (name: string) => recipe(`small/${name}`).model
    expect(begin('contrastive')).toMatchObject({ vision: 'random' })
    expect(begin('language')).toMatchObject({ language: 'random' })
    const parts = { vision: modelOf('contrastive'), adapter: 'random', language: modelOf('language') }
    expect(begin('pretrain')).toMatchObject(parts)
    expect(begin('multitask')).toEqual({ from: modelOf('pretrain') })
    expect(begin('instruct')).toEqual({ from: modelOf('multitask') })
    for (const name of ['lora', 'qlora', 'full']) expect(begin(name)).toEqual({ from: modelOf('instruct') })
  })

  test('name files that are there', () => {
    for (const name of names) {
      const { data, model, evaluation } = recipe(`small/${name}`)
      for (const entry of [...data, ...(evaluation?.data ?? [])]) {
        for (const kind of sourceKinds)
          for (const path of [entry[kind] ?? []].flat()) expect(existsSync(path), path).toBe(true)
      }
      if ('config' in model) expect([existsSync(model.config), existsSync(model.tokenizer)]).toEqual([true, true])
    }
  })

  test('and every sample of their data fits into a row', async () => {
    using tokenizer = await openModelTokenizer(join(root, 'recipes/small'), config, json)
    for (const name of names) {
      const small = recipe(`small/${name}`)
      for (const sample of await samplesOf(small)) {
        const { context } = small.contrastive ?? {}
        if (context === undefined) encodeSample(tokenizer, sample, { length: sizesFor(small, config).sequence })
        // Longer texts would be cut.
        else expect(encodePair(tokenizer, sample, context).ids.length, sample.id).toBeLessThan(context)
      }
    }
  })
})

describe.each(Object.entries(chains))('the recipes of %s', (model, runs) => {
  const folder = join(root, 'recipes', model)
  const json = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
  const config = parseConfig(json)

  test('train a model of at most 16 million numbers, whose vocabulary has places for all its tokens', async () => {
    const shapes = parameterShapes(config)
    const total = [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)
    expect(total).toBeLessThanOrEqual(16_000_000)
    using tokenizer = await openModelTokenizer(folder, config, json)
    expect(tokenizer.ids.img).toBe(config.visual.image_start_id)
    expect(tokenizer.ids.imgpad).toBeLessThan(config.vocab_size)
  })

  test('make a chain in one folder, at sizes that the model can have', () => {
    for (const run of runs) {
      const read = recipe(`${model}/${run}`)
      expect(read.out).toBe(join(process.cwd(), 'runs', model, run))
      if (read.objective !== 'contrastive')
        expect(sizesFor(read, config).sequence).toBeLessThanOrEqual(config.seq_length)
    }
    const modelOf = (name: string) => join(root, 'runs', model, name, 'model')
    const begin = (name: string) => recipe(`${model}/${name}`).model
    const parts = { vision: modelOf('contrastive'), adapter: 'random', language: modelOf('language') }
    expect(begin('pretrain')).toMatchObject(parts)
    expect(begin('multitask')).toEqual({ from: modelOf('pretrain') })
  })
})

test('the recipes of nano’s corpus and of its items are recipes of their makers', async () => {
  const found = files.filter(path => isCorpus(path) && path.endsWith('.yaml'))
  expect(found).toHaveLength(14)
  const kinds = { words: 'text', reading: 'text', documents: 'documents', pages: 'documents' } as const
  for (const path of found) {
    const name = basename(path, '.yaml').replace(/-.*/, '')
    const kind = name === 'text' ? 'text' : (kinds[name as keyof typeof kinds] ?? 'scenes')
    const { count, ...rest } = await readMakerRecipe({ kind, recipe: join(root, path), out: '' })
    expect(count, path).toBeGreaterThanOrEqual(2000)
    expect(rest['split'], path).toBe(path.includes('/bench/') ? 'held-out' : 'train')
  }
})

async function samplesOf({ data }: Recipe): Promise<Sample[]> {
  const found: Sample[] = []
  for (const { source } of await openSources(data)) {
    for (let i = 0; i < source.shards; i++) {
      const shard = await source.open(i)
      for (let entry = 0; entry < shard.length; entry++) found.push(...(await shard.read(entry)))
      await shard.close()
    }
  }
  return found
}

describe('the example data', () => {
  const folder = join(root, 'examples/training')
  const own = files.filter(path => path.startsWith('examples/training/'))

  test('is small, and tells the origin and licence of each of its sixteen pictures', () => {
    const pictures = own.filter(path => path.endsWith('.jpg')).map(path => basename(path))
    expect(pictures).toHaveLength(16)
    const told = [
      ...readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/^\| `(\w+\.jpg)` \| .+ \| .+ \| .+ \|$/gm),
    ]
    expect(told.map(([, name]) => name).sort()).toEqual(pictures)
    expect(own.reduce((sum, path) => sum + statSync(join(root, path)).size, 0)).toBeLessThan(600_000)
  })

  test('can be read whole, in four forms, in English and Chinese', async () => {
    const read = (data: Recipe['data']) => samplesOf({ data } as Recipe)
    const at = (name: string) => join(folder, name)
    const pairs = await read([{ pairs: at('captions.jsonl'), weight: 1 }])
    const boxes = await read([{ boxes: at('boxes.jsonl'), weight: 1 }])
    const talks = await read([{ conversations: at('conversations.json'), weight: 1 }])
    const texts = await read([{ text: at('texts.txt'), weight: 1 }])
    expect([pairs.length, talks.length, texts.length]).toEqual([32, 20, 53])
    expect(new Set(boxes.map(({ task }) => task))).toEqual(new Set(['grounding', 'grounded-caption', 'vqa']))
    const all = [...pairs, ...boxes, ...talks, ...texts]
    const inChinese = all.filter(({ turns }) => /\p{Script=Han}/u.test(JSON.stringify(turns)))
    expect(inChinese.length / all.length).toBeGreaterThan(0.15)
    for (const { pictures } of all)
      for (const picture of pictures) expect(existsSync(String(picture)), String(picture)).toBe(true)
  })
})
