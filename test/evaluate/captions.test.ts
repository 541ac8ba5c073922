import { describe, expect, test } from 'vitest'
import { measureBleu } from '../../src/evaluate/metrics/bleu.ts'
import { ciderScores } from '../../src/evaluate/metrics/cider.ts'
import { bleu, chineseTokens, cider, englishTokens, judge, ptbTokens } from '../../src/evaluate/metrics/index.ts'
import { scoreRougeL } from '../../src/evaluate/metrics/rougeL.ts'
import { captionScores, tokenCases } from './fixtures.ts'

describe('English captions become tokens as in the COCO caption evaluation', () => {
  const { texts, captions } = tokenCases()

  test('awkward texts, with punctuation', () => {
    const wrong = texts.filter(([text, line]) => ptbTokens(text).join(' ') !== line)
    expect(wrong.map(([text, line]) => ({ text, line, got: ptbTokens(text).join(' ') }))).toEqual([])
  })

  test('awkward texts, without punctuation', () => {
    const got = texts.map(([text]) => englishTokens(text))
    expect(got).toEqual(texts.map(([, , tokens]) => tokens))
  })

  test('captions', () => {
    expect(captions.map(([text]) => englishTokens(text))).toEqual(captions.map(([, tokens]) => tokens))
  })

  test('a text of many signs without a blank takes no time to speak of', () => {
    for (const piece of ['a,', '<a', "n'", '1/', 'a.', '@a', 'a-', '😀']) {
      expect(ptbTokens(piece.repeat(2000)).join('').length).toBeLessThan(10_000)
    }
  })
})

test('Chinese captions become characters, with words and numbers between them whole', () => {
  expect(chineseTokens('一只猫，坐在“沙发”上。')).toEqual([...'一只猫坐在沙发上'])
  expect(chineseTokens('穿Ｔ恤的人 拿着 iPhone 12！')).toEqual([
    '穿',
    't',
    '恤',
    '的',
    '人',
    '拿',
    '着',
    'iphone',
    '12',
  ])
  expect(chineseTokens('……')).toEqual([])
})

describe('scores equal the COCO caption evaluation to 1e-9', () => {
  const { items, corpus, columns } = captionScores()
  const tokens = items.map(([prediction, references]) => ({
    prediction: prediction.split(' '),
    references: references.map(text => text.split(' ')),
  }))
  const near = (got: readonly number[], column: string) => {
    const at = columns.indexOf(column)
    const relative = got.map((score, item) => Math.abs(score - items[item]![2][at]!) / Math.max(score, 1e-12))
    expect(Math.max(...relative)).toBeLessThan(1e-9)
  }
  const mean = (scores: readonly number[]) => scores.reduce((sum, score) => sum + score, 0) / scores.length

  test('CIDEr', () => {
    const scores = ciderScores(tokens)
    near(scores, 'CIDEr')
    expect(mean(scores)).toBeCloseTo(corpus['CIDEr']!, 11)
  })

  test('ROUGE-L', () => {
    const scores = tokens.map(scoreRougeL)
    near(scores, 'ROUGE_L')
    expect(mean(scores)).toBeCloseTo(corpus['ROUGE_L']!, 11)
  })

  test.each([1, 2, 3, 4] as const)('BLEU-%d, of samples and of the corpus', longest => {
    const measures = tokens.map(item => measureBleu(item, longest))
    near(
      measures.map(({ score }) => score),
      `Bleu_${longest}`,
    )
    // Numbers are tokens too, so the corpus's figure can be had by way of texts.
    const texts = items.map(([prediction, references]) => ({ prediction, references }))
    expect(judge(bleu(longest, 'zh'), texts, { resamples: 1 }).value).toBeCloseTo(corpus[`Bleu_${longest}`]!, 11)
  })
})

test('CIDEr of a single sample is 0: nothing is rare in a set of one', () => {
  expect(judge(cider(), [{ prediction: 'a dog', references: ['a dog'] }]).value).toBe(0)
})

test('a caption that the reference repeats is worth less when repeated again', () => {
  const other = { prediction: 'two cats sleep', references: ['two cats sleep on a sofa'] }
  const score = (prediction: string) =>
    judge(cider(), [{ prediction, references: ['a man rides a brown horse'] }, other]).scores[0]!
  expect(score('a man rides a brown horse a man rides a brown horse')).toBeLessThan(score('a man rides a brown horse'))
})
