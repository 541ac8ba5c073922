/**
 * Decodes pictures in Node, as the original pipeline saw them: `Image.open(path).convert('RGB')` of Pillow. EXIF
 * orientation, colour profiles and transparency are ignored, alpha is dropped without compositing, the first frame of an
 * animation counts. What equals Pillow, and what does not, is in docs/fidelity.md under "Pictures".
 * sharp does the formats it can do exactly; GIF and BMP are our own. Knows no model.
 */
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { decodeBmp } from './bmp.ts'
import { bare } from './container.ts'
import { PictureError } from './errors.ts'
import { type Format, formatOf } from './format.ts'
import { decodeGif } from './gif.ts'
import {
  checkPixels,
  contentPrefix,
  defaultLimits,
  type Limits,
  type Picture,
  type Pixels,
  type RawPixels,
  rgbFromRaw,
} from './picture.ts'
import { type Allow, bytesOf, type PictureSource } from './source.ts'

/** What a call allows and what it may cost. */
export interface DecodeOptions {
  /** Bytes and public addresses unless told; `ownMachine` allows every file and address. */
  readonly allow?: Allow
  readonly limits?: Partial<Limits>
  readonly signal?: AbortSignal
}

/**
 * Decodes a picture from a path, an address, bytes, a Blob, or raw pixels.
 *
 * Throws a PictureError with one line that says what is wrong and what to do; its `problem` says so for programs.
 *
 * @example
 * const picture = await decode('street.jpg', { allow: ownMachine })
 * const upload = await decode(bytes) // a server: no file of its own can be named
 * const fenced = await decode(path, { allow: { files: '/srv/pictures', network: 'none' } })
 */
export async function decode(source: PictureSource, options: DecodeOptions = {}): Promise<Picture> {
  const limits = { ...defaultLimits, ...options.limits }
  options.signal?.throwIfAborted()
  if (isRaw(source)) {
    checkPixels(source.width, source.height, limits, 'the picture')
    return named(rgbFromRaw(source))
  }
  const { bytes, name } = await bytesOf(source, options.allow ?? {}, limits, options.signal)
  options.signal?.throwIfAborted()
  const format = formatOf(bytes, name)
  if (format === 'gif') return named(decodeGif(bytes, limits, name))
  if (format === 'bmp') return named(decodeBmp(bytes, limits, name))
  const { bytes: stripped, size } = bare(bytes, format, name)
  if (size) checkPixels(size.width, size.height, limits, name)
  return named(await decodeWithSharp(stripped, format, limits, name))
}

const isRaw = (source: PictureSource): source is RawPixels =>
  typeof source === 'object' && 'data' in source && 'width' in source && 'height' in source

/** A picture of pixels that are decoded already, under the name of its content. The pixels are not copied. */
export function named(pixels: Pixels): Picture {
  const sha256 = createHash('sha256').update(contentPrefix(pixels)).update(pixels.rgb).digest('hex')
  return { ...pixels, sha256 }
}

async function decodeWithSharp(bytes: Uint8Array, format: Format, limits: Limits, name: string): Promise<Pixels> {
  try {
    const image = sharp(bytes, {
      ignoreIcc: true,
      failOn: 'error', // damaged and cut off; mere warnings pass, as in Pillow
      limitInputPixels: false, // checked here, with a message that names the numbers
      autoOrient: format === 'tiff', // the one format whose orientation Pillow applies
    })
    const { width, height, space } = await image.metadata()
    checkPixels(width, height, limits, name)
    const cmyk = space === 'cmyk'
    const exact = cmyk
      ? image.pipelineColourspace('cmyk').toColourspace('cmyk')
      : image.toColourspace('srgb').removeAlpha()
    const { data, info } = await exact.raw().toBuffer({ resolveWithObject: true })
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length) // [height, width, channels]
    const size = { width: info.width, height: info.height }
    if (cmyk) return { ...size, rgb: fromCmyk(pixels, info.channels) }
    if (info.channels === 3) return { ...size, rgb: pixels }
    return rgbFromRaw({ ...size, data: pixels, channels: info.channels as 1 | 2 | 4 })
  } catch (error) {
    if (error instanceof PictureError) throw error
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new PictureError('corrupt', `${name} is damaged or cut off (${format}): ${reason}`, { cause: error })
  }
}

/**
 * Ink → light, as Pillow converts: `white - black · ink / 255`, rounded. The decoder has undone Adobe's inversion.
 * `[height, width, 4 or more]` → `[height, width, 3]`.
 */
function fromCmyk(inks: Uint8Array, channels: number): Uint8Array {
  const count = inks.length / channels
  const rgb = new Uint8Array(count * 3)
  for (let i = 0; i < count; i++) {
    const light = 255 - inks[i * channels + 3]!
    for (let c = 0; c < 3; c++) {
      const product = inks[i * channels + c]! * light + 128
      rgb[i * 3 + c] = Math.max(light - (((product >> 8) + product) >> 8), 0)
    }
  }
  return rgb
}
