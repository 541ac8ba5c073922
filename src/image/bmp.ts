/**
 * Uncompressed BMP files, as Pillow decodes them; alpha is ignored. Common decoders of Node do not know the format. The
 * same in Node and in browsers. Knows one format.
 */
import { PictureError } from './errors.ts'
import { checkPixels, type Limits, type Pixels } from './picture.ts'

/**
 * Decodes 1, 4 and 8 bits with a palette, 16 and 32 bits with masks, 24 bits; from the bottom up and from the top down.
 * Throws a PictureError when it is damaged, cut off, too large or compressed.
 */
export function decodeBmp(bytes: Uint8Array, limits: Limits, name: string): Pixels {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const cutOff = () => new PictureError('corrupt', `${name} is damaged or cut off: ${bytes.length} bytes of bmp`)
  if (bytes.length < 26) throw cutOff()
  const header = data.getUint32(14, true)
  const old = header === 12
  if ((!old && header < 40) || bytes.length < 14 + header) throw cutOff()

  const width = old ? data.getUint16(18, true) : data.getInt32(18, true)
  const signed = old ? data.getUint16(20, true) : data.getInt32(22, true)
  const height = Math.abs(signed)
  const bits = data.getUint16(old ? 24 : 28, true)
  const compression = old ? 0 : data.getUint32(30, true)
  const readable = compression === 0 ? [1, 4, 8, 16, 24, 32] : compression === 3 ? [16, 32] : []
  if (!readable.includes(bits)) {
    const message = `${name} is a BMP of ${bits} bits with compression ${compression}: save it as PNG first`
    throw new PictureError('unsupported', message)
  }
  if (width <= 0 || height === 0) throw cutOff()
  checkPixels(width, height, limits, name)

  const start = data.getUint32(10, true)
  const stride = Math.ceil((width * bits) / 32) * 4
  if (start + stride * height > bytes.length) throw cutOff()
  const pixel = bits <= 8 ? fromPalette() : bits === 24 ? fromBytes() : fromMasks()

  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    const row = start + (signed < 0 ? y : height - 1 - y) * stride
    for (let x = 0; x < width; x++) pixel(row, x, rgb, (y * width + x) * 3)
  }
  return { width, height, rgb }

  type Pixel = (row: number, x: number, to: Uint8Array, at: number) => void

  function fromPalette(): Pixel {
    const table = 14 + header
    const entry = old ? 3 : 4
    const said = old ? 0 : data.getUint32(46, true)
    const colours = Math.min(said || 1 << bits, 1 << bits)
    if (table + colours * entry > bytes.length) throw cutOff()
    const mask = (1 << bits) - 1
    return (row, x, to, at) => {
      const index = (bytes[row + ((x * bits) >> 3)]! >> (8 - bits - ((x * bits) & 7))) & mask
      if (index >= colours) return // black
      for (let c = 0; c < 3; c++) to[at + c] = bytes[table + index * entry + 2 - c]!
    }
  }

  function fromBytes(): Pixel {
    return (row, x, to, at) => {
      for (let c = 0; c < 3; c++) to[at + c] = bytes[row + x * 3 + 2 - c]!
    }
  }

  /** Red, green and blue each have a mask; a channel of n bits is spread over 0 to 255. */
  function fromMasks(): Pixel {
    if (compression === 3 && bytes.length < 66) throw cutOff()
    const standard = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]
    const masks = compression === 3 ? [54, 58, 62].map(at => data.getUint32(at, true)) : standard
    const shifts = masks.map(mask => (mask === 0 ? 0 : 31 - Math.clz32(mask & -mask)))
    const largest = masks.map((mask, c) => Math.max(mask >>> shifts[c]!, 1))
    return (row, x, to, at) => {
      const value = bits === 16 ? data.getUint16(row + x * 2, true) : data.getUint32(row + x * 4, true)
      for (let c = 0; c < 3; c++) {
        to[at + c] = Math.trunc((((value & masks[c]!) >>> shifts[c]!) * 255) / largest[c]!)
      }
    }
  }
}
