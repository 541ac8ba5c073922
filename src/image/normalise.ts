/**
 * Bytes → the tensor that the vision transformer takes, in the original's order of float32 operations. The same in Node
 * and in browsers. Knows no file format and no model.
 */
import { PictureError } from './errors.ts'
import type { Pixels } from './picture.ts'
import { resize, type Size } from './resize.ts'

/** The model's mean of red, green and blue, of values from 0 to 1 (CLIP's). */
export const mean = [0.48145466, 0.4578275, 0.40821073] as const
/** The model's standard deviation of red, green and blue (CLIP's). */
export const standardDeviation = [0.26862954, 0.26130258, 0.27577711] as const

/** Channel × byte → normalised value. A byte has 256 values, so every value is computed once: `[3, 256]`. */
const table = new Float32Array(3 * 256)
for (let channel = 0; channel < 3; channel++) {
  for (let byte = 0; byte < 256; byte++) {
    const scaled = Math.fround(byte / 255)
    const centred = Math.fround(scaled - Math.fround(mean[channel]!))
    table[channel * 256 + byte] = centred / Math.fround(standardDeviation[channel]!)
  }
}

/**
 * `(x / 255 - mean) / std` in float32, as torchvision's `ToTensor` and `Normalize` round it: bytes `[size, size, 3]` →
 * `[3, size, size]`. Throws a PictureError when the length is not `size · size · 3`.
 */
export function normalise(rgb: Uint8Array, size: number): Float32Array<ArrayBuffer> {
  const plane = size * size
  if (rgb.length !== plane * 3) {
    throw new PictureError('wrong pixels', `normalise needs ${size}×${size}×3 = ${plane * 3} bytes, got ${rgb.length}`)
  }
  const result = new Float32Array(3 * plane) // [3, size, size]
  for (let i = 0, from = 0; i < plane; i++, from += 3) {
    result[i] = table[rgb[from]!]!
    result[plane + i] = table[256 + rgb[from + 1]!]!
    result[2 * plane + i] = table[512 + rgb[from + 2]!]!
  }
  return result
}

/**
 * All that happens between a decoded picture and the model: resize to `size`×`size` without keeping the aspect ratio,
 * then normalise. → `[3, size, size]` float32; `size` is the config's `visual.image_size` (448).
 *
 * @example
 * const pixels = preprocess(await decode('street.jpg', { allow: ownMachine }), 448) // [3, 448, 448]
 */
export function preprocess(picture: Pixels, size: number): Float32Array<ArrayBuffer> {
  return normalise(resize(picture, { width: size, height: size }), size)
}

/** What `preprocess` does to a picture, for people who wonder why small text is unreadable or a box is off. */
export interface ResizeReport {
  /** Model pixels per source pixel, across. */
  readonly scaleX: number
  /** Model pixels per source pixel, down. */
  readonly scaleY: number
  /** One sentence with the numbers. */
  readonly text: string
}

/**
 * Says what the picture becomes.
 *
 * @example
 * describePreprocess({ width: 1300, height: 33 }, 448).text
 * // '1300×33 becomes 448×448: ×0.345 across, ×13.576 down, stretched to a square; 2.9 source pixels make one across'
 */
export function describePreprocess({ width, height }: Size, size: number): ResizeReport {
  const [scaleX, scaleY] = [size / width, size / height]
  const square = width === height ? '' : ', stretched to a square'
  const merged = [
    scaleX < 1 ? `${(1 / scaleX).toFixed(1)} source pixels make one across` : '',
    scaleY < 1 ? `${(1 / scaleY).toFixed(1)} source pixels make one down` : '',
  ].filter(part => part !== '')
  const factors = `×${scaleX.toFixed(3)} across, ×${scaleY.toFixed(3)} down`
  const text = `${width}×${height} becomes ${size}×${size}: ${[`${factors}${square}`, ...merged].join('; ')}`
  return { scaleX, scaleY, text }
}
