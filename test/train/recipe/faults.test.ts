/** Recipes that cannot be followed: every mistake is told with its line, what was found and what is allowed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRecipe, type RecipeError, readRecipe } from '../../../src/train/recipe/index.ts'
import { faultsOf, recipeWith, shortest } from './writing.ts'

const one = (lines: Readonly<Record<string, string | undefined>>) => {
  const faults = faultsOf(recipeWith(lines))
  expect(faults).toHaveLength(1)
  return faults[0]
}

test('the shortest recipe is sound', () => {
  expect(faultsOf(shortest)).toEqual([])
})

test('all mistakes are told at once, in the order of the file', () => {
  const text = `
model: { from: ../base, vison: random }
stage: 4
learningRate: 1e-5
data:
  - pairs: a.jsonl
    weight: heavy
batch: 1.5
steps: -1
optimiser:
  learning_rate: 1e-5
  beta2: 2
schedule: { warmup: 10 %, shape: cosin }
strict: yes
`.trimStart()
  expect(faultsOf(text)).toEqual([
    'recipes/my.yaml:1:25: model.vison is no key of a recipe; did you mean model.vision?',
    'recipes/my.yaml:2:8: stage is 4: it has to be 1, 2 or 3',
    'recipes/my.yaml:3:1: learningRate is no key of a recipe; did you mean optimiser.learningRate?',
    'recipes/my.yaml:6:13: data[0].weight is "heavy": it has to be a number above 0',
    'recipes/my.yaml:7:8: batch is 1.5: it has to be a whole number of at least 1',
    'recipes/my.yaml:8:8: steps is -1: it has to be a whole number of at least 1',
    'recipes/my.yaml:10:3: optimiser.learningRate is missing: it has to be a number above 0',
    'recipes/my.yaml:10:3: optimiser.learning_rate is no key of a recipe; did you mean optimiser.learningRate?',
    'recipes/my.yaml:11:10: optimiser.beta2 is 2: it has to be a number of at least 0 and below 1',
    'recipes/my.yaml:12:21: schedule.warmup is "10 %": it has to be a number of steps, or a share of them such as 1%',
    'recipes/my.yaml:12:34: schedule.shape is "cosin": it has to be one of cosine, linear, constant',
    'recipes/my.yaml:13:9: strict is "yes": it has to be true or false',
  ])
})

test('each fault can be taken apart by a program', () => {
  const error = (() => {
    try {
      parseRecipe(recipeWith({ batch: 'many' }), { file: 'a.yaml' })
    } catch (thrown) {
      return thrown as RecipeError
    }
    return undefined
  })()
  expect(error?.faults).toEqual([
    { place: 'a.yaml:5:8', key: 'batch', problem: 'is "many": it has to be a whole number of at least 1' },
  ])
})

test.each<[string, Record<string, string | undefined>, string]>([
  ['a key without a value', { batch: '' }, ':5:8: batch is empty: it has to be a whole number of at least 1'],
  ['a list for a group', { optimiser: '[1]' }, ':7:12: optimiser is a list: it has to be a group of keys'],
  ['a group for a list', { data: '{ pairs: a }' }, 'data is a group of keys: it has to be a list of sources'],
  ['an empty list of data', { data: '[]' }, ':3:7: data is an empty list: it has to be a list of sources'],
  ['not a number', { optimiser: '{ learningRate: .nan }' }, 'learningRate is NaN: it has to be a number above 0'],
  ['infinity', { optimiser: '{ learningRate: .inf }' }, 'learningRate is Infinity: it has to be a number above 0'],
  ['a path that is a number', { out: '5' }, 'out is 5: it has to be a path'],
  ['a name that leads out of the folder', { name: '../x' }, 'name is "../x": it has to be a name of letters'],
  ['a key that is nothing like any', { qqq: '1' }, 'qqq is no key of a recipe; there are name, objective, model'],
  ['a key of another group', { data: '[{ pairs: a, warmup: 3 }]' }, 'data[0].warmup is no key of a recipe; did you'],
  ['a rate of zero', { train: '{ rates: { vision: 0 } }' }, 'train.rates.vision is 0: it has to be a number above 0'],
  ['a key of the language', { ['__proto__']: '1' }, '__proto__ is no key of a recipe'],
])('%s is refused', (_, lines, expected) => {
  expect(one(lines)).toContain(expected)
})

test.each<[string, Record<string, string | undefined>, string]>([
  ['steps and epochs', { epochs: '3' }, ':8:9: epochs excludes steps: say one of them'],
  ['neither of them', { steps: undefined }, ':1:1: has neither steps nor epochs'],
  ['no stage and no lora', { stage: undefined }, ':1:1: stage is missing: say what is trained'],
  ['a stage beside lora', { lora: '{}' }, ':2:8: stage is 2 beside lora'],
  [
    'frozen layers beside lora',
    { stage: undefined, lora: '{}', train: '{ freeze: ["*"] }' },
    'train.freeze has no meaning',
  ],
  [
    'lora without pictures',
    { stage: undefined, objective: 'language', data: '[{ text: a }]', lora: '{}' },
    'lora has no meaning with objective language',
  ],
  [
    'a stage with another objective',
    { objective: 'contrastive' },
    ':2:8: stage has no meaning with objective contrastive',
  ],
  ['two models', { model: '{ from: a, config: b }' }, 'model.config excludes model.from'],
  ['no model', { model: '{ vision: random }' }, ':1:8: model has neither from nor config'],
  ['a model without words', { model: '{ config: a }' }, ':1:8: model.tokenizer is missing'],
  ['small integers that would be trained', { precision: '{ frozen: int4 }' }, 'precision.frozen is int4 without lora'],
  [
    'parts that are not equal',
    { accumulation: '3' },
    'accumulation is 3: a batch of 8 rows has to be a multiple of it',
  ],
  ['two kinds in one source', { data: '[{ pairs: a, boxes: b }]' }, 'stands beside boxes: a source has one of them'],
  ['a source of nothing', { data: '[{ weight: 2 }]' }, ':3:8: data[0] names no data'],
  ['pictures of a text', { data: '[{ text: a, pictures: b }]' }, 'data[0].pictures has no meaning'],
  [
    'a warm-up without end',
    { schedule: '{ warmup: 101 }' },
    'schedule.warmup is 101: it does not end within the 100 steps',
  ],
  [
    'a floor above the peak',
    { schedule: '{ floor: 1e-3 }' },
    'schedule.floor is 0.001: it has to be at most optimiser.learningRate, 1e-4',
  ],
  ['checkpoints that there are not', { checkpoints: '{ every: 100, keepEvery: 150 }' }, 'checkpoints.keepEvery is 150'],
  ['a text tower without use', { contrastive: '{ width: 64 }' }, 'contrastive has no meaning with objective qwen-vl'],
  [
    'pictures for a language model',
    { objective: 'language', stage: undefined },
    'data[0].pairs cannot be learnt from with objective language',
  ],
  [
    'rows for pairs',
    { objective: 'contrastive', stage: undefined, sequence: '64' },
    'sequence has no meaning with objective contrastive',
  ],
  [
    'heads that do not divide',
    { objective: 'contrastive', stage: undefined, contrastive: '{ width: 64, heads: 3 }' },
    'contrastive.heads is 3: the width, 64',
  ],
  [
    'text in an evaluation',
    { objective: 'contrastive', stage: undefined, evaluation: '{ data: [{ text: a }] }' },
    'evaluation.data[0].text cannot be learnt from',
  ],
])('a contradiction is refused: %s', (_, lines, expected) => {
  expect(one(lines)).toContain(expected)
})

test.each([
  ['a bracket that is not closed', 'model: { from: x\nsteps: 3\n', /^recipes\/my\.yaml:2:1: not YAML: /],
  ['a tab', 'model:\n\tfrom: x\n', /^recipes\/my\.yaml:2:1: not YAML: Tabs/],
  [
    'a key that stands twice',
    `${shortest}steps: 5\n`,
    /^recipes\/my\.yaml:8:1: this key stands here a second time: keep one$/,
  ],
  ['two documents', 'a: 1\n---\nb: 2\n', /^recipes\/my\.yaml:2:1: a second document begins here/],
  ['a key that is a list', '? [a]\n: 1\n', /^recipes\/my\.yaml:1:3: not YAML/],
  ['an unknown tag', 'seed: !!python x\n', /^recipes\/my\.yaml:1:7: not YAML: Unresolved tag/],
  ['an alias of nothing', 'steps: 1\nseed: *none\n', /^recipes\/my\.yaml:2:7: \*none stands for nothing/],
  ['nothing', '', /^recipes\/my\.yaml:1:1: the recipe is empty$/],
  ['a list', '- a\n', /^recipes\/my\.yaml:1:1: is a list: it has to be a group of keys$/],
  ['a sentence', 'hello\n', /^recipes\/my\.yaml:1:1: is "hello": it has to be a group of keys$/],
])('%s is no recipe', (_, text, expected) => {
  expect(faultsOf(text)[0]).toMatch(expected)
})

test('aliases that multiply are refused before they do', () => {
  const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(', ')}]\n`
  const bomb = `${level('a', 'x')}${level('b', '*a')}${level('c', '*b')}${level('d', '*c')}${level('e', '*d')}`
  expect(faultsOf(bomb)).toEqual(['recipes/my.yaml:1:1: repeats too much by aliases: write the values out'])
})

test('a few aliases are for use, and mistakes in what they stand for are told where they stand', () => {
  const text = (weight: string) =>
    recipeWith({ data: `\n  - &source { pairs: a.jsonl, weight: ${weight} }`, evaluation: '{ data: [*source] }' })
  expect(faultsOf(text('2'))).toEqual([])
  expect(faultsOf(text('-2'))).toEqual([
    'recipes/my.yaml:4:39: data[0].weight is -2: it has to be a number above 0',
    'recipes/my.yaml:8:22: evaluation.data[0].weight is -2: it has to be a number above 0',
  ])
})

test('brackets without end are refused and not followed', () => {
  expect(faultsOf('['.repeat(50_000))[0]).toMatch(/nested too deeply/)
})

test('a file of megabytes is not read', () => {
  expect(faultsOf(`# ${'x'.repeat(2 ** 20)}`)[0]).toMatch(/has 1048578 characters: a recipe has at most 1048576/)
})

test('files that cannot be recipes are refused by name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'recipe-'))
  try {
    const at = (name: string) => join(folder, name)
    writeFileSync(at('large.yaml'), Buffer.alloc(2 ** 20 + 1, '#'))
    writeFileSync(at('binary.yaml'), Buffer.of(0xff, 0xfe, 0x00, 0xd8))
    await expect(readRecipe(at('none.yaml'))).rejects.toThrow(`${at('none.yaml')}: there is no such file`)
    await expect(readRecipe(folder)).rejects.toThrow(`${folder}: is a folder: name a file in it`)
    await expect(readRecipe(at('large.yaml'))).rejects.toThrow('has 1048577 bytes: a recipe has at most 1048576')
    await expect(readRecipe(at('binary.yaml'))).rejects.toThrow('is not UTF-8 text')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('whatever stands in a file, the answer is a recipe or its faults', () => {
  const words = [
    'model',
    'from',
    'data',
    'pairs',
    ':',
    ' ',
    '\n',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '&a',
    '*a',
    '!',
    '"',
    '1e-4',
    'null',
  ]
  const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 4 })), { maxLength: 40 })
  fc.assert(
    fc.property(text, parts => {
      for (const fault of faultsOf(parts.join('')))
        expect(fault).toMatch(/^recipes\/my\.yaml:\d+:\d+: |^and \d+ more$|^ |^$/)
    }),
    { numRuns: 300 },
  )
})
