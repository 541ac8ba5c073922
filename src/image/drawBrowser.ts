/** Draws boxes and labels on a copy of a picture, in browsers and their workers, with the browser's own fonts. */
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

/** The font of this package where the page has loaded it under this name; browsers fill gaps from the system's fonts. */
const font: LabelFont = { family: "'Qwen-VL label', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif" }

/**
 * Draws marks, in the picture's own pixels, on a copy of the picture. → a PNG or JPEG file.
 * Throws a PictureError for coordinates that are not finite numbers.
 *
 * @example
 * image.src = URL.createObjectURL(await draw(picture, answer.boxes))
 */
export async function draw(picture: Pixels, marks: readonly Mark[], options: DrawOptions = {}): Promise<Blob> {
  const canvas = new OffscreenCanvas(picture.width, picture.height)
  const brush = canvas.getContext('2d')!
  brush.putImageData(new ImageData(rgbaOf(picture), picture.width, picture.height), 0, 0)
  paint(brush, place(marks, picture, measureWith(brush, font)), font)
  return canvas.convertToBlob({ type: `image/${options.format ?? 'png'}`, quality: (options.quality ?? 92) / 100 })
}
