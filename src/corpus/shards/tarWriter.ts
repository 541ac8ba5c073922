/**
 * Writes members of tar archives: the same bytes for the same content, without times, owners or anything else of the
 * machine. Knows nothing of what members hold.
 */

const BLOCK = 512

/** What every archive ends with. */
export const tarEnd = new Uint8Array(2 * BLOCK)

/**
 * A member: header, content, and zeros up to the next block. Throws a RangeError for a name that is not 1 to 100
 * characters of ASCII.
 */
export function tarMember(name: string, content: Uint8Array): Uint8Array[] {
  const padding = (BLOCK - (content.length % BLOCK)) % BLOCK
  return [header(name, content.length), content, new Uint8Array(padding)]
}

/** ustar, of which readers of all kinds know every field. */
function header(name: string, size: number): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) {
    throw new RangeError(`"${name}" is no name of a member: it has 1 to 100 letters, digits and signs`)
  }
  const bytes = new Uint8Array(BLOCK)
  const put = (at: number, text: string) => {
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  }
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')
  put(0, name)
  put(100, `${octal(0o644, 7)}\0`)
  put(108, `${octal(0, 7)}\0`)
  put(116, `${octal(0, 7)}\0`)
  put(124, `${octal(size, 11)}\0`)
  put(136, `${octal(0, 11)}\0`)
  put(148, '        ')
  put(156, '0')
  put(257, 'ustar\0' + '00')
  put(
    148,
    `${octal(
      bytes.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
  )
  return bytes
}

/** Pieces in a row as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
