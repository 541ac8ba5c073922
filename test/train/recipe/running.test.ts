/** What is done with a recipe: divided over processes, held against a model, written, compared, told. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseConfig } from '../../../src/model/index.ts'
import {
  batchShape,
  describeRecipe,
  differences,
  parseRecipe,
  type RecipeOverrides,
  sizesFor,
  writeRecipe,
} from '../../../src/train/recipe/index.ts'
import { tinyConfig } from '../../tinyModel.ts'
import { folder, parse, recipeWith, shortest } from './writing.ts'

const config = parseConfig(tinyConfig)

test('a step is divided into equal parts, whatever the number of processes', () => {
  const shape = (batch: number, accumulation: number, processes: number) =>
    batchShape(parse(recipeWith({ batch: `${batch}`, accumulation: `${accumulation}` })), processes)
  expect(shape(8, 1, 1)).toEqual({ rowsAtOnce: 8, accumulation: 1 })
  expect(shape(30720, 6, 640)).toEqual({ rowsAtOnce: 8, accumulation: 6 })
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), fc.nat(20), (rows, parts, others) => {
      const [rowsAtOnce, accumulation, processes] = [rows + 1, parts + 1, others + 1]
      expect(shape(rowsAtOnce * accumulation * processes, accumulation, processes)).toEqual({
        rowsAtOnce,
        accumulation,
      })
    }),
    { numRuns: 30 },
  )
})

test('a step that cannot be divided evenly is refused with the line of its size', () => {
  const recipe = parse(recipeWith({ accumulation: '2' }))
  expect(() => batchShape(recipe, 3)).toThrow(
    'recipes/my.yaml:5:8: batch is 8: it has to be a multiple of 2 parts × 3 processes = 6',
  )
})

test('sizes are those of the recipe, else those of the model', () => {
  expect(sizesFor(parse(shortest), config)).toEqual({ resolution: 56, sequence: 256 })
  expect(sizesFor(parse(recipeWith({ resolution: '112', sequence: '64' })), config)).toEqual({
    resolution: 112,
    sequence: 64,
  })
})

test('sizes that the model cannot have are refused with their lines', () => {
  const recipe = parse(recipeWith({ resolution: '100', sequence: '20' }))
  expect(() => sizesFor(recipe, config)).toThrow(
    [
      "recipes/my.yaml:8:13: resolution is 100: it has to be a multiple of the model's patches of 14 pixels, such as 98",
      'recipes/my.yaml:9:11: sequence is 20: a picture takes 18 tokens, and a row with one and a few words at least 26',
    ].join('\n'),
  )
})

test('a language model needs no room for pictures', () => {
  const recipe = parse(recipeWith({ objective: 'language', stage: undefined, data: '[{ text: a }]', sequence: '20' }))
  expect(sizesFor(recipe, config).sequence).toBe(20)
})

test.each<[string, Record<string, string | undefined>, RecipeOverrides]>([
  ['the shortest', {}, {}],
  [
    'with options',
    {},
    { model: 'a/b', steps: 3, set: ['optimiser.exclude=[norms]', 'schedule.warmup=1%', 'name="1e5"'] },
  ],
  ['of parts', { model: '{ config: c, tokenizer: t, vision: v }' }, {}],
  ['with lora', { stage: undefined, lora: '{ targets: ".*c_attn" }', precision: '{ frozen: int4 }' }, {}],
  [
    'with much',
    {
      evaluation: '{ data: [{ boxes: [a, b], limit: 3, task: x }] }',
      sequence: '99',
      checkpoints: '{ keepEvery: 1000 }',
    },
    {},
  ],
  ['contrastive', { stage: undefined, objective: 'contrastive', steps: undefined, epochs: '2' }, {}],
])('a recipe that was written reads back the same: %s', (_, lines, overrides) => {
  const recipe = parse(recipeWith(lines), overrides)
  const again = parseRecipe(writeRecipe(recipe), { file: '/elsewhere/recipe.yaml', folder: '/elsewhere' })
  expect(again).toEqual(recipe)
  expect(differences(recipe, again)).toEqual([])
})

test('a run goes on where only what is told and kept has changed, or it goes on for longer', () => {
  const before = parse(shortest)
  const after = parse(
    recipeWith({
      strict: 'true',
      steps: '200',
      checkpoints: '{ every: 10, keep: 1 }',
      evaluation: '{ data: [{ pairs: e }] }',
    }),
    { out: 'elsewhere' },
  )
  const found = differences(before, after)
  expect(new Set(found.map(({ key }) => key))).toEqual(
    new Set([
      'strict',
      'steps',
      'checkpoints.every',
      'checkpoints.keep',
      'out',
      'evaluation.data',
      'evaluation.every',
      'evaluation.samples',
      'evaluation.keepBest',
    ]),
  )
  expect(found.every(({ isHarmless }) => isHarmless)).toBe(true)
})

test.each<[string, string, string]>([
  ['steps', '99', '{"key":"steps","before":"100","after":"99","isHarmless":false}'],
  ['batch', '16', '{"key":"batch","before":"8","after":"16","isHarmless":false}'],
  ['seed', '2', '{"key":"seed","before":"1","after":"2","isHarmless":false}'],
  ['sequence', '64', '{"key":"sequence","before":"none","after":"64","isHarmless":false}'],
  ['model', '{ from: other }', '"key":"model"'],
  ['data', '[{ pairs: other }]', '"key":"data"'],
  ['optimiser', '{ learningRate: 2e-4 }', '"key":"optimiser.learningRate"'],
])('a run does not go on with another %s', (key, value, expected) => {
  const found = differences(parse(shortest), parse(recipeWith({ [key]: value })))
  expect(found).toHaveLength(1)
  expect(JSON.stringify(found[0])).toContain(expected)
  expect(found[0]?.isHarmless).toBe(false)
})

test('the order of keys is no difference', () => {
  const [one, other] = ['{ pairs: a, weight: 2 }', '{ weight: 2, pairs: a }'].map(data =>
    parse(recipeWith({ data: `[${data}]` })),
  )
  expect(differences(one!, other!)).toEqual([])
})

test('a run begins with what it will do', () => {
  const text = recipeWith({
    accumulation: '2',
    resolution: '224',
    sequence: '1024',
    schedule: '{ warmup: 10, floor: 1e-6 }',
    train: '{ visionDecay: 0.95, rates: { adapter: 2 } }',
    evaluation: '{ data: [{ pairs: e }] }',
  })
  expect(describeRecipe(parse(text), { folder, processes: 2 })).toEqual([
    'my: trains vision tower, adapter and language model (stage 2), of models/base',
    'data: pairs recipes/captions.jsonl',
    '100 steps of 8 rows (2 parts × 2 processes × 2); rows of 1,024 tokens, each packed with samples of one task; pictures of 224×224',
    'AdamW: learning rate 1e-4, cosine to 1e-6 after a warm-up of 10 steps; adapter ×2; ×0.95 a layer down the vision tower; betas 0.9 and 0.98; decay 0.05; clipped at 1',
    'a checkpoint every 500 steps, the last 3 kept; evaluated every 500 steps, in runs/my',
  ])
  const lora = describeRecipe(
    parse(recipeWith({ stage: undefined, lora: '{ save: [wte] }', precision: '{ frozen: int4 }' })),
  )
  expect(lora[0]).toContain(
    'trains LoRA of rank 64 (alpha 16) on c_attn, attn.c_proj, w1, w2, and all of wte, beside int4 weights',
  )
})
