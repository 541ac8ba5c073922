/** A picture as the file that is stored. Knows no scenes. */
import sharp from 'sharp'
import type { Raster } from '../materials/materials.ts'
import type { MadePicture } from '../shards/maker.ts'

export interface Encoding {
  readonly format: 'jpg' | 'png' | 'webp'
  /** 1 to 100; of no use for PNG, which keeps every pixel. */
  readonly quality: number
}

/** Encodes an opaque picture: the same pixels give the same bytes. */
export async function encodePicture(
  { width, height, data }: Raster,
  { format, quality }: Encoding,
): Promise<MadePicture> {
  const pixels = new Uint8Array(width * height * 3)
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    pixels[to] = data[from]!
    pixels[to + 1] = data[from + 1]!
    pixels[to + 2] = data[from + 2]!
  }
  const image = sharp(pixels, { raw: { width, height, channels: 3 } })
  const encoded =
    format === 'jpg'
      ? image.jpeg({ quality, chromaSubsampling: quality >= 88 ? '4:4:4' : '4:2:0' })
      : format === 'webp'
        ? image.webp({ quality, effort: 1 })
        : image.png({ compressionLevel: 6 })
  return { data: await encoded.toBuffer(), extension: format }
}
