/**
 * Pillow's bicubic resize, byte for byte: what the model saw in training, the same code in Node and in browsers.
 * Knows bytes and sizes; no file format and no normalising.
 *
 * Follows `libImaging/Resample.c` of Pillow (8 bits per channel): a = -0.5, widened over the source when shrinking
 * (antialiasing), weights rounded to 22-bit fixed point, the horizontal pass first and rounded to bytes, then the
 * vertical. A pass whose length does not change is skipped. The aspect ratio is not preserved.
 */
import { PictureError } from './errors.ts'

const fractionBits = 22 // of a weight: 32 bits less 8 of the pixel and 2 of headroom
const half = 1 << (fractionBits - 1)

/** The bicubic kernel with a = -0.5, zero from 2 on. In Pillow's order of operations, which decides the last bit. */
function bicubic(at: number): number {
  const a = -0.5
  const x = Math.abs(at)
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a
  return 0
}

/** For each output position: the first source position, how many there are, and their weights. */
interface Weights {
  readonly first: Int32Array // [to]
  readonly count: Int32Array // [to]
  readonly weights: Int32Array // [to, most], 22-bit fixed point
  readonly most: number
}

function weightsOf(from: number, to: number): Weights {
  const scale = from / to
  const stretch = Math.max(scale, 1)
  const support = 2 * stretch
  const most = Math.ceil(support) * 2 + 1
  const first = new Int32Array(to)
  const count = new Int32Array(to)
  const weights = new Int32Array(to * most)
  const exact = new Float64Array(most)
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale
    const start = Math.max(Math.trunc(center - support + 0.5), 0)
    const length = Math.min(Math.trunc(center + support + 0.5), from) - start
    let sum = 0
    for (let k = 0; k < length; k++) {
      exact[k] = bicubic((k + start - center + 0.5) * (1 / stretch))
      sum += exact[k]!
    }
    for (let k = 0; k < length; k++) {
      const weight = (sum === 0 ? exact[k]! : exact[k]! / sum) * (1 << fractionBits)
      weights[i * most + k] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5)
    }
    first[i] = start
    count[i] = length
  }
  return { first, count, weights, most }
}

const clip = (sum: number): number => {
  const value = sum >> fractionBits
  return value < 0 ? 0 : value > 255 ? 255 : value
}

/** `[height, width, 3]` → `[height, to, 3]`. */
function horizontal(source: Uint8Array, width: number, height: number, to: number): Uint8Array {
  const { first, count, weights, most } = weightsOf(width, to)
  const result = new Uint8Array(height * to * 3)
  let at = 0
  for (let y = 0; y < height; y++) {
    const row = y * width * 3
    for (let x = 0; x < to; x++) {
      let red = half
      let green = half
      let blue = half
      let from = row + first[x]! * 3
      const own = x * most
      const end = own + count[x]!
      for (let k = own; k < end; k++) {
        const weight = weights[k]!
        red = (red + Math.imul(source[from]!, weight)) | 0
        green = (green + Math.imul(source[from + 1]!, weight)) | 0
        blue = (blue + Math.imul(source[from + 2]!, weight)) | 0
        from += 3
      }
      result[at++] = clip(red)
      result[at++] = clip(green)
      result[at++] = clip(blue)
    }
  }
  return result
}

/** `[height, width, 3]` → `[to, width, 3]`. */
function vertical(source: Uint8Array, width: number, height: number, to: number): Uint8Array {
  const { first, count, weights, most } = weightsOf(height, to)
  const stride = width * 3
  const result = new Uint8Array(to * stride)
  const sums = new Int32Array(stride)
  for (let y = 0; y < to; y++) {
    sums.fill(half)
    const end = count[y]!
    let from = first[y]! * stride
    let own = y * most
    let k = 0
    for (; k + 4 <= end; k += 4, from += 4 * stride, own += 4) {
      const [w0, w1, w2, w3] = [weights[own]!, weights[own + 1]!, weights[own + 2]!, weights[own + 3]!]
      for (let x = 0, a = from; x < stride; x++, a++) {
        const upper = (Math.imul(source[a]!, w0) + Math.imul(source[a + stride]!, w1)) | 0
        const lower = (Math.imul(source[a + 2 * stride]!, w2) + Math.imul(source[a + 3 * stride]!, w3)) | 0
        sums[x] = (sums[x]! + upper + lower) | 0
      }
    }
    for (; k < end; k++, from += stride, own++) {
      const weight = weights[own]!
      for (let x = 0; x < stride; x++) sums[x] = (sums[x]! + Math.imul(source[from + x]!, weight)) | 0
    }
    const at = y * stride
    for (let x = 0; x < stride; x++) result[at + x] = clip(sums[x]!)
  }
  return result
}

/** A size in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/**
 * Resizes to exactly `to`, each axis by its own factor: `[height, width, 3]` → `[to.height, to.width, 3]`, bytes.
 * Equal to `Image.resize((w, h), BICUBIC)` of Pillow in every byte. The same size gives an equal copy.
 * Throws a PictureError when the sizes do not fit the pixels.
 *
 * @example
 * const small = resize(picture, { width: 448, height: 448 }) // Uint8Array of 448 × 448 × 3
 */
export function resize(picture: Size & { readonly rgb: Uint8Array }, to: Size): Uint8Array {
  const { width, height, rgb } = picture
  if (rgb.length !== width * height * 3 || rgb.length === 0) {
    const message = `a picture of ${width}×${height} needs ${width * height * 3} bytes of RGB (at least 3), got ${rgb.length}`
    throw new PictureError('wrong pixels', message)
  }
  if (![to.width, to.height].every(n => Number.isSafeInteger(n) && n > 0)) {
    throw new PictureError('wrong pixels', `cannot resize to ${to.width}×${to.height}: whole pixels, at least 1×1`)
  }
  const across = to.width === width ? rgb : horizontal(rgb, width, height, to.width)
  const down = to.height === height ? across : vertical(across, to.width, height, to.height)
  return down === rgb ? rgb.slice() : down
}
