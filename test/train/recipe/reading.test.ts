/** What a recipe says once it is read: defaults, absolute paths, options of the command line. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseRecipe, readRecipe, warmupSteps } from '../../../src/train/recipe/index.ts'
import { faultsOf, parse, recipeWith, shortest } from './writing.ts'

test('what is not said has its default, and what the model says stays open', () => {
  expect(parse(shortest)).toEqual({
    name: 'my',
    objective: 'qwen-vl',
    model: { from: '/work place/models/base' },
    stage: 2,
    train: { fixVit: false, rates: { vision: 1, adapter: 1, language: 1 }, visionDecay: 1, freeze: [], also: [] },
    packing: 'same-task',
    data: [{ pairs: '/work place/recipes/captions.jsonl', weight: 1 }],
    strict: false,
    batch: 8,
    accumulation: 1,
    steps: 100,
    optimiser: { learningRate: 1e-4, beta1: 0.9, beta2: 0.98, epsilon: 1e-6, decay: 0.05, clip: 1, exclude: [] },
    schedule: { shape: 'cosine', warmup: 0, floor: 0 },
    precision: { frozen: 'float32', saved: 'float32' },
    recompute: false,
    checkpoints: { every: 500, keep: 3 },
    seed: 1,
    out: '/work place/runs/my',
  })
})

test('LoRA and the text tower have the defaults of their sources', () => {
  const lora = parse(recipeWith({ stage: undefined, lora: '{}' })).lora
  expect(lora).toEqual({ rank: 64, alpha: 16, dropout: 0.05, targets: ['c_attn', 'attn.c_proj', 'w1', 'w2'], save: [] })
  const tower = { width: 512, layers: 6, heads: 8, context: 77, dimension: 512 }
  expect(parse(recipeWith({ stage: undefined, objective: 'contrastive' })).contrastive).toEqual(tower)
})

test('paths start at the folder of the recipe, and the folder of the run where it is started', () => {
  const text = recipeWith({
    model: '{ config: c.json, tokenizer: ../qwen.tiktoken, vision: /models/eye, adapter: random, language: ./words }',
    data: '\n  - { conversations: [a.json, /data/b.json], pictures: ../pictures }\n  - shards: data/part-{000..099}.tar',
    out: 'runs/x',
  })
  const { model, data, out } = parse(text)
  expect(model).toEqual({
    config: '/work place/recipes/c.json',
    tokenizer: '/work place/qwen.tiktoken',
    vision: '/models/eye',
    adapter: 'random',
    language: '/work place/recipes/words',
  })
  expect(data).toEqual([
    { conversations: ['/work place/recipes/a.json', '/data/b.json'], pictures: '/work place/pictures', weight: 1 },
    { shards: '/work place/recipes/data/part-{000..099}.tar', weight: 1 },
  ])
  expect(out).toBe('/work place/runs/x')
})

test('owner/name is a pulled model, unless there is such a folder', () => {
  const place = mkdtempSync(join(tmpdir(), 'recipe-'))
  try {
    mkdirSync(join(place, 'Qwen/Qwen-VL'), { recursive: true })
    const modelOf = (from: string) =>
      parseRecipe(recipeWith({ model: `{ from: ${from} }` }), { file: 'a.yaml', folder: place }).model
    expect(modelOf('Qwen/Qwen-VL-Chat')).toEqual({ from: 'Qwen/Qwen-VL-Chat' })
    expect(modelOf('Qwen/Qwen-VL')).toEqual({ from: join(place, 'Qwen/Qwen-VL') })
    expect(modelOf('./Qwen/Qwen-VL-Chat')).toEqual({ from: join(place, 'Qwen/Qwen-VL-Chat') })
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
})

test('a warm-up may be a share of the steps, rounded up', () => {
  const steps = (warmup: string, total: number) =>
    warmupSteps(parse(recipeWith({ schedule: `{ warmup: ${warmup} }` })), total)
  expect([steps('30', 100), steps('1%', 100), steps('1%', 101), steps('7%', 100), steps('0.5%', 1000)]).toEqual([
    30, 1, 2, 7, 5,
  ])
})

test('options take the place of what the recipe says, and their paths start at the current folder', () => {
  const recipe = parse(recipeWith({ steps: undefined, epochs: '3' }), {
    model: 'Qwen/Qwen-VL-Chat',
    data: { conversations: 'my.json' },
    out: 'there',
    steps: 20,
    batch: 4,
    seed: 7,
    set: [
      'optimiser.learningRate=1e-5',
      'data.0.weight=2',
      'train.rates={ vision: 0.1 }',
      'evaluation.data=[{ pairs: e.jsonl }]',
    ],
  })
  expect(recipe).toMatchObject({
    model: { from: 'Qwen/Qwen-VL-Chat' },
    data: [{ conversations: '/work place/my.json', weight: 2 }],
    out: '/work place/there',
    steps: 20,
    batch: 4,
    seed: 7,
    optimiser: { learningRate: 1e-5 },
    train: { rates: { vision: 0.1, adapter: 1 } },
    evaluation: { data: [{ pairs: '/work place/e.jsonl', weight: 1 }] },
  })
  expect(recipe.epochs).toBeUndefined()
})

test('one key of a list is set without touching the others, and the text that was read stays as it was', () => {
  const text = recipeWith({ data: '[{ pairs: a }, { pairs: b, weight: 3 }]' })
  const { data } = parse(text, { set: ['data[1].weight=5'] })
  expect(data.map(({ weight }) => weight)).toEqual([1, 5])
  expect(parse(text).data.map(({ weight }) => weight)).toEqual([1, 3])
})

test('what is wrong with an option is told at the option, and not at a line', () => {
  expect(faultsOf(shortest, { steps: 0, batch: 2.5 })).toEqual([
    '--batch: batch is 2.5: it has to be a whole number of at least 1',
    '--steps: steps is 0: it has to be a whole number of at least 1',
  ])
  expect(faultsOf(shortest, { set: ['accumulation=3'] })[0]).toMatch(
    /^--set accumulation=3: accumulation is 3: a batch/,
  )
  expect(faultsOf(shortest, { set: ['optimiser.learnRate=3'] })[0]).toMatch(
    /^--set optimiser.learnRate=3: optimiser.learnRate is no key of a recipe; did you mean optimiser\.learningRate\?$/,
  )
  expect(faultsOf(shortest, { data: { text: 'a.txt' }, set: ['objective=contrastive', 'stage='] })).toEqual([
    '--set stage=: stage is empty: it has to be 1, 2 or 3',
  ])
})

test.each([
  ['steps', 'is not key=value'],
  ['=5', 'is not key=value'],
  ['a..b=5', 'has no key: "a..b"'],
  ['__proto__.x=5', 'has no key: "__proto__.x"'],
  ['seed=[1', 'has a value that is not YAML'],
  ['data.3.weight=2', 'names 3 of data, which is a list of 1: its places are 0 to 0'],
  ['batch.size=2', 'goes into batch, which is a value and no group of keys'],
])('--set %s %s', (set, problem) => {
  const [fault] = faultsOf(shortest, { set: [set] })
  expect(fault).toContain(`--set ${set}: ${problem}`)
})

test('from files: a recipe, and data of which only the path is given', async () => {
  const place = mkdtempSync(join(tmpdir(), 'recipe-'))
  try {
    const file = join(place, 'mine.yml')
    const data = join(place, 'rows.jsonl')
    writeFileSync(file, shortest)
    writeFileSync(data, '{ "image": "a.jpg", "boxes": [{ "label": "a", "box": [1, 2, 3, 4] }] }\n')
    const recipe = await readRecipe(file, { data })
    expect(recipe.name).toBe('mine')
    expect(recipe.data).toEqual([{ boxes: data, weight: 1 }])
    expect(recipe.out).toBe(join(process.cwd(), 'runs/mine'))
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
})
