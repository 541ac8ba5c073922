/** `data:` addresses, and addresses cut short for messages. The same in Node and in browsers. Knows no picture format. */
import { PictureError } from './errors.ts'
import { checkBytes, type Limits } from './picture.ts'

/** The bytes of a `data:` address, base64 or percent-encoded. Throws a PictureError when it is malformed or too large. */
export function fromDataUri(uri: string, limits: Limits): Uint8Array<ArrayBuffer> {
  const comma = uri.indexOf(',')
  if (comma < 0) throw new PictureError('corrupt', `${shortened(uri)} has no comma, so no data`)
  const base64 = /;\s*base64\s*$/i.test(uri.slice(0, comma))
  checkBytes(Math.floor(((uri.length - comma - 1) * 3) / (base64 ? 4 : 3)) - 2, limits, shortened(uri))
  try {
    const text = decodeURIComponent(uri.slice(comma + 1))
    if (!base64) return new TextEncoder().encode(text)
    const binary = atob(text)
    const bytes = new Uint8Array(binary.length)
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
    return bytes
  } catch (error) {
    throw new PictureError('corrupt', `${shortened(uri)} is not valid base64`, { cause: error })
  }
}

/** At most 60 characters of an address or path: a whole picture in a message helps nobody. */
export const shortened = (address: string): string => (address.length > 60 ? `${address.slice(0, 57)}…` : address)
