/**
 * Tells from its first bytes what a file is, and says so in one line when it is no picture. The same in Node and in
 * browsers. Names and media types are never trusted; only bytes are.
 */
import { PictureError } from './errors.ts'

/** The formats that are read. */
export type Format = 'jpeg' | 'png' | 'webp' | 'gif' | 'bmp' | 'tiff' | 'avif'

/** Beginnings of pictures; `.` stands for any byte. */
const pictures: readonly (readonly [Format, string])[] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['webp', 'RIFF....WEBP'],
  ['gif', 'GIF87a'],
  ['gif', 'GIF89a'],
  ['bmp', 'BM'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
  ['avif', '....ftypavif'],
  ['avif', '....ftypavis'],
]

/** Beginnings of what people pass by mistake, and what to do about it. */
const others: readonly (readonly [string, string])[] = [
  ['%PDF', 'a PDF: render the page as PNG or JPEG first'],
  ['....ftyphe', 'a HEIC picture: save it as JPEG first'],
  ['....ftypmif1', 'a HEIF picture: save it as JPEG first'],
  ['....ftyp', 'a film: save one frame as JPEG first'],
  ['\xff\x0a', 'a JPEG XL picture: save it as PNG or JPEG first'],
  ['\0\0\0\x0cJXL ', 'a JPEG XL picture: save it as PNG or JPEG first'],
  ['\0\0\0\x0cjP  ', 'a JPEG 2000 picture: save it as PNG or JPEG first'],
  ['\0\0\x01\0', 'a Windows icon: save it as PNG first'],
  ['8BPS', 'a Photoshop file: save it as PNG first'],
  ['PK\x03\x04', 'a zip archive: unpack it first'],
  ['\x1f\x8b', 'a gzip file: unpack it first'],
]

function beginsWith(bytes: Uint8Array, beginning: string): boolean {
  if (bytes.length < beginning.length) return false
  for (let i = 0; i < beginning.length; i++) {
    if (beginning[i] !== '.' && beginning.charCodeAt(i) !== bytes[i]) return false
  }
  return true
}

/**
 * The format of a picture. Throws a PictureError that says what the bytes are instead.
 *
 * @param name what the message calls it: a path, an address, "the bytes".
 */
export function formatOf(bytes: Uint8Array, name: string): Format {
  if (bytes.length === 0) throw new PictureError('not a picture', `${name} is empty: 0 bytes`)
  const found = pictures.find(([, beginning]) => beginsWith(bytes, beginning))
  if (found) return found[0]
  const other = others.find(([beginning]) => beginsWith(bytes, beginning))
  if (other) throw new PictureError('unsupported', `${name} is ${other[1]}`)
  const text = textOf(bytes)
  if (/^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!doctype svg[^>]*>\s*)?<svg\b/is.test(text)) {
    throw new PictureError('unsupported', `${name} is an SVG drawing: render it as PNG first`)
  }
  const instead = /^\s*<(!doctype html|html|head|body|!--)/i.test(text)
    ? 'an HTML page'
    : /^\s*[{[]/.test(text)
      ? 'JSON'
      : text !== ''
        ? 'text'
        : `${bytes.length} bytes of no known format`
  const begins = text === '' ? hex(bytes) : JSON.stringify(text.trim().slice(0, 40))
  throw new PictureError('not a picture', `${name} is not a picture but ${instead}; it begins with ${begins}`)
}

/** The first bytes as text, or '' when they are none. */
function textOf(bytes: Uint8Array): string {
  const head = bytes.subarray(0, 1024)
  if (head.some(byte => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) return ''
  return new TextDecoder().decode(head)
}

const hex = (bytes: Uint8Array) =>
  Array.from(bytes.subarray(0, 8), byte => byte.toString(16).padStart(2, '0')).join(' ')
