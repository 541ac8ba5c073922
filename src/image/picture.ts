/**
 * What a decoded picture is, and how raw pixels become one. The same in Node and in browsers. Knows no file format.
 */
import { PictureError } from './errors.ts'

/** A decoded picture. Never changed after it was made: resizing and drawing work on copies. */
export interface Picture {
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
  /** Red, green, blue, one byte each, row by row from the top: `[height, width, 3]`. */
  readonly rgb: Uint8Array
  /** Names the content: SHA-256 over the size and the pixels, in hex. Equal pixels have equal names, whatever the file. */
  readonly sha256: string
}

/** Pixels that are decoded already. A browser's `ImageData` is one, and so is a `Picture`'s `{ width, height, data: rgb }`. */
export interface RawPixels {
  /** `[height, width, channels]`, 0 to 255. */
  readonly data: Uint8Array | Uint8ClampedArray
  readonly width: number
  readonly height: number
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. Left out, it follows from the length of `data`. Alpha is dropped. */
  readonly channels?: 1 | 2 | 3 | 4
}

/** What decoding may cost. The defaults suit files and requests of strangers; raise them at the call that needs more. */
export interface Limits {
  /** Pixels of one picture; 89,478,485 unless told, where Pillow starts to warn. (Pillow refuses above twice that.) */
  readonly pixels: number
  /** Bytes of one file or download, before decoding; 64 MiB unless told. */
  readonly bytes: number
  /** Milliseconds that one download may take in all; 20,000 unless told. */
  readonly milliseconds: number
}

export const defaultLimits: Limits = { pixels: 89_478_485, bytes: 64 * 2 ** 20, milliseconds: 20_000 }

/** The size and the pixels of a picture that has no content name yet. */
export type Pixels = Omit<Picture, 'sha256'>

/**
 * Raw pixels → RGB: grey is repeated, alpha is dropped without compositing. Always copies.
 * Throws a PictureError when the sizes do not fit each other.
 */
export function rgbFromRaw(raw: RawPixels): Pixels {
  const { data, width, height } = raw
  const whole = (n: number) => Number.isSafeInteger(n) && n > 0
  if (!whole(width) || !whole(height)) {
    throw new PictureError('wrong pixels', `raw pixels need a width and a height of at least 1, got ${width}×${height}`)
  }
  const count = width * height
  const channels = raw.channels ?? data.length / count
  if (![1, 2, 3, 4].includes(channels) || data.length !== count * channels) {
    const wanted = raw.channels ? `${count * raw.channels}` : [1, 2, 3, 4].map(n => count * n).join(', ')
    throw new PictureError(
      'wrong pixels',
      `raw pixels of ${width}×${height}${raw.channels ? `×${raw.channels}` : ''} need ${wanted} bytes, got ${data.length}`,
    )
  }
  const rgb = new Uint8Array(count * 3)
  if (channels === 3) rgb.set(data)
  else {
    const [green, blue] = channels === 4 ? [1, 2] : [0, 0]
    for (let i = 0, from = 0, to = 0; i < count; i++, from += channels) {
      rgb[to++] = data[from]!
      rgb[to++] = data[from + green]!
      rgb[to++] = data[from + blue]!
    }
  }
  return { width, height, rgb }
}

/** Refuses more pixels than allowed, before they are decoded. */
export function checkPixels(width: number, height: number, limits: Limits, name: string): void {
  if (width * height <= limits.pixels) return
  throw new PictureError(
    'too large',
    `${name} has ${width}×${height} = ${width * height} pixels, the limit is ${limits.pixels}: ` +
      'make it smaller, or raise limits.pixels at the call',
  )
}

/** Refuses more bytes than allowed. */
export function checkBytes(bytes: number, limits: Limits, name: string): void {
  if (bytes <= limits.bytes) return
  throw new PictureError(
    'too large',
    `${name} has ${bytes} bytes, the limit is ${limits.bytes}: make it smaller, or raise limits.bytes at the call`,
  )
}

/** What the content name is computed over, before the pixels. */
export const contentPrefix = ({ width, height }: Pixels): Uint8Array =>
  new TextEncoder().encode(`rgb ${width}×${height}\n`)
