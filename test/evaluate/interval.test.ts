import { expect, test } from 'vitest'
import { bootstrapInterval, exactMatch, judge, meanMetric, wilsonInterval } from '../../src/evaluate/metrics/index.ts'

test.each([
  [0, 10],
  [5, 10],
  [10, 10],
  [850, 1000],
])("the ends of Wilson's interval of %d of %d lie 1.96 deviations from the share", (right, samples) => {
  const share = right / samples
  const { low, high } = wilsonInterval(right, samples)
  for (const end of [low, high]) {
    expect((share - end) ** 2).toBeCloseTo((1.959963984540054 ** 2 * end * (1 - end)) / samples, 12)
  }
  expect(low).toBeLessThan(high)
})

test('a share above 1 is refused', () => {
  expect(() => wilsonInterval(3, 2)).toThrow('3 right of 2 samples is no share')
})

test('the bootstrap of many scores is the interval of their mean by the normal distribution', () => {
  const scores = Array.from({ length: 400 }, (_, at) => (at % 20) / 19)
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
  const deviation = Math.sqrt(
    scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length / scores.length,
  )
  const { low, high } = bootstrapInterval(
    scores.map(score => [score]),
    ([sum = 0], samples) => sum / samples,
    { resamples: 4000 },
  )
  expect(Math.abs(low - (mean - 1.96 * deviation))).toBeLessThan(0.1 * deviation)
  expect(Math.abs(high - (mean + 1.96 * deviation))).toBeLessThan(0.1 * deviation)
})

test('the same seed gives the same interval, another seed another', () => {
  const metric = meanMetric<number>('itself', item => item)
  const items = Array.from({ length: 50 }, (_, at) => Math.sin(at) ** 2)
  const interval = (seed: number) => judge(metric, items, { seed }).low
  expect(interval(1)).toBe(interval(1))
  expect(interval(1)).not.toBe(interval(2))
})

test('right and wrong answers get an interval that has a width even where all are right', () => {
  const items = Array.from({ length: 20 }, () => ({ prediction: 'red', references: ['red'] }))
  expect(judge(exactMatch, items)).toMatchObject({ value: 1, high: 1, low: wilsonInterval(20, 20).low })
})
