/**
 * Draws boxes and labels on a copy of a picture, in Node, with the font that this package brings: Latin and Chinese look
 * the same on every machine, whatever fonts it has. Gives the bytes of a PNG or JPEG file. `drawBrowser.ts` is the same in
 * browsers, `svg.ts` the overlay.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCanvas, GlobalFonts } from '@napi-rs/canvas'
import sharp from 'sharp'
import { PictureError } from './errors.ts'
import { type Mark, place } from './marks.ts'
import { type LabelFont, measureWith, paint } from './paint.ts'
import type { Pixels } from './picture.ts'
import { rgbaOf } from './rgba.ts'

/** The file to make. */
export interface DrawOptions {
  /** `'png'` unless told: exact outside the marks. */
  readonly format?: 'png' | 'jpeg'
  /** Of a JPEG, 1 to 100; 92 unless told. */
  readonly quality?: number
}

const longestSide = 32_767 // of a canvas

let font: LabelFont | undefined

/** Loads the font at the first use, and once. */
function labelFont(): LabelFont {
  if (font) return font
  const folder = join(import.meta.dirname, '../../assets/label-font')
  const name = 'Qwen-VL label'
  GlobalFonts.register(readFileSync(join(folder, 'NotoSansSC-subset.woff2')), name)
  const characters = new Set(readFileSync(join(folder, 'characters.txt'), 'utf8').replace(/\n$/, ''))
  font = { family: `"${name}"`, has: character => characters.has(character) }
  return font
}

/**
 * Draws marks, in the picture's own pixels, on a copy of the picture. → the bytes of a PNG or JPEG file.
 * Throws a PictureError for coordinates that are not finite numbers, and for more than 32,767 pixels a side.
 *
 * @example
 * const box = { left: 40, top: 60, right: 300, bottom: 210 }
 * await writeFile('out.png', await draw(picture, [{ label: 'the red bus 红色公交车', box }]))
 */
export async function draw(picture: Pixels, marks: readonly Mark[], options: DrawOptions = {}): Promise<Uint8Array> {
  const { width, height } = picture
  if (Math.max(width, height) > longestSide) {
    throw new PictureError('too large', `${width}×${height} cannot be drawn on: at most ${longestSide} pixels a side`)
  }
  const canvas = createCanvas(width, height)
  const brush = canvas.getContext('2d')
  const pixels = brush.createImageData(width, height)
  pixels.data.set(rgbaOf(picture))
  brush.putImageData(pixels, 0, 0)
  const own = labelFont()
  paint(brush, place(marks, picture, measureWith(brush, own)), own)
  const { data } = brush.getImageData(0, 0, width, height) // [height, width, 4]
  const file = sharp(data, { raw: { width, height, channels: 4 } }).removeAlpha()
  if (options.format === 'jpeg') {
    return file.jpeg({ quality: options.quality ?? 92, chromaSubsampling: '4:4:4' }).toBuffer() // thin coloured text
  }
  return file.png({ compressionLevel: 3, adaptiveFiltering: true }).toBuffer()
}
