/** What holds for every metric, whatever it measures. */
import { describe, expect, test } from 'vitest'
import {
  anls,
  bleu,
  cider,
  circularAccuracy,
  circularMajority,
  exactMatch,
  groundingAccuracy,
  judge,
  linesF1,
  linesRead,
  type Metric,
  meanOverlap,
  mme,
  phraseF1,
  pope,
  quadAccuracy,
  relaxedAccuracy,
  rougeL,
  vqaAccuracy,
} from '../../src/evaluate/metrics/index.ts'
import { unitBox } from '../../src/text/index.ts'

interface Case<Item> {
  readonly metric: Metric<Item>
  /** Two samples that differ. */
  readonly perfect: readonly [Item, Item]
  readonly wrong: readonly [Item, Item]
  /** How far from `best` perfect answers may be. */
  readonly within?: number
}

const text = (prediction: string, ...references: string[]) => ({ prediction, references })
const words = {
  perfect: [text('a red cup', 'a red cup'), text('12', '12')],
  wrong: [text('zebra', 'a red cup'), text('many', '12')],
} as const
const captions = {
  perfect: [
    text('A man rides a brown horse.', 'a man rides a brown horse'),
    text('Two dogs play in snow', 'two dogs play in snow'),
  ],
  wrong: [text('zebra', 'a man rides a brown horse'), text('', 'two dogs play in snow')],
} as const
const chinese = {
  perfect: [text('两只狗在雪地里玩。', '两只狗在雪地里玩'), text('一个男人骑着马', '一个男人骑着马')],
  wrong: [text('斑马', '两只狗在雪地里玩'), text('', '一个男人骑着马')],
} as const

const box = (prediction: string) => ({ prediction, box: [0, 0, 64, 48] as const, width: 640, height: 480 })
const boxes = {
  perfect: [box('<box>(0,0),(100,100)</box>'), box('(0,0),(99.9,99.9)')],
  wrong: [box('<box>(500,500),(600,600)</box>'), box('I see no such thing')],
} as const
const square = [
  [0, 0],
  [100, 0],
  [100, 50],
  [0, 50],
] as const
const quads = {
  perfect: [
    { prediction: '<ref>EXIT</ref><quad>(0,0),(100,0),(100,50),(0,50)</quad>', quad: square },
    { prediction: '<quad>(100,50),(0,50),(0,0),(100,0)</quad>', quad: square },
  ],
  wrong: [
    { prediction: '<quad>(500,500),(600,500),(600,600),(500,600)</quad>', quad: square },
    { prediction: 'EXIT', quad: square },
  ],
} as const
const phrase = (prediction: string) => ({ prediction, phrases: [{ labels: ['dog'], box: unitBox(0, 0, 100, 100) }] })
const phrases = {
  perfect: [phrase('<ref>a dog</ref><box>(0,0),(100,100)</box>'), phrase('<ref>Dog</ref><box>(0,0),(98,98)</box>.')],
  wrong: [phrase('<ref>a dog</ref><box>(500,500),(600,600)</box>'), phrase('a dog')],
} as const
const page = (prediction: string) => ({ prediction, lines: [{ text: 'EXIT 12', quad: square }] })
const pages = {
  perfect: [
    page('<ref>EXIT 12</ref><quad>(0,0),(100,0),(100,50),(0,50)</quad>'),
    page('<ref> EXIT  12</ref><quad>(0,0),(100,0),(100,50),(0,50)</quad>'),
  ],
  wrong: [page('<ref>EXIT 13</ref><quad>(0,0),(100,0),(100,50),(0,50)</quad>'), page('EXIT 12')],
} as const
const yesNo = {
  perfect: [
    { prediction: 'Yes', label: 'yes' },
    { prediction: 'no, there is not', label: 'no' },
  ],
  wrong: [
    { prediction: 'No', label: 'yes' },
    { prediction: 'yes', label: 'no' },
  ],
} as const
const pictures = {
  perfect: [{ questions: yesNo.perfect }, { questions: yesNo.perfect }],
  wrong: [{ questions: yesNo.wrong }, { questions: yesNo.wrong }],
} as const
const rotated = (...predictions: string[]) => ({
  rotations: predictions.map(prediction => ({ prediction, answer: 'red' })),
})
const rotations = {
  perfect: [rotated('red', 'red'), rotated('red', 'red', 'red')],
  wrong: [rotated('blue', 'blue'), rotated('blue', 'green')],
} as const

const suite = <Item>(metric: Metric<Item>, samples: Omit<Case<Item>, 'metric'>): Case<unknown> =>
  ({ metric, ...samples }) as Case<unknown>

const cases: Case<unknown>[] = [
  suite(exactMatch, words),
  suite(anls, words),
  suite(relaxedAccuracy(), words),
  suite(relaxedAccuracy('reference'), words),
  suite(vqaAccuracy(), {
    ...words,
    perfect: [text('red', ...Array<string>(10).fill('red')), text('2', ...Array<string>(10).fill('2'))],
  }),
  suite(vqaAccuracy('official'), {
    ...words,
    perfect: [text('red', ...Array<string>(10).fill('red')), text('2', ...Array<string>(10).fill('2'))],
  }),
  suite(cider(), captions),
  suite(cider('zh'), chinese),
  suite(bleu(1), { ...captions, within: 1e-6 }),
  suite(bleu(4), { ...captions, within: 1e-6 }),
  suite(bleu(4, 'zh'), { ...chinese, within: 1e-6 }),
  suite(rougeL(), captions),
  suite(rougeL('zh'), chinese),
  suite(groundingAccuracy(), boxes),
  suite(groundingAccuracy(0.75), boxes),
  suite(meanOverlap, { ...boxes, within: 0.01 }),
  suite(quadAccuracy(), quads),
  suite(phraseF1(), phrases),
  suite(linesRead(), pages),
  suite(linesF1(), pages),
  suite(pope('accuracy'), yesNo),
  suite(pope('f1'), yesNo),
  suite(mme, pictures),
  suite(circularAccuracy, rotations),
  suite(circularMajority, rotations),
]

test('each metric has an id of its own', () => {
  const ids = cases.map(({ metric }) => metric.id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.filter(id => !/^[a-z0-9-]+$/.test(id))).toEqual([])
})

describe.each(cases.map(each => [each.metric.id, each] as const))(
  '%s',
  (_, { metric, perfect, wrong, within = 1e-9 }) => {
    test('perfect answers reach its best figure', () => {
      const { value, scores } = judge(metric, perfect)
      expect(Math.abs(value - metric.best)).toBeLessThanOrEqual(within * metric.best)
      for (const score of scores) expect(score).toBeGreaterThanOrEqual(metric.best * (1 - within) - 1e-9)
    })

    test('wrong answers are near 0', () => {
      const { value, scores } = judge(metric, wrong)
      expect(value).toBeLessThan(0.01)
      for (const score of scores) expect(score).toBeLessThan(0.01)
    })

    test('the figure lies between those of right and of wrong answers, inside of its interval', () => {
      const { value, low, high, samples, metric: id } = judge(metric, [perfect[0], wrong[1], perfect[1], wrong[0]])
      expect(id).toBe(metric.id)
      expect(samples).toBe(4)
      expect(value).toBeGreaterThan(0)
      expect(value).toBeLessThan(metric.best)
      expect(low).toBeLessThanOrEqual(value)
      expect(high).toBeGreaterThanOrEqual(value)
      expect(low).toBeGreaterThanOrEqual(0)
      expect(high).toBeLessThanOrEqual(metric.best + 1e-9)
    })

    test('the order of samples does not matter', () => {
      const items = [perfect[0], wrong[1], perfect[1]]
      const there = judge(metric, items)
      const back = judge(metric, [...items].reverse())
      expect(back.value).toBeCloseTo(there.value, 12)
      for (const [at, score] of [...back.scores].reverse().entries()) expect(score).toBeCloseTo(there.scores[at]!, 12)
    })

    test('no samples are refused', () => {
      expect(() => judge(metric, [])).toThrow(/no samples to score/)
    })
  },
)

test.each([exactMatch, anls, relaxedAccuracy(), vqaAccuracy(), cider(), bleu(), rougeL()])(
  '$id refuses a sample without references',
  metric => {
    expect(() => judge(metric, [text('a dog')])).toThrow(
      'the answer "a dog" has no reference: give at least one right text',
    )
  },
)
