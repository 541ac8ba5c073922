import { assert, integer, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode, describePreprocess, normalise, PictureError, preprocess, resize } from '../../src/image/index.ts'
import { bytes, crc32, goldens } from './fixtures.ts'

const model = { width: 448, height: 448 }

test.each(goldens)('$file ($about) is decoded and resized to 448×448 as the reference, byte for byte', async golden => {
  const picture = await decode(bytes(`golden/${golden.file}`))
  expect([picture.width, picture.height]).toEqual([golden.width, golden.height])
  expect(crc32(picture.rgb)).toBe(golden.decodedCrc32)
  expect(crc32(resize(picture, model))).toBe(golden.resizedCrc32)
})

test.each(goldens)('$file has the reference mean per channel after normalising', async golden => {
  const pixels = preprocess(await decode(bytes(`golden/${golden.file}`)), 448) // [3, 448, 448]
  for (const channel of [0, 1, 2]) {
    const plane = pixels.subarray(channel * 448 * 448, (channel + 1) * 448 * 448)
    const mean = plane.reduce((sum, value) => sum + value, 0) / plane.length
    expect(Math.abs(mean - golden.normalisedMean[channel]!)).toBeLessThan(1e-6)
  }
})

test('the tensor that goes into the model equals the reference in every bit', async () => {
  const pixels = preprocess(await decode(bytes('golden/pixels_70x45.png')), 56) // [3, 56, 56]
  const reference = bytes('golden/pixels_70x45.56.float32.bin')
  expect(Buffer.compare(Buffer.from(pixels.buffer), reference)).toBe(0)
})

describe('resizing', () => {
  const side = integer({ min: 1, max: 60 })
  const sides = tuple(side, side, side, side)

  test('a picture of one colour stays of that colour', () => {
    const colour = tuple(integer({ min: 0, max: 255 }), integer({ min: 0, max: 255 }), integer({ min: 0, max: 255 }))
    assert(
      property(sides, colour, ([width, height, toWidth, toHeight], colour) => {
        const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]!)
        const result = resize({ width, height, rgb }, { width: toWidth, height: toHeight })
        expect(result.length).toBe(toWidth * toHeight * 3)
        expect(result.every((value, i) => value === colour[i % 3])).toBe(true)
      }),
    )
  })

  test('to its own size is the identity, on a copy', async () => {
    const picture = await decode(bytes('golden/rgb_61x43.png'))
    const same = resize(picture, { width: 61, height: 43 })
    expect(Buffer.compare(same, picture.rgb)).toBe(0)
    expect(same).not.toBe(picture.rgb)
  })

  test('width and height do not depend on each other: turning the picture turns the result, when one is kept', () => {
    assert(
      property(side, side, integer({ min: 0, max: 1000 }), (length, to, seed) => {
        const rgb = Uint8Array.from({ length: length * 3 }, (_, i) => (i * 73 + seed * 31 * (i % 7)) % 256)
        const lying = resize({ width: length, height: 1, rgb }, { width: to, height: 1 })
        const standing = resize({ width: 1, height: length, rgb }, { width: 1, height: to })
        expect(standing).toEqual(lying)
      }),
    )
  })

  test('refuses sizes that do not fit, with the numbers', () => {
    const rgb = new Uint8Array(10)
    expect(() => resize({ width: 2, height: 2, rgb }, model)).toThrow(
      'a picture of 2×2 needs 12 bytes of RGB (at least 3), got 10',
    )
    expect(() => resize({ width: 1, height: 1, rgb: new Uint8Array(3) }, { width: 0, height: 4.5 })).toThrow(
      'cannot resize to 0×4.5',
    )
    expect(() => normalise(rgb, 2)).toThrow(PictureError)
  })
})

test('a person is told what the picture became', () => {
  expect(describePreprocess({ width: 1300, height: 33 }, 448)).toEqual({
    scaleX: 448 / 1300,
    scaleY: 448 / 33,
    text: '1300×33 becomes 448×448: ×0.345 across, ×13.576 down, stretched to a square; 2.9 source pixels make one across',
  })
  expect(describePreprocess(model, 448).text).toBe('448×448 becomes 448×448: ×1.000 across, ×1.000 down')
})
