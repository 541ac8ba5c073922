/**
 * A picture of a thing at another size, turned and mirrored. Done here and not by a canvas, so that every machine gives
 * the same bytes. Knows no scenes.
 */
import type { Raster } from '../materials/materials.ts'

/** How a sprite stands in a picture. */
export interface Stand {
  /** The longer side of the sprite before it is turned, in pixels. */
  readonly size: number
  /** Clockwise, in degrees. */
  readonly rotation: number
  readonly mirrored: boolean
}

/** A sprite at its own size and at halves of it, down to 16 pixels: smaller ones are read from the nearest. */
export type Pyramid = readonly Raster[]

/** The mean of each four pixels, those with more alpha counting for more. */
function halve({ width, height, data }: Raster): Raster {
  const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) }
  const out = new Uint8ClampedArray(half.width * half.height * 4)
  for (let y = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++) {
      let red = 0
      let green = 0
      let blue = 0
      let alpha = 0
      for (let corner = 0; corner < 4; corner++) {
        const fromX = Math.min(width - 1, x * 2 + (corner & 1))
        const fromY = Math.min(height - 1, y * 2 + (corner >> 1))
        const from = (fromY * width + fromX) * 4
        const own = data[from + 3]!
        red += data[from]! * own
        green += data[from + 1]! * own
        blue += data[from + 2]! * own
        alpha += own
      }
      const at = (y * half.width + x) * 4
      if (alpha === 0) continue
      out[at] = red / alpha
      out[at + 1] = green / alpha
      out[at + 2] = blue / alpha
      out[at + 3] = alpha / 4
    }
  }
  return { ...half, data: out }
}

/** The sprite and its halves. */
export function pyramid(sprite: Raster): Pyramid {
  const levels = [sprite]
  for (let last = sprite; Math.max(last.width, last.height) >= 32; levels.push(last)) last = halve(last)
  return levels
}

/** The sprite as it stands, in a raster as small as holds it, with a pixel of air on each side. */
export function stand(levels: Pyramid, { size, rotation, mirrored }: Stand): Raster {
  const whole = levels[0]!
  const scale = size / Math.max(whole.width, whole.height)
  const level = Math.min(levels.length - 1, Math.max(0, Math.floor(Math.log2(1 / scale) + 0.3)))
  const { width, height, data } = levels[level]!
  const shrink = size / Math.max(width, height)
  const angle = (rotation * Math.PI) / 180
  const cosine = Math.cos(angle)
  const sine = Math.sin(angle)
  const boxWidth = Math.ceil(shrink * (width * Math.abs(cosine) + height * Math.abs(sine))) + 2
  const boxHeight = Math.ceil(shrink * (width * Math.abs(sine) + height * Math.abs(cosine))) + 2
  const out = new Uint8ClampedArray(boxWidth * boxHeight * 4)
  const stepX = (cosine / shrink) * (mirrored ? -1 : 1)
  const stepY = -sine / shrink
  for (let y = 0; y < boxHeight; y++) {
    const down = y + 0.5 - boxHeight / 2
    const across = 0.5 - boxWidth / 2
    let fromX = ((across * cosine + down * sine) / shrink) * (mirrored ? -1 : 1) + width / 2 - 0.5
    let fromY = (-across * sine + down * cosine) / shrink + height / 2 - 0.5
    let at = y * boxWidth * 4
    for (let x = 0; x < boxWidth; x++, at += 4, fromX += stepX, fromY += stepY) {
      const left = Math.floor(fromX)
      const top = Math.floor(fromY)
      if (left < -1 || top < -1 || left >= width || top >= height) continue
      const partX = fromX - left
      const partY = fromY - top
      let red = 0
      let green = 0
      let blue = 0
      let alpha = 0
      for (let corner = 0; corner < 4; corner++) {
        const column = left + (corner & 1)
        const row = top + (corner >> 1)
        if (column < 0 || row < 0 || column >= width || row >= height) continue
        const from = (row * width + column) * 4
        const share = (corner & 1 ? partX : 1 - partX) * (corner >> 1 ? partY : 1 - partY) * data[from + 3]!
        red += data[from]! * share
        green += data[from + 1]! * share
        blue += data[from + 2]! * share
        alpha += share
      }
      if (alpha < 0.5) continue
      out[at] = red / alpha
      out[at + 1] = green / alpha
      out[at + 2] = blue / alpha
      out[at + 3] = alpha
    }
  }
  return { width: boxWidth, height: boxHeight, data: out }
}
