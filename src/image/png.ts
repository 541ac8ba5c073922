/**
 * PNG files in the browser, byte for byte as Pillow decodes them. A canvas cannot give this: it multiplies colours by
 * alpha and divides again, and loses the colour of clear pixels. Expects a file that `container.ts` has stripped. The same
 * in Node, where tests hold it against sharp.
 */
import { decode as unpackPng } from 'fast-png'
import { PictureError } from './errors.ts'
import { type Pixels, rgbFromRaw } from './picture.ts'

/** Decodes a PNG of any kind: 16 bits give their high byte, palettes their colours, alpha is dropped. */
export function decodePng(bytes: Uint8Array, name: string): Pixels {
  try {
    const { width, height, depth, channels, palette, data } = unpackPng(bytes, { checkCrc: true })
    const size = { width, height }
    if (depth === 8 && !palette) return rgbFromRaw({ ...size, data: Uint8Array.from(data) })
    if (depth === 16) return rgbFromRaw({ ...size, data: Uint8Array.from(data, value => value >> 8) })
    return rgbFromRaw({
      ...size,
      channels: palette ? 3 : 1,
      data: spread(data, width, height * channels, depth, palette),
    })
  } catch (error) {
    if (error instanceof PictureError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new PictureError('corrupt', `${name} is damaged or cut off (png): ${reason}`, { cause: error })
  }
}

/** Packed values of 1 to 8 bits → one byte of grey each, or the palette's three. A colour that is not there is black. */
function spread(
  packed: ArrayLike<number>,
  width: number,
  height: number,
  depth: number,
  palette: readonly (readonly number[])[] | undefined,
): Uint8Array {
  const stride = Math.ceil((width * depth) / 8)
  const mask = (1 << depth) - 1
  const result = new Uint8Array(width * height * (palette ? 3 : 1))
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth
      const value = (packed[y * stride + (bit >> 3)]! >> (8 - depth - (bit & 7))) & mask
      if (!palette) result[to++] = (value * 255) / mask
      else for (let c = 0; c < 3; c++) result[to++] = palette[value]?.[c] ?? 0
    }
  }
  return result
}
