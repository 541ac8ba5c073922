import { describe, expect, it } from 'vitest'
import { colourShares, plainColour } from '../../../src/corpus/scenes/colour.ts'
import { noTint, paint, studyPainting } from '../../../src/corpus/scenes/recolour.ts'
import { colours } from '../../../src/corpus/scenes/scene.ts'
import { drawShape, fills, shapes } from '../../../src/corpus/scenes/shapes.ts'
import { blob } from './madeUp.ts'

const nameOf = (red: number, green: number, blue: number) => plainColour(colourShares(blob(8, 8, [red, green, blue])))

describe('the names of colours', () => {
  it.each([
    ['red', 220, 20, 30],
    ['orange', 255, 140, 0],
    ['yellow', 255, 220, 40],
    ['green', 0, 140, 60],
    ['blue', 30, 90, 220],
    ['purple', 130, 50, 180],
    ['pink', 255, 150, 190],
    ['brown', 115, 70, 40],
    ['black', 15, 15, 15],
    ['white', 252, 252, 252],
    ['grey', 145, 145, 148],
  ] as const)('%s is called so', (name, red, green, blue) => {
    expect(nameOf(red, green, blue)).toBe(name)
  })

  it('are not given to what lies between two', () => {
    expect(nameOf(60, 200, 200)).toBeUndefined()
    expect(nameOf(222, 200, 165)).toBeUndefined()
    expect(nameOf(215, 215, 215)).toBeUndefined()
    expect(nameOf(80, 80, 80)).toBeUndefined()
  })

  it('are not given to a thing of two colours', () => {
    const half = blob(40, 40, [220, 20, 30], false)
    for (let at = 0; at < half.data.length / 2; at += 4) half.data.set([30, 90, 220], at)
    expect(plainColour(colourShares(half))).toBeUndefined()
  })

  it('count only what is opaque', () => {
    const red = blob(40, 40, [220, 20, 30])
    expect(colourShares(red)[colours.indexOf('red')]).toBe(1)
    expect(plainColour(colourShares(red))).toBe('red')
  })
})

describe('painting', () => {
  it.each(colours)('gives a thing that reads as %s, whatever it was', colour => {
    for (const before of [
      [215, 30, 40],
      [240, 240, 240],
      [60, 60, 66],
      [120, 75, 45],
    ] as const) {
      const thing = blob(48, 48, before)
      const painting = studyPainting(thing, colour)
      expect(painting, `from ${before}`).toBeDefined()
      paint(thing, painting!, colour, noTint)
      expect(plainColour(colourShares(thing)), `from ${before}`).toBe(colour)
    }
  })

  it('keeps light parts lighter than dark ones', () => {
    const thing = blob(48, 48, [200, 30, 40], false)
    for (let at = 0; at < thing.data.length / 2; at += 4) thing.data.set([235, 90, 95], at)
    paint(thing, studyPainting(thing, 'blue')!, 'blue', noTint)
    expect(thing.data[1]).toBeGreaterThan(thing.data.at(-3)!)
  })

  it('leaves details of another hue as they are', () => {
    const thing = blob(48, 48, [215, 30, 40], false)
    for (let at = 0; at < thing.data.length / 6; at += 4) thing.data.set([40, 100, 220], at)
    paint(thing, studyPainting(thing, 'yellow')!, 'yellow', noTint)
    expect([...thing.data.slice(0, 3)]).toEqual([40, 100, 220])
  })
})

describe('a drawn shape', () => {
  it.each(shapes)('%s reads as each colour in each way of filling', shape => {
    for (const colour of colours) {
      for (const fill of fills) {
        const shares = colourShares(drawShape(shape, fill, colour, noTint, 60))
        expect(plainColour(shares, { most: 0.45, other: 0.5 }), `${colour}, ${fill}`).toBe(colour)
      }
    }
  })

  it('that nobody knows is refused with those that there are', () => {
    expect(() => drawShape('dodecahedron', 'flat', 'red', noTint, 20)).toThrow(/no shape "dodecahedron".*circle/)
  })
})
