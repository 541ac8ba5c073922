import { expect, test } from 'vitest'
import { composeDocument } from '../../../src/corpus/documents/composeDocument.ts'
import { composeText } from '../../../src/corpus/documents/composeText.ts'
import { DocumentError } from '../../../src/corpus/documents/documentError.ts'
import { openDocumentMaker } from '../../../src/corpus/documents/makeDocuments.ts'
import { openTextMaker } from '../../../src/corpus/documents/makeText.ts'
import { pageKinds } from '../../../src/corpus/documents/pages/index.ts'
import { documentRecipeSchema, textRecipeSchema } from '../../../src/corpus/documents/recipe.ts'
import { Random } from '../../../src/corpus/random.ts'
import { checkRecipe } from '../../../src/corpus/recipe/check.ts'
import { parseYaml } from '../../../src/corpus/recipe/yaml.ts'
import type { MadeSample, Maker } from '../../../src/corpus/shards/maker.ts'
import { parseMarkup } from '../../../src/text/index.ts'
import { gaps, materials } from './madeUp.ts'
import { linesOf, textOf } from './seen.ts'

const usual = { side: 'seen', width: [200, 400], height: [200, 400] } as const
const text = (recipe: object = {}) => openTextMaker(textRecipeSchema.parse(recipe), materials)
const documents = (recipe: object = {}) => openDocumentMaker(documentRecipeSchema.parse(recipe), materials)
const many = (maker: Maker, count: number): Promise<MadeSample[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => maker.make(index)))

test('the same seed gives the same bytes, whatever was made before', async () => {
  for (const open of [text, documents]) {
    const later = open({ seed: 7 })
    await later.make(0)
    expect(await later.make(5)).toEqual(await open({ seed: 7 }).make(5))
    expect((await open({ seed: 8 }).make(5)).pictures).not.toEqual((await later.make(5)).pictures)
  }
})

test('what is held out is never in a training corpus, whatever the seed', async () => {
  const [held, trained] = await Promise.all([
    many(text({ split: 'held-out', contents: { word: 1 } }), 4),
    many(text({ seed: 2, contents: { word: 1 } }), 40),
  ])
  const content = (sample: MadeSample) => JSON.stringify(sample.record)
  const known = new Set(trained.map(content))
  expect(held.some(sample => known.has(content(sample)))).toBe(false)
})

test('a font is never used for what it lacks, and one side of the fonts never for the other', async () => {
  const seen = (await Promise.all([many(text(), 60), many(documents(), 20)])).flat().flatMap(linesOf)
  expect(seen.some(line => line.font === 'made-up gappy')).toBe(true)
  for (const { text, font } of seen) {
    expect(font).not.toBe('made-up other')
    if (font === 'made-up gappy') expect([...text].filter(each => gaps.has(each))).toEqual([])
  }
  const unseen = (await many(text({ side: 'unseen' }), 10)).flatMap(linesOf)
  expect(new Set(unseen.map(line => line.font))).toEqual(new Set(['made-up other']))
})

test('a character that the font has no glyph for is not drawn as a box', () => {
  const unknown = { ...materials, chineseCharacters: ['\u{2a6d6}'] }
  const compose = () =>
    composeText(new Random('unknown'), unknown, {
      ...usual,
      language: 'zh',
      content: 'random',
    })
  expect(compose).toThrow(DocumentError)
  expect(compose).toThrow(/no random in zh can be shown .* with the seen fonts: allow larger pictures or more fonts/)
})

test('reading with places gives every line, in order, with its quad', async () => {
  for (const sample of await many(documents({ tasks: { ocr: 1 } }), 12)) {
    const [question, answer] = [textOf(sample, 0), textOf(sample, 1)]
    expect(question).toBe('OCR with grounding:')
    const { quads } = parseMarkup(answer)
    expect(quads.map(({ label }) => label)).toEqual(linesOf(sample).map(line => line.text))
    expect(quads.every(({ raw }) => raw.length === 8)).toBe(true)
  }
})

test('free questions are answered with exactly what stands in the picture', async () => {
  const samples = [
    ...(await many(documents({ tasks: { read: 1 }, exchanges: [1, 4] }), 40)),
    ...(await many(text({ tasks: { read: 1 } }), 30)),
  ]
  for (const sample of samples) {
    const written = linesOf(sample)
      .map(line => line.text)
      .join(' ')
    for (let turn = 0; turn < sample.turns.length; turn += 2) {
      expect(textOf(sample, turn)).toMatch(/^ .*[?？.。].* Answer:$/)
      expect(textOf(sample, turn)).not.toMatch(/[{}]/)
      expect(written).toContain(textOf(sample, turn + 1).trim())
    }
  }
})

test('no question is asked twice about one picture, and there are no more of them than were asked for', async () => {
  for (const sample of await many(documents({ format: 'chatml', exchanges: [2, 4] }), 20)) {
    const asked = sample.turns.filter(turn => turn.role === 'user').map((_, i) => textOf(sample, 2 * i))
    expect(new Set(asked).size).toBe(asked.length)
    expect(asked.length).toBeGreaterThanOrEqual(1)
    expect(asked.length).toBeLessThanOrEqual(4)
    expect(sample.task).toBe('chat')
  }
})

test('in turn, each task comes in each language equally often', async () => {
  const samples = await many(text({ order: 'in-turn' }), 8)
  const counts = new Map<string, number>()
  for (const { task, language } of samples)
    counts.set(`${task} ${language}`, (counts.get(`${task} ${language}`) ?? 0) + 1)
  expect(Object.fromEntries(counts)).toEqual({ 'ocr en': 2, 'ocr zh': 2, 'read en': 2, 'read zh': 2 })
})

test('prices on a receipt add up to its total', () => {
  const hundredths = (price: string) => Math.round(Number(price.replace(/[^\d.]/g, '')) * 100)
  for (let seed = 0; seed < 30; seed++) {
    const language = seed % 2 === 0 ? 'en' : 'zh'
    const { readable } = composeDocument(new Random('receipt', seed), materials, {
      ...usual,
      language,
      kind: 'receipt',
    })
    const told = (ask: string) => readable.facts.filter(fact => fact.ask === ask).map(fact => hundredths(fact.answer))
    expect(told('price').length).toBeGreaterThan(0)
    expect(told('total')).toEqual([told('price').reduce((sum, price) => sum + price, 0)])
  }
})

test('a page has few enough lines that all of them with their places are a short text', () => {
  for (const kind of pageKinds) {
    for (let seed = 0; seed < 20; seed++) {
      const { lines } = composeDocument(new Random('short', seed), materials, { ...usual, language: 'zh', kind })
      expect(lines.length, kind).toBeGreaterThanOrEqual(2)
      expect(lines.length, kind).toBeLessThanOrEqual(8)
    }
  }
})

test.each([
  [
    'text',
    textRecipeSchema,
    'contnets:\n  word: 1\n',
    /recipe.yaml:1:1: contnets is no key of a recipe; did you mean contents\?/,
  ],
  [
    'text',
    textRecipeSchema,
    'contents: { wrod: 1 }\n',
    /recipe.yaml:1:13: contents.wrod is no key .* contents has word, random/,
  ],
  [
    'documents',
    documentRecipeSchema,
    'kinds: { menu: 0 }\n',
    /kinds has nothing that is drawn: at least one of receipt,/,
  ],
  ['documents', documentRecipeSchema, 'exchanges: [3, 1]\n', /exchanges begins with the larger one/],
] as const)('a recipe of %s with a mistake is refused, naming it (%#)', (_, schema, yaml, message) => {
  const { contents, places } = parseYaml(yaml, 'recipe.yaml')
  expect(() => checkRecipe(schema, contents, places)).toThrow(message)
})
