/** Units and pixels: one rounding, and its inverse. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  boxAround,
  parseMarkup,
  quadToPixels,
  quadToUnits,
  toPixels,
  toUnits,
  type UnitBox,
  unitBox,
  writeBoxes,
} from '../../src/text/index.ts'

const unit = fc.integer({ min: 0, max: 1000 })
const units = fc.tuple(unit, unit, unit, unit).map(numbers => unitBox(...numbers))

describe('a box survives the way there and back', () => {
  test('pixels → units → pixels, in every picture of at most 1000 pixels each way', () => {
    const sides = fc.integer({ min: 1, max: 1000 })
    const picture = fc.tuple(sides, sides).chain(([width, height]) => {
      const [x, y] = [fc.integer({ min: 0, max: width }), fc.integer({ min: 0, max: height })]
      return fc.tuple(fc.constant({ width, height }), x, y, x, y)
    })
    fc.assert(
      fc.property(picture, ([size, xa, ya, xb, yb]) => {
        const box = { left: Math.min(xa, xb), top: Math.min(ya, yb), right: Math.max(xa, xb), bottom: Math.max(ya, yb) }
        expect(toPixels(toUnits(box, size), size)).toEqual(box)
      }),
      { numRuns: 2000 },
    )
  })

  test('units → pixels → units, in every picture of at least 1000 pixels each way', () => {
    const sides = fc.integer({ min: 1000, max: 60_000 })
    fc.assert(
      fc.property(units, sides, sides, (box, width, height) => {
        expect(toUnits(toPixels(box, { width, height }), { width, height })).toEqual(box)
      }),
      { numRuns: 2000 },
    )
  })

  test('units → markup → units → pixels → units', () => {
    const size = { width: 4000, height: 1000 }
    fc.assert(
      fc.property(units, box => {
        const written = parseMarkup(writeBoxes([box], 'it')).boxes[0]!.box
        const most = ({ x1, y1, x2, y2 }: UnitBox) => [x1, y1, x2, y2].map(each => Math.min(each, 999))
        expect(most(written)).toEqual(most(box))
        expect(toUnits(toPixels(written, size), size)).toEqual(written)
      }),
    )
  })

  test('quadrilaterals, corner by corner', () => {
    const quad = [
      [0, 0],
      [999, 10],
      [1000, 1000],
      [5, 990],
    ] as const
    const size = { width: 3000, height: 2000 }
    expect(quadToPixels(quad, size)[1]).toEqual([2997, 20])
    expect(quadToUnits(quadToPixels(quad, size), size)).toEqual(quad)
    expect(boxAround(quad)).toEqual({ x1: 0, y1: 0, x2: 1000, y2: 1000 })
  })
})

test('pixels are those of the original, ⌊u · size / 1000⌋, without its loss of a pixel to floating point', () => {
  const x2 = (u: number, width: number) => toPixels(unitBox(0, 0, u, 0), { width, height: 1 }).right
  expect(x2(505, 640)).toBe(323)
  expect(x2(1000, 640)).toBe(640)
  expect([Math.trunc((580 / 1000) * 50), x2(580, 50)]).toEqual([28, 29])
})

test('extreme shapes: each side has its own scale, since the model sees every picture as a square', () => {
  const size = { width: 4000, height: 20 }
  expect(toPixels(unitBox(250, 250, 500, 500), size)).toEqual({ left: 1000, top: 5, right: 2000, bottom: 10 })
})

test('corners in any order, and outside of the picture, are put right', () => {
  expect(unitBox(900, 1200, 100, -5)).toEqual({ x1: 100, y1: 0, x2: 900, y2: 1000 })
  const size = { width: 100, height: 100 }
  expect(toUnits({ left: 150, top: 30, right: -9, bottom: 10 }, size)).toEqual({ x1: 0, y1: 100, x2: 1000, y2: 300 })
})

test('a picture without a size is refused', () => {
  for (const width of [0, -1, 1.5, Number.NaN]) {
    expect(() => toPixels(unitBox(0, 0, 1, 1), { width, height: 10 })).toThrow(/give its size in whole pixels/)
  }
})
