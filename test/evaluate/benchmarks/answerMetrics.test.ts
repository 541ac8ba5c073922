/** What counts as right: short answers, writing, places, captions. */
import { expect, test } from 'vitest'
import {
  boxFound,
  boxOverlapMean,
  captionLikeness,
  exactAnswer,
  exactWriting,
  groundedPhrases,
  linesFound,
} from '../../../src/evaluate/benchmarks/answerMetrics.ts'
import { majorityAnswers } from '../../../src/evaluate/benchmarks/majority.ts'
import { type Answered, type BenchmarkItem, judge, type Metric } from '../../../src/evaluate/index.ts'

const item = (...references: string[]): BenchmarkItem => ({
  ...{ id: 'a', task: 'b', format: 'chatml', pictures: [], turns: [], references },
})
const score = (metric: Metric<Answered>, prediction: string, ...references: string[]) =>
  judge(metric, [{ item: item(...references), prediction }]).value

test.each<[string, string, number]>([
  ['Red.', 'red', 1],
  ['a car', 'car', 1],
  ['The  car', 'a car', 1],
  ['ｃａｒ！', 'car', 1],
  ['“左边”。', '左边', 1],
  ['３', '3', 1],
  ['cart', 'car', 0],
  ['a', 'the', 0],
  ['<ref>the dog</ref><box>(1,2),(3,4)</box>', 'dog', 1],
  ['', 'car', 0],
])('%j for %j scores %d as a short answer', (prediction, reference, right) => {
  expect(score(exactAnswer, prediction, reference)).toBe(right)
})

test('any of the references is right', () => {
  expect(score(exactAnswer, 'gray', 'grey', 'gray')).toBe(1)
})

test('a short answer that is a place is right where half of it overlaps', () => {
  const place = '<ref>it</ref><box>(0,0),(100,100)</box>'
  expect(score(exactAnswer, '<box>(0,0),(100,60)</box>', place)).toBe(1)
  expect(score(exactAnswer, '<box>(0,0),(100,40)</box>', place)).toBe(0)
  expect(score(exactAnswer, 'it', place)).toBe(0)
})

test.each<[string, string, number]>([
  ['OPEN', 'OPEN', 1],
  ['“OPEN”', 'OPEN', 1],
  ['open', 'OPEN', 0],
  ['THE END', 'END', 0],
  ['ＯＰＥＮ', 'OPEN', 1],
  ['$4.50', '$4.50', 1],
  ['4.50', '$4.50', 0],
])('%j for %j scores %d as writing', (prediction, reference, right) => {
  expect(score(exactWriting, prediction, reference)).toBe(right)
})

test('boxes are found by their overlap, with or without their label', () => {
  const right = '<ref>the dog</ref><box>(0,0),(100,100)</box>'
  expect(score(boxFound(0.5), '<box>(0,0),(100,70)</box>', right)).toBe(1)
  expect(score(boxFound(0.75), '<ref>a cat</ref><box>(0,0),(100,70)</box>', right)).toBe(0)
  expect(score(boxOverlapMean, '<box>(0,0),(100,70)</box>', right)).toBeCloseTo(0.7)
  expect(score(boxFound(0.5), 'nowhere', right)).toBe(0)
})

test('phrases are compared with the caption that suits them best', () => {
  const one = '<ref>A dog</ref><box>(0,0),(100,100)</box> on <ref>a mat</ref><box>(0,0),(500,500)</box>'
  const other = '<ref>The dog</ref><box>(0,0),(100,100)</box>.'
  expect(score(groundedPhrases, '<ref>a dog</ref><box>(0,0),(100,90)</box>', one)).toBeCloseTo(2 / 3)
  expect(score(groundedPhrases, '<ref>a dog</ref><box>(0,0),(100,90)</box>', one, other)).toBe(1)
})

test('a line is read where its text and its place are right', () => {
  const line = (text: string, x: number) =>
    `<ref>${text}</ref><quad>(${x},0),(${x + 50},0),(${x + 50},20),(${x},20)</quad>`
  const page = `${line('Tea', 0)} ${line('Milk', 100)}`
  expect(score(linesFound, page, page)).toBe(1)
  expect(score(linesFound, `${line('Tea', 2)} ${line('Milk', 300)}`, page)).toBe(0.5)
  expect(score(linesFound, 'Tea Milk', page)).toBe(0)
})

test('captions are compared as people read them, by language', () => {
  const answered = (language: 'en' | 'zh', ...captions: [string, string][]) =>
    judge(
      captionLikeness(language),
      captions.map(([prediction, reference]) => ({ item: item(reference), prediction })),
    ).value
  const english: [string, string][] = [
    ['<ref>A small dog</ref><box>(1,2),(3,4)</box> on a lawn', 'A small dog on a lawn.'],
    ['Two cats in a basket', 'Two cats in a basket.'],
  ]
  expect(answered('en', ...english)).toBeCloseTo(10)
  expect(
    answered('zh', ['一只小狗在草地上。', '一只小狗在草地上'], ['两只猫睡在篮子里', '两只猫睡在篮子里']),
  ).toBeCloseTo(10)
})

test('the majority says the most frequent right answer, whatever its case, and the mean of boxes', () => {
  const say = (majority: 'answer' | 'box' | undefined, ...answers: string[]) =>
    majorityAnswers(
      majority === undefined ? {} : { majority },
      answers.map(answer => item(answer)),
    )?.[0]?.prediction
  expect(say('answer', 'red', 'blue', 'Blue.', 'green')).toBe('Blue.')
  expect(say('answer', 'red', 'blue')).toBe('red')
  expect(say('box', '<box>(0,0),(10,20)</box>', '<ref>a</ref><box>(100,100),(110,120)</box>')).toBe(
    '<box>(50,50),(60,70)</box>',
  )
  expect(say('box', 'nowhere')).toBeUndefined()
  expect(say(undefined, 'red')).toBeUndefined()
})
