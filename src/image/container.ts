/**
 * Takes everything out of a JPEG, PNG or WebP file that could change how its pixels look, so that every decoder, in Node
 * and in every browser, sees bare pixels: EXIF orientation, colour profiles, gamma, PNG transparency of palettes, gain
 * maps, animation of PNG. The original pipeline ignores all of it. Knows containers, decodes no pixels.
 */
import { PictureError } from './errors.ts'
import type { Format } from './format.ts'
import type { Size } from './resize.ts'

/** A file without its metadata, and what its header says. */
export interface Bare {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** As stored, without orientation; absent where the container does not say it simply. */
  readonly size?: Size
  /** Whether pixels may carry alpha, which a 2D canvas cannot hand out unmodified. */
  readonly alpha: boolean
}

/** Strips a file of the formats that carry metadata; others pass through as they are. Throws a PictureError if damaged. */
export function bare(bytes: Uint8Array, format: Format, name: string): Bare {
  const cutOff = () => new PictureError('corrupt', `${name} is damaged or cut off: ${bytes.length} bytes of ${format}`)
  const strip = { jpeg: bareJpeg, png: barePng, webp: bareWebp }[format as string]
  return strip?.(bytes, cutOff) ?? { bytes: new Uint8Array(bytes), alpha: true }
}

type CutOff = () => PictureError

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    result.set(part, at)
    at += part.length
  }
  return result
}

/** JPEG: segments before the picture data. Keeps JFIF (APP0) and Adobe (APP14), which say what the colours are. */
function bareJpeg(bytes: Uint8Array, cutOff: CutOff): Bare {
  const parts = [bytes.subarray(0, 2)]
  let size: Size | undefined
  let at = 2
  while (true) {
    while (at < bytes.length && !(bytes[at] === 0xff && bytes[at + 1] !== 0xff && bytes[at + 1] !== 0)) at++ // rubbish
    if (at + 4 > bytes.length) throw cutOff()
    const marker = bytes[at + 1]!
    if (marker === 0xda) break // start of scan
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9)) {
      at += 2 // no length follows
      continue
    }
    const end = at + 2 + bytes[at + 2]! * 256 + bytes[at + 3]!
    if (end > bytes.length || end < at + 4) throw cutOff()
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (frame && end - at >= 9) {
      size = { height: bytes[at + 5]! * 256 + bytes[at + 6]!, width: bytes[at + 7]! * 256 + bytes[at + 8]! }
    }
    const metadata = (marker >= 0xe1 && marker <= 0xef && marker !== 0xee) || marker === 0xfe
    if (!metadata) parts.push(bytes.subarray(at, end))
    at = end
  }
  const end = endOfJpeg(bytes, at)
  if (end === undefined) throw cutOff()
  parts.push(bytes.subarray(at, end))
  return { bytes: join(parts), alpha: false, ...(size && { size }) }
}

/** Where the end-of-image marker ends, or undefined when the file is cut off before it. */
function endOfJpeg(bytes: Uint8Array, scan: number): number | undefined {
  for (let at = bytes.indexOf(0xff, scan); at >= 0 && at + 1 < bytes.length; at = bytes.indexOf(0xff, at)) {
    const marker = bytes[at + 1]!
    if (marker === 0xd9) return at + 2
    if (marker === 0xff) at += 1
    else if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd7)) at += 2
    else if (at + 3 < bytes.length) at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!
    else return undefined
  }
  return undefined
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const letters = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4))

/** PNG: keeps the chunks without which there is no picture. Transparency, colour profile, gamma, animation go. */
function barePng(bytes: Uint8Array, cutOff: CutOff): Bare {
  const data = view(bytes)
  const parts = [bytes.subarray(0, 8)]
  let at = 8
  while (at + 12 <= bytes.length) {
    const end = at + 12 + data.getUint32(at)
    if (end > bytes.length) throw cutOff()
    const name = letters(bytes, at + 4)
    if (['IHDR', 'PLTE', 'IDAT', 'IEND'].includes(name)) parts.push(bytes.subarray(at, end))
    at = end
    if (name === 'IEND') break
  }
  if (bytes.length < 33 || letters(bytes, 12) !== 'IHDR') throw cutOff()
  const size = { width: data.getUint32(16), height: data.getUint32(20) }
  return { bytes: join(parts), size, alpha: (bytes[25]! & 4) !== 0 }
}

/** WebP: drops profile, EXIF and XMP, and their flags in the header. */
function bareWebp(bytes: Uint8Array, cutOff: CutOff): Bare {
  const data = view(bytes)
  const parts: Uint8Array[] = [bytes.slice(0, 12)]
  let size: Size | undefined
  let alpha = false
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = letters(bytes, at)
    const length = data.getUint32(at + 4, true)
    const end = at + 8 + length + (length & 1)
    if (at + 8 + length > bytes.length) throw cutOff()
    const chunk = bytes.slice(at, Math.min(end, bytes.length))
    if (name === 'VP8X' && length >= 10) {
      alpha ||= (chunk[8]! & 0x10) !== 0
      chunk[8]! &= ~0x2c
      const [width, height] = [12, 15].map(i => 1 + chunk[i]! + chunk[i + 1]! * 256 + chunk[i + 2]! * 65536)
      size = { width: width!, height: height! }
    } else if (name === 'VP8L' && length >= 5) {
      const bits = data.getUint32(at + 9, true)
      alpha ||= ((bits >>> 28) & 1) !== 0
      size ??= { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) }
    } else if (name === 'VP8 ' && length >= 10) {
      size ??= { width: data.getUint16(at + 14, true) & 0x3fff, height: data.getUint16(at + 16, true) & 0x3fff }
    }
    if (!['ICCP', 'EXIF', 'XMP '].includes(name)) parts.push(chunk)
    at = end
  }
  if (parts.length < 2) throw cutOff()
  const result = join(parts)
  view(result).setUint32(4, result.length - 8, true)
  return { bytes: result, alpha, ...(size && { size }) }
}
