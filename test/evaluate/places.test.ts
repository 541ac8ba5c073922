import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  answeredOverlap,
  boxOverlap,
  groundingAccuracy,
  judge,
  linesF1,
  linesRead,
  phraseF1,
  plainLabel,
  quadAccuracy,
  quadOverlap,
} from '../../src/evaluate/metrics/index.ts'
import { mostPairs } from '../../src/evaluate/metrics/pairing.ts'
import { type Point, type Quad, unitBox } from '../../src/text/index.ts'
import { boxCases } from './fixtures.ts'

describe('boxes of referring expressions', () => {
  const { items, figure } = boxCases()
  const grounding = items.map(([prediction, box, width, height]) => ({ prediction, box, width, height }))

  test('overlaps equal the official evaluation, bit by bit of float32', () => {
    const wrong = items.filter((each, at) => Math.fround(each[4]) !== answeredOverlap(grounding[at]!) + 0)
    expect(wrong).toEqual([])
  })

  test('and so do right answers and the accuracy', () => {
    const { scores, value } = judge(groundingAccuracy(), grounding)
    expect(scores).toEqual(items.map(([, , , , , right]) => right))
    expect(value).toBeCloseTo(figure, 12)
  })

  test('the overlap of boxes is that of their units', () => {
    const box = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 9 })))
    const covers = ([left, top, right, bottom]: number[], x: number, y: number) =>
      left! <= x && x < right! && top! <= y && y < bottom!
    fc.assert(
      fc.property(box, box, (a, b) => {
        const cells = Array.from({ length: 81 }, (_, at) => [
          covers(a, at % 9, Math.floor(at / 9)),
          covers(b, at % 9, Math.floor(at / 9)),
        ])
        const both = cells.filter(([one, other]) => one && other).length
        const any = cells.filter(([one, other]) => one || other).length
        expect(boxOverlap(a as never, b as never)).toBeCloseTo(any === 0 ? 0 : both / any, 12)
      }),
    )
  })
})

describe('quadrilaterals', () => {
  const upright = (x: number, y: number, width: number, height: number): Quad => [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ]
  const size = fc.integer({ min: 1, max: 50 })
  const place = fc.integer({ min: 0, max: 60 })
  const any = fc.tuple(...Array.from({ length: 4 }, () => fc.tuple(place, place))) as fc.Arbitrary<Point[]>

  test('upright ones overlap as boxes do', () => {
    fc.assert(
      fc.property(place, place, size, size, place, place, size, size, (x, y, w, h, x2, y2, w2, h2) => {
        const expected = boxOverlap([x, y, x + w, y + h], [x2, y2, x2 + w2, y2 + h2])
        expect(quadOverlap(upright(x, y, w, h), upright(x2, y2, w2, h2))).toBeCloseTo(expected, 10)
      }),
    )
  })

  test('overlap is the same both ways, of turned pictures, and whatever corner comes first', () => {
    const turned = (points: Point[]) =>
      points.map(([x, y]) => [0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y]) as unknown as Quad
    fc.assert(
      fc.property(any, any, (a, b) => {
        const overlap = quadOverlap(a as never, b as never)
        expect(overlap).toBeGreaterThanOrEqual(0)
        expect(overlap).toBeLessThanOrEqual(1 + 1e-9)
        expect(quadOverlap(b as never, a as never)).toBeCloseTo(overlap, 8)
        expect(quadOverlap(turned(a), turned(b))).toBeCloseTo(overlap, 8)
        expect(quadOverlap([a[2], a[0], a[3], a[1]] as never, b as never)).toBeCloseTo(overlap, 8)
      }),
    )
  })

  test('a square and itself turned by 45° share what they share', () => {
    const tip = Math.SQRT2
    const diamond: Quad = [
      [0, -tip],
      [tip, 0],
      [0, tip],
      [-tip, 0],
    ] // of side 2, as the square
    const octagon = 8 * (Math.SQRT2 - 1)
    expect(quadOverlap(upright(-1, -1, 2, 2), diamond)).toBeCloseTo(octagon / (8 - octagon), 12)
  })

  test('one without area overlaps nothing', () => {
    expect(
      quadOverlap(
        [
          [0, 0],
          [5, 5],
          [9, 9],
          [3, 3],
        ],
        upright(0, 0, 9, 9),
      ),
    ).toBe(0)
  })

  test('an upright box in the answer will do', () => {
    const quad = upright(100, 100, 200, 40)
    expect(judge(quadAccuracy(), [{ prediction: '<box>(100,100),(300,140)</box>', quad }]).value).toBe(1)
  })
})

test('as many pairs are made as can be, in any order', () => {
  const edges = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { maxLength: 12 })
  const most = (allowed: Set<string>, wanted: number[], given: number[]): number => {
    const [first, ...rest] = wanted
    if (first === undefined) return 0
    const taken = given.filter(each => allowed.has(`${first},${each}`))
    return Math.max(
      most(allowed, rest, given),
      ...taken.map(
        each =>
          1 +
          most(
            allowed,
            rest,
            given.filter(other => other !== each),
          ),
      ),
    )
  }
  fc.assert(
    fc.property(edges, list => {
      const allowed = new Set(list.map(String))
      const five = [0, 1, 2, 3, 4]
      expect(mostPairs(five, five, (a, b) => allowed.has(`${a},${b}`))).toBe(most(allowed, five, five))
    }),
  )
})

describe('phrases of a grounded caption', () => {
  const dog = { labels: ['dog', 'puppy'], box: unitBox(0, 0, 100, 100) }
  const ball = { labels: ['red ball'], box: unitBox(200, 200, 300, 300) }
  const f1 = (prediction: string, phrases = [dog, ball]) => judge(phraseF1(), [{ prediction, phrases }]).value
  const seen =
    '<ref>A puppy</ref><box>(0,0),(100,100)</box> with <ref>the red  ball</ref><box>(200,200),(300,300)</box>.'

  test('are right with one of the names, at the right place', () => expect(f1(seen)).toBe(1))
  test('lower it by half each way where one of two is left out', () => {
    expect(f1('<ref>a dog</ref><box>(0,0),(100,100)</box>')).toBeCloseTo(2 / 3, 12)
  })
  test('are wrong with a wrong name', () => expect(f1(seen.replace('puppy', 'cat'))).toBe(0.5))
  test('are wrong without a name', () => expect(f1('<box>(0,0),(100,100)</box>', [dog])).toBe(0))
  test('count once, however often they are said', () => expect(f1(`${seen} ${seen}`)).toBeCloseTo(2 / 3, 12))
  test('count for each of their boxes', () => {
    const both = [dog, { ...dog, box: unitBox(500, 0, 600, 100) }]
    expect(
      f1(
        '<ref>dogs</ref><box>(0,0),(100,100)</box><box>(500,0),(600,100)</box>',
        both.map(each => ({ ...each, labels: ['dogs'] })),
      ),
    ).toBe(1)
  })
  test('are added up over samples', () => {
    const items = [
      { prediction: seen, phrases: [dog, ball] },
      { prediction: 'nothing', phrases: [dog] },
    ]
    expect(judge(phraseF1(), items)).toMatchObject({ value: 4 / 5, scores: [1, 0] })
  })
  test('none where there are none is right', () => expect(f1('grass', [])).toBe(1))
  test('have labels without articles and punctuation', () => {
    expect(['The  Red Cup.', 'an apple', 'a', 'theatre', '红色的杯子。'].map(plainLabel)).toEqual([
      'red cup',
      'apple',
      'a',
      'theatre',
      '红色的杯子',
    ])
  })
})

test('lines that are not there lower F1 and not the share of lines read', () => {
  const quad: Quad = [
    [0, 0],
    [100, 0],
    [100, 50],
    [0, 50],
  ]
  const written = (text: string) => `<ref>${text}</ref><quad>(0,0),(100,0),(100,50),(0,50)</quad>`
  const items = [{ prediction: written('出口') + written('EXIT') + written('exit'), lines: [{ text: '出口', quad }] }]
  expect(judge(linesRead(), items).value).toBe(1)
  expect(judge(linesF1(), items).value).toBe(0.5)
})
