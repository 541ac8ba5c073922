/** How exchanges are dressed: in the words of the paper's tasks and of the product's commands. */
import { expect, test } from 'vitest'
import { boxSamples, pairSample } from '../../../src/corpus/index.ts'
import type { SampleTurn } from '../../../src/corpus/sample.ts'
import {
  chatTurns,
  type Exchange,
  type ExchangeTask,
  exchangeAbout,
  exchangeTasks,
  familyOf,
  ocrExchange,
  rawTurns,
} from '../../../src/corpus/wording/index.ts'
import { captionQuestion, freeQuestion, locateQuestion, readQuestion } from '../../../src/generate/questions.ts'
import { parseMarkup } from '../../../src/text/index.ts'
import { temporaryFolder, writePicture } from '../files.ts'
import { contextOf, drawn, sceneOf } from './scenes.ts'

const scene = sceneOf(['car', [30, 60, 120, 120], 'red'], ['dog', [180, 150, 270, 270]])

const about = (task: ExchangeTask, language: 'en' | 'zh' = 'en'): Exchange => {
  const exchange = exchangeAbout(task, scene, language, contextOf(drawn('formats', task)))
  if (exchange === undefined) throw new Error(`nothing is said for ${task}`)
  return exchange
}

const size = { width: 300, height: 200 }
const ocr = ocrExchange(
  [
    { text: 'OPEN', quad: [[30, 20], [90, 20], [90, 40], [30, 40]] },
    { text: '茶', quad: [[30, 60], [60, 60], [60, 80], [30, 80]] },
  ],
  { size, language: 'en', random: drawn('ocr') },
) // biome-ignore format: corners in a line

/** The text of a turn without its pictures. */
const textOf = ({ parts }: SampleTurn) => parts.map(part => ('text' in part ? part.text : '')).join('')
const raw = (exchange: Exchange) => rawTurns([exchange]).map(textOf)
const commanded = (exchange: Exchange) => chatTurns([exchange], { random: drawn('chat'), commands: 1 }).map(textOf)

test('base models are asked in the words that the product asks them in', () => {
  const [colour, box] = [about('colour'), about('locate')]
  expect(raw(about('caption'))[0]).toBe(captionQuestion({}).text)
  expect(raw(about('caption', 'zh'))[0]).toBe(captionQuestion({ language: 'zh' }).text)
  expect(raw(about('grounded-caption'))[0]).toBe(captionQuestion({ grounded: true }).text)
  expect(raw(about('grounded-caption', 'zh'))[0]).toBe(captionQuestion({ language: 'zh', grounded: true }).text)
  expect(raw(ocr)[0]).toBe(readQuestion().text)
  expect(raw(colour)).toEqual([freeQuestion(colour.question, 'raw').text, ` ${colour.answer}`])
  // The product opens the box for the model; here the model learns to open it.
  expect(`${raw(box)[0]}<box>`).toBe(locateQuestion(box.phrase!, 'raw').text)
  expect(raw(box).join('')).toBe(box.answer)
})

test('chat models are asked in the words of commands when commands are all there is', () => {
  const box = about('locate')
  expect(commanded(about('caption'))[0]).toBe(captionQuestion({}).text)
  expect(commanded(about('grounded-caption', 'zh'))[0]).toBe(captionQuestion({ language: 'zh', grounded: true }).text)
  expect(commanded(ocr)[0]).toBe(readQuestion().text)
  expect(commanded(box)).toEqual([locateQuestion(box.phrase!, 'chatml').text, box.answer])
  expect(commanded(about('colour'))[0]).toBe(about('colour').question)
})

test('about half of what has a command is asked in its words', () => {
  const caption = about('caption')
  const random = drawn('half')
  const turns = Array.from({ length: 1000 }, () => textOf(chatTurns([caption], { random })[0]!))
  const share = turns.filter(text => text === captionQuestion({}).text).length / 1000
  expect(share).toBeGreaterThan(0.45)
  expect(share).toBeLessThan(0.55)
  expect(turns.every(text => text === captionQuestion({}).text || text === caption.question)).toBe(true)
})

test('raw forms are those that rows with places and captions are written in', async () => {
  const folder = temporaryFolder()
  await writePicture(`${folder}/a.png`, 300, 300)
  const same = async (row: object, exchange: Exchange) => {
    const [sample] = await boxSamples({ image: 'a.png', ...row }, { id: 'a', folder })
    expect(rawTurns([exchange])).toEqual(sample!.turns)
  }
  const box = { label: 'the car', box: [30, 60, 120, 120] }
  const located: Exchange = {
    task: 'locate',
    language: 'en',
    question: 'Where is the car?',
    phrase: 'the car',
    answer: '<ref>the car</ref><box>(100,200),(400,400)</box>',
  }
  await same({ boxes: [box] }, located)
  await same(
    { boxes: [box], caption: 'Look: <0>.' },
    { ...located, task: 'grounded-caption', answer: `Look: ${located.answer}.` },
  )
  await same(
    { boxes: [box], question: 'What colour is it?', answer: 'red' },
    {
      ...{ task: 'colour', language: 'en', question: 'What colour is it?', answer: 'red' },
    },
  )
  const quads = [[30, 20, 90, 20, 90, 40, 30, 40], [30, 60, 60, 60, 60, 80, 30, 80]] // biome-ignore format: as above
  const lines = quads.map((quad, i) => ({ label: ['OPEN', '茶'][i], quad }))
  const corners = (quad: number[]) => [0, 2, 4, 6].map(at => [quad[at]!, quad[at + 1]!] as const)
  const exchange = ocrExchange(
    lines.map(({ label, quad }) => ({ text: label!, quad: corners(quad) as never })),
    { size: { width: 300, height: 300 }, language: 'en', random: drawn('o') },
  )
  await same({ boxes: lines }, exchange)
  const pair = pairSample({ image: 'a.png', caption: 'A dog.', language: 'zh' }, { id: 'a', folder })
  expect(rawTurns([{ task: 'caption', language: 'zh', question: '?', answer: 'A dog.' }])).toEqual(pair.turns)
})

test('a region is named by its box, and the answer goes on in the sentence', () => {
  expect(raw(about('region')).join('')).toMatch(
    /^<ref>This<\/ref><box>\(\d+,\d+\),\(\d+,\d+\)<\/box> is a (red car|dog)$/,
  )
  expect(raw(about('region', 'zh')).join('')).toMatch(/^<ref>这<\/ref><box>.*<\/box>是一(辆红色的汽车|只狗)$/)
})

test('pictures stand once, before the first question', () => {
  const turns = rawTurns([about('colour'), about('count')], 2)
  expect(turns.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant'])
  expect(turns.map(({ parts }) => parts.filter(part => 'picture' in part))).toEqual([
    [{ picture: 0 }, { picture: 1 }],
    [],
    [],
    [],
  ])
})

test('read lines come with their corners, in the order given', () => {
  const { quads, text } = parseMarkup(ocr.answer)
  expect(text).toBe('OPEN 茶')
  expect(quads.map(({ label, quad }) => [label, quad[0], quad[2]])).toEqual([
    ['OPEN', [100, 100], [300, 200]],
    ['茶', [100, 300], [200, 400]],
  ])
  const bad = () => ocrExchange([{ text: '<box>', quad: [[0, 0], [9, 0], [9, 9], [0, 9]] }], { size, language: 'en', random: drawn() }) // biome-ignore format: one line
  expect(bad).toThrow('holds <box>')
})

test('every task belongs to a family of the paper', () => {
  expect(new Set(exchangeTasks.map(familyOf))).toEqual(
    new Set(['caption', 'grounded-caption', 'grounding', 'ocr', 'region', 'vqa']),
  )
})

test('an answer that does not begin with its phrase is refused', () => {
  const wrong: Exchange = { task: 'locate', language: 'en', question: '?', answer: 'there', phrase: 'the dog' }
  expect(() => rawTurns([wrong])).toThrow('begins with its phrase "the dog"')
  expect(() => rawTurns([{ ...wrong, task: 'region' }])).toThrow('names no box')
})
