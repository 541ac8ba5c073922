/**
 * Which of the eleven colours people would call a thing. Strict: what lies between two colours (turquoise, beige,
 * olive) has no name here, and a thing has a colour only where most of it has. Knows no kinds.
 */
import type { Raster } from '../materials/materials.ts'
import { type Lab, toLab } from './oklab.ts'
import { type Colour, colours } from './scene.ts'

/** The ranges within which a colour has one name: lightness and chroma of OKLab, hue in degrees. Later ones lose. */
interface Range {
  readonly name: Colour
  readonly lightness: readonly [number, number]
  readonly chroma: readonly [number, number]
  /** From, to: clockwise, so that 340 to 10 goes over 0. */
  readonly hue?: readonly [number, number]
}

const ranges: readonly Range[] = [
  { name: 'black', lightness: [0, 0.2], chroma: [0, 0.09] },
  { name: 'black', lightness: [0.2, 0.27], chroma: [0, 0.055] },
  { name: 'black', lightness: [0.27, 0.345], chroma: [0, 0.032] },
  { name: 'white', lightness: [0.895, 1.01], chroma: [0, 0.025] },
  { name: 'grey', lightness: [0.53, 0.8], chroma: [0, 0.032] },
  { name: 'red', lightness: [0.34, 0.7], chroma: [0.145, 0.4], hue: [12, 38] },
  { name: 'red', lightness: [0.3, 0.5], chroma: [0.115, 0.4], hue: [8, 32] },
  { name: 'orange', lightness: [0.62, 0.86], chroma: [0.135, 0.4], hue: [46, 73] },
  { name: 'yellow', lightness: [0.76, 1], chroma: [0.1, 0.4], hue: [84, 112] },
  { name: 'green', lightness: [0.27, 0.92], chroma: [0.065, 0.4], hue: [120, 166] },
  { name: 'blue', lightness: [0.27, 0.9], chroma: [0.06, 0.4], hue: [222, 276] },
  { name: 'purple', lightness: [0.3, 0.82], chroma: [0.075, 0.4], hue: [288, 328] },
  { name: 'purple', lightness: [0.25, 0.56], chroma: [0.09, 0.4], hue: [328, 340] },
  { name: 'pink', lightness: [0.62, 0.94], chroma: [0.05, 0.4], hue: [336, 6] },
  { name: 'pink', lightness: [0.71, 0.92], chroma: [0.05, 0.2], hue: [6, 26] },
  { name: 'brown', lightness: [0.26, 0.58], chroma: [0.04, 0.115], hue: [25, 82] },
  { name: 'brown', lightness: [0.4, 0.63], chroma: [0.05, 0.14], hue: [38, 80] },
]

/** No name: an index after those of `colours`. */
const between = colours.length

function nameOf([lightness, a, b]: Lab): number {
  const chroma = Math.hypot(a, b)
  const hue = ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360
  const found = ranges.find(
    ({ lightness: [dark, light], chroma: [dull, vivid], hue: [from, to] = [0, 360] }) =>
      lightness >= dark &&
      lightness < light &&
      chroma >= dull &&
      chroma < vivid &&
      (from <= to ? hue >= from && hue <= to : hue >= from || hue <= to),
  )
  return found === undefined ? between : colours.indexOf(found.name)
}

/** The name of each colour of 5 bits a channel, which is much quicker than asking the ranges for every pixel. */
const table = Uint8Array.from({ length: 32 ** 3 }, (_, index) => {
  const channel = (shift: number) => Math.round((((index >> shift) & 31) * 255) / 31)
  return nameOf(toLab(channel(10), channel(5), channel(0)))
})

/** Share of the opaque pixels that are of each colour; what is between two has the place after the last. */
export function colourShares({ data }: Raster, counts: (pixel: number) => boolean = () => true): Float64Array {
  const shares = new Float64Array(colours.length + 1)
  let pixels = 0
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3]! <= 127 || !counts(at >> 2)) continue
    shares[table[((data[at]! >> 3) << 10) | ((data[at + 1]! >> 3) << 5) | (data[at + 2]! >> 3)]!]! += 1
    pixels++
  }
  return pixels === 0 ? shares : shares.map(count => count / pixels)
}

/** What a thing has to have of its colour, and may have of one other: shares of what is seen of it. */
export interface Plainness {
  readonly most: number
  readonly other: number
}

/** People call a thing red when this much of it is. */
const usual: Plainness = { most: 0.66, other: 0.13 }

/** The colour that a thing is plainly of, from the shares of its pixels; undefined for one of several or between two. */
export function plainColour(shares: Float64Array, { most, other }: Plainness = usual): Colour | undefined {
  const named = Array.from(shares.subarray(0, between))
  const largest = named.indexOf(Math.max(...named))
  const second = Math.max(...named.filter((_, index) => index !== largest))
  return named[largest]! >= most && second <= other ? colours[largest] : undefined
}
