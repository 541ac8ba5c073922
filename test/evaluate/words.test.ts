import { describe, expect, test } from 'vitest'
import {
  anls,
  evalAiAnswer,
  exactMatch,
  gqaAnswer,
  judge,
  type Metric,
  relaxedAccuracy,
  type TextItem,
  vqaAccuracy,
  vqaAnswer,
} from '../../src/evaluate/metrics/index.ts'
import { withoutArticles, withoutPunctuation } from '../../src/evaluate/metrics/vqaAnswer.ts'
import { wordCases } from './fixtures.ts'

const cases = wordCases()

/** The samples whose score differs from the reference's by more than `within`, with both. */
function differences(
  metric: Metric<TextItem>,
  items: readonly (readonly [string, string[], ...number[]])[],
  column: 0 | 1,
  { scale = 1, within = 1e-12 } = {},
) {
  const { scores, value } = judge(
    metric,
    items.map(([prediction, references]) => ({ prediction, references })),
  )
  const wrong = items.flatMap(([prediction, references, ...expected], at) => {
    const [got, want] = [scores[at]! * scale, expected[column]!]
    return Math.abs(got - want) <= within ? [] : [{ prediction, references, got, want }]
  })
  return { wrong, value: value * scale }
}

describe('equal to the reference implementation, sample by sample and in all', () => {
  test('exact match, as Python lowers and strips', () => {
    const { wrong, value } = differences(exactMatch, cases.exactMatch.items, 0)
    expect(wrong).toEqual([])
    expect(value).toBeCloseTo(cases.exactMatch.figure, 12)
  })

  test('ANLS', () => {
    const { wrong, value } = differences(anls, cases.anls.items, 0)
    expect(wrong).toEqual([])
    expect(value).toBeCloseTo(cases.anls.figure, 12)
  })

  test('relaxed accuracy, relative to the answer and to the reference', () => {
    const { items, figure, figureOfReference } = cases.relaxedAccuracy
    const published = differences(relaxedAccuracy(), items, 0)
    const meant = differences(relaxedAccuracy('reference'), items, 1)
    expect(published).toEqual({ wrong: [], value: figure })
    expect(meant).toEqual({ wrong: [], value: figureOfReference })
  })

  test("VQA accuracy, by Qwen-VL's rules and by the official ones, which round to a hundredth", () => {
    const { items, figure, figureOfficial } = cases.vqaAccuracy
    const qwen = differences(vqaAccuracy(), items, 0, { scale: 100, within: 0.00501 })
    const official = differences(vqaAccuracy('official'), items, 1, { scale: 100, within: 0.00501 })
    expect([qwen.wrong, official.wrong]).toEqual([[], []])
    expect(Math.abs(qwen.value - figure)).toBeLessThan(0.00501)
    expect(Math.abs(official.value - figureOfficial)).toBeLessThan(0.00501)
  })

  test('answers of VQA made comparable, step by step', () => {
    const wrong = cases.vqaAnswers.filter(
      ([text, punctuation, articles, all, evalAi]) =>
        withoutPunctuation(text) !== punctuation ||
        withoutArticles(text) !== articles ||
        vqaAnswer(text) !== all ||
        evalAiAnswer(text) !== evalAi,
    )
    expect(wrong).toEqual([])
  })
})

test.each([
  ['The animal is a dog of some kind, I think.', 'dog'],
  ['Red!', 'red'],
  ['  man', '  man'],
  ['this is it', ''], // split at the "is " of "this ", as the original does
  ['the left of the picture', 'left'],
])('the answer of GQA in "%s" is "%s"', (text, answer) => {
  expect(gqaAnswer(text)).toBe(answer)
})
