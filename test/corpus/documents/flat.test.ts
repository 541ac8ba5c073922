import { expect, test } from 'vitest'
import {
  beneath,
  contrast,
  contrastWith,
  inkOf,
  inkOn,
  leastContrast,
  luminance,
} from '../../../src/corpus/documents/inks.ts'
import { inverse, ontoQuad, projected, projectedBox } from '../../../src/corpus/documents/projection.ts'
import { warpOnto } from '../../../src/corpus/documents/warp.ts'
import type { Raster } from '../../../src/corpus/materials/materials.ts'
import { Random } from '../../../src/corpus/random.ts'
import type { Quad } from '../../../src/text/index.ts'

function close(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  for (const [i, value] of found.flat().entries()) expect(value).toBeCloseTo(wanted.flat()[i]!, 6)
}

test('a sheet that is laid onto four corners ends at them, and comes back', () => {
  const quad: Quad = [
    [12, 20],
    [190, 5],
    [210, 140],
    [30, 120],
  ]
  const projection = ontoQuad(300, 200, quad)
  close(projectedBox(projection, [0, 0, 300, 200]), quad)
  const back = inverse(projection)
  close([projected(back, projected(projection, [77, 31]))], [[77, 31]])
})

test('a picture that is laid into another flat and whole replaces it, and a clear one does not', () => {
  const raster = (size: number, pixel: (at: number) => readonly number[]): Raster => {
    const data = new Uint8ClampedArray(Array.from({ length: size * size }, (_, at) => pixel(at)).flat())
    return { width: size, height: size, data }
  }
  const layer = raster(8, at => [at, 2 * at, 3 * at, 255])
  const picture = raster(8, () => [9, 9, 9, 255])
  const square: Quad = [
    [0, 0],
    [8, 0],
    [8, 8],
    [0, 8],
  ]
  warpOnto(picture, layer, ontoQuad(8, 8, square))
  // The outermost pixels have no neighbours to be mixed with.
  for (const at of [9, 14, 27, 45]) {
    expect([...picture.data.subarray(at * 4, at * 4 + 3)]).toEqual([at, 2 * at, 3 * at])
  }
  const before = picture.data.slice()
  warpOnto(
    picture,
    raster(8, () => [255, 0, 0, 0]),
    ontoQuad(8, 8, square),
  )
  expect(picture.data).toEqual(before)
})

test('text on one colour can be told from it', () => {
  const random = new Random('inks')
  for (let i = 0; i < 300; i++) {
    const ground = beneath(inkOf(random.float(), random.between(0, 0.25), random.between(0, 360)))
    expect(contrastWith(inkOn(random, ground), ground)).toBeGreaterThan(leastContrast)
  }
})

test('black on white has the contrast that WCAG gives it', () => {
  expect(contrast(luminance(0, 0, 0), luminance(255, 255, 255))).toBeCloseTo(21, 6)
  expect(contrast(luminance(0x76, 0x76, 0x76), luminance(255, 255, 255))).toBeCloseTo(4.54, 2)
})
