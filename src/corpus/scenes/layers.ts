/**
 * Laying one raster over another: blending, shadows, soft outlines, and how well a thing stands out from what is beneath.
 * Knows no scenes.
 */
import type { Raster } from '../materials/materials.ts'
import { type Lab, toLab } from './oklab.ts'

/** Where a layer's upper left pixel is in the picture; may be outside it. */
export interface Offset {
  readonly x: number
  readonly y: number
}

/** Calls `visit` with the place of each pixel of the layer that is in the picture, in the layer and in the picture. */
export function eachPixel(
  picture: Raster,
  layer: { width: number; height: number },
  { x, y }: Offset,
  visit: (own: number, beneath: number) => void,
): void {
  const left = Math.max(0, -x)
  const right = Math.min(layer.width, picture.width - x)
  for (let row = Math.max(0, -y); row < Math.min(layer.height, picture.height - y); row++) {
    let beneath = (row + y) * picture.width + left + x
    for (let column = left; column < right; column++, beneath++) visit(row * layer.width + column, beneath)
  }
}

/** Lays the layer over the picture, which is opaque. */
export function blend({ data: below, ...size }: Raster, layer: Raster, offset: Offset): void {
  const { data } = layer
  eachPixel({ data: below, ...size }, layer, offset, (own, beneath) => {
    const from = own * 4
    const alpha = data[from + 3]!
    if (alpha === 0) return
    const to = beneath * 4
    const share = alpha / 255
    below[to] = below[to]! + (data[from]! - below[to]!) * share
    below[to + 1] = below[to + 1]! + (data[from + 1]! - below[to + 1]!) * share
    below[to + 2] = below[to + 2]! + (data[from + 2]! - below[to + 2]!) * share
  })
}

/** A mask of shares, 0 to 1. */
export interface Mask {
  readonly width: number
  readonly height: number
  readonly shares: Float32Array
}

/** One pass of a box blur along lines of `count` values `step` apart. */
function smear(
  values: Float32Array,
  start: number,
  step: number,
  count: number,
  radius: number,
  line: Float32Array,
): void {
  for (let at = 0; at < count; at++) line[at] = values[start + at * step]!
  let sum = 0
  for (let at = 0; at < Math.min(radius, count); at++) sum += line[at]!
  for (let at = 0; at < count; at++) {
    if (at + radius < count) sum += line[at + radius]!
    if (at - radius - 1 >= 0) sum -= line[at - radius - 1]!
    values[start + at * step] = sum / (2 * radius + 1)
  }
}

/** Where the layer is, softened by `radius` pixels, with `2 * radius` pixels of air on each side. */
export function softMask(layer: Raster, radius: number): Mask {
  const air = 2 * radius
  const width = layer.width + 2 * air
  const height = layer.height + 2 * air
  const shares = new Float32Array(width * height)
  for (let y = 0; y < layer.height; y++) {
    for (let x = 0; x < layer.width; x++) {
      shares[(y + air) * width + x + air] = layer.data[(y * layer.width + x) * 4 + 3]! / 255
    }
  }
  const line = new Float32Array(Math.max(width, height))
  for (let pass = 0; pass < 2; pass++) {
    for (let y = 0; y < height; y++) smear(shares, y * width, 1, width, radius, line)
    for (let x = 0; x < width; x++) smear(shares, x, width, height, radius, line)
  }
  return { width, height, shares }
}

/** Colours the picture where the mask is: `gain` times its shares, at most `most`. */
export function tintBy(
  picture: Raster,
  mask: Mask,
  offset: Offset,
  value: number,
  { gain, most }: { gain: number; most: number },
): void {
  const { data } = picture
  eachPixel(picture, mask, offset, (own, beneath) => {
    const share = Math.min(most, mask.shares[own]! * gain)
    if (share <= 0) return
    for (let at = beneath * 4; at < beneath * 4 + 3; at++) data[at] = data[at]! + (value - data[at]!) * share
  })
}

/** How a layer stands out along its edge. */
export interface Edge {
  /** Share of the edge whose colour is about that of what is beneath. */
  readonly lost: number
  /** Mean lightness of what is beneath it, 0 to 1. */
  readonly lightness: number
}

/** In OKLab: closer colours are hardly told apart in a small picture. */
const tellable = 0.11

/** Looks along the edge of a layer that is not yet laid over the picture. */
export function edgeOf(picture: Raster, layer: Raster, offset: Offset): Edge {
  const { data, width, height } = layer
  const own: Lab = [0, 0, 0]
  const below: Lab = [0, 0, 0]
  let edge = 0
  let lost = 0
  let lightness = 0
  const alphaAt = (pixel: number) => data[pixel * 4 + 3]!
  eachPixel(picture, layer, offset, (at, beneath) => {
    if (alphaAt(at) <= 127) return
    const x = at % width
    const y = Math.floor(at / width)
    const inside =
      x > 0 &&
      y > 0 &&
      x < width - 1 &&
      y < height - 1 &&
      alphaAt(at - 1) > 127 &&
      alphaAt(at + 1) > 127 &&
      alphaAt(at - width) > 127 &&
      alphaAt(at + width) > 127
    if (inside) return
    toLab(data[at * 4]!, data[at * 4 + 1]!, data[at * 4 + 2]!, own)
    toLab(picture.data[beneath * 4]!, picture.data[beneath * 4 + 1]!, picture.data[beneath * 4 + 2]!, below)
    edge++
    lightness += below[0]
    if (Math.hypot(own[0] - below[0], own[1] - below[1], own[2] - below[2]) < tellable) lost++
  })
  return edge === 0 ? { lost: 0, lightness: 0.5 } : { lost: lost / edge, lightness: lightness / edge }
}
