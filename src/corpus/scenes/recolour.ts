/**
 * Another colour for a thing: what is of its main hue (or, for a thing without one, what is light) becomes the colour
 * asked for, and its shading stays. Details of other hues, the wheels of a car, stay too. Knows no kinds.
 */
import type { Raster } from '../materials/materials.ts'
import { colourShares, plainColour } from './colour.ts'
import { fromLab, type Lab, toLab } from './oklab.ts'
import type { Colour } from './scene.ts'

/** A paint: where a colour is in OKLab, and between which lightnesses shading may take it without another name. */
interface Paint {
  readonly lightness: readonly [darkest: number, middle: number, lightest: number]
  readonly chroma: number
  /** Degrees. */
  readonly hue: number
}

const paints: Readonly<Record<Colour, Paint>> = {
  red: { lightness: [0.4, 0.57, 0.67], chroma: 0.21, hue: 25 },
  orange: { lightness: [0.64, 0.74, 0.84], chroma: 0.17, hue: 59 },
  yellow: { lightness: [0.78, 0.88, 0.97], chroma: 0.165, hue: 96 },
  green: { lightness: [0.36, 0.6, 0.86], chroma: 0.16, hue: 144 },
  blue: { lightness: [0.33, 0.56, 0.82], chroma: 0.17, hue: 254 },
  purple: { lightness: [0.34, 0.51, 0.76], chroma: 0.175, hue: 304 },
  pink: { lightness: [0.7, 0.8, 0.92], chroma: 0.125, hue: 356 },
  brown: { lightness: [0.28, 0.43, 0.57], chroma: 0.082, hue: 52 },
  black: { lightness: [0.1, 0.2, 0.33], chroma: 0.008, hue: 265 },
  white: { lightness: [0.9, 0.965, 1], chroma: 0.004, hue: 90 },
  grey: { lightness: [0.53, 0.66, 0.78], chroma: 0.008, hue: 260 },
}

/** Which pixels are painted: those of the main hue, those without one that are light, or all but the outlines. */
const reaches = ['hue', 'light', 'all'] as const
type Reach = (typeof reaches)[number]

/** What a painter has to know of a look: seen once, at any size, and true at every size. */
export interface Painting {
  readonly reach: Reach
  /** Degrees; of no use for `light` and `all`. */
  readonly hue: number
  /** Lightness and chroma in the middle of what is painted. */
  readonly lightness: number
  readonly chroma: number
}

/** A drawn difference within a colour: lightness in [-1, 1], chroma a factor, hue in degrees. */
export interface Tint {
  readonly lightness: number
  readonly chroma: number
  readonly hue: number
}
export const noTint: Tint = { lightness: 0, chroma: 1, hue: 0 }

const ramp = (from: number, to: number, value: number): number => Math.min(1, Math.max(0, (value - from) / (to - from)))
const apart = (one: number, other: number): number => Math.abs(((one - other + 540) % 360) - 180)
const hueOf = (a: number, b: number): number => ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360

/** How much of a pixel is painted: 0 to 1. */
function weightOf(reach: Reach, mainHue: number, lightness: number, chroma: number, hue: number): number {
  switch (reach) {
    case 'hue':
      return ramp(0.025, 0.055, chroma) * (1 - ramp(38, 55, apart(hue, mainHue)))
    case 'light':
      return (1 - ramp(0.06, 0.09, chroma)) * ramp(0.4, 0.5, lightness)
    case 'all':
      return ramp(0.2, 0.3, lightness)
  }
}

/** The hue that most of the colour of a thing has, in degrees. */
function mainHue({ data }: Raster): number {
  const bins = new Float64Array(36)
  const lab: Lab = [0, 0, 0]
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3]! <= 127) continue
    toLab(data[at]!, data[at + 1]!, data[at + 2]!, lab)
    const chroma = Math.hypot(lab[1], lab[2])
    if (chroma > 0.04) bins[Math.floor(hueOf(lab[1], lab[2]) / 10) % 36]! += Math.min(chroma, 0.12)
  }
  const around = bins.map(
    (_, bin) =>
      bins[bin]! +
      (bins[(bin + 1) % 36]! + bins[(bin + 35) % 36]!) * 0.8 +
      (bins[(bin + 2) % 36]! + bins[(bin + 34) % 36]!) * 0.4,
  )
  return around.indexOf(Math.max(...around)) * 10 + 5
}

/** What is to be known for painting within `reach`; undefined where that is less than a fifth of the thing. */
function studyReach(sprite: Raster, reach: Reach, hue: number): Painting | undefined {
  const { data } = sprite
  const lab: Lab = [0, 0, 0]
  let opaque = 0
  const lightnesses: number[] = []
  let chroma = 0
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3]! <= 127) continue
    opaque++
    toLab(data[at]!, data[at + 1]!, data[at + 2]!, lab)
    const own = Math.hypot(lab[1], lab[2])
    if (weightOf(reach, hue, lab[0], own, hueOf(lab[1], lab[2])) < 0.5) continue
    lightnesses.push(lab[0])
    chroma += own
  }
  if (lightnesses.length < opaque / 5) return undefined
  lightnesses.sort((one, other) => one - other)
  return {
    reach,
    hue,
    lightness: lightnesses[lightnesses.length >> 1]!,
    chroma: Math.max(0.02, chroma / lightnesses.length),
  }
}

/** What has to be of a colour that a thing is painted in: its windows and handles may stay as they are. */
const enough = { most: 0.55, other: 0.25 }

/** How a thing is painted so that it is plainly of the colour; undefined where that cannot be had. */
export function studyPainting(sprite: Raster, colour: Colour): Painting | undefined {
  const hue = mainHue(sprite)
  for (const reach of reaches) {
    const painting = studyReach(sprite, reach, hue)
    if (painting === undefined) continue
    const painted = { ...sprite, data: sprite.data.slice() }
    paint(painted, painting, colour, noTint)
    if (plainColour(colourShares(painted), enough) === colour) return painting
  }
  return undefined
}

/** Paints the raster itself. */
export function paint({ data }: Raster, painting: Painting, colour: Colour, tint: Tint): void {
  const {
    lightness: [darkest, middle, lightest],
    ...target
  } = paints[colour]
  const centre = middle + tint.lightness * 0.4 * (tint.lightness < 0 ? middle - darkest : lightest - middle)
  const hue = target.hue + tint.hue
  const lab: Lab = [0, 0, 0]
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 0) continue
    toLab(data[at]!, data[at + 1]!, data[at + 2]!, lab)
    const ownChroma = Math.hypot(lab[1], lab[2])
    const weight = weightOf(painting.reach, painting.hue, lab[0], ownChroma, hueOf(lab[1], lab[2]))
    if (weight === 0) continue
    const shade = (lab[0] - painting.lightness) * 0.8
    const room = shade < 0 ? centre - darkest : lightest - centre
    const lightness = room <= 0 ? centre : centre + room * Math.tanh(shade / room)
    const vivid = painting.reach === 'hue' ? Math.min(1.1, Math.max(0.75, ownChroma / painting.chroma)) : 1
    const chroma = target.chroma * tint.chroma * vivid
    const angle = (hue * Math.PI) / 180
    const [red, green, blue] = fromLab(lightness, chroma * Math.cos(angle), chroma * Math.sin(angle))
    data[at] = data[at]! + (red - data[at]!) * weight
    data[at + 1] = data[at + 1]! + (green - data[at + 1]!) * weight
    data[at + 2] = data[at + 2]! + (blue - data[at + 2]!) * weight
  }
}

/** The middle of a colour with a tint, as CSS writes it. */
export function paintedColour(colour: Colour, tint: Tint): string {
  const {
    lightness: [darkest, middle, lightest],
    ...target
  } = paints[colour]
  const lightness = middle + tint.lightness * 0.4 * (tint.lightness < 0 ? middle - darkest : lightest - middle)
  const angle = ((target.hue + tint.hue) * Math.PI) / 180
  const chroma = target.chroma * tint.chroma
  return `rgb(${fromLab(lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)).join(',')})`
}
