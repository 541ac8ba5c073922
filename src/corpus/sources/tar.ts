/**
 * Where the members of a tar archive are: reads headers, in blocks, and skips what stands between them. Knows the forms
 * that archives have today: ustar, GNU's long names, pax. Knows nothing of what members hold.
 */
import type { FileHandle } from 'node:fs/promises'
import { grouped, SourceError } from './source.ts'

/** A regular file in an archive. */
export interface TarMember {
  readonly name: string
  /** Where its content begins. Bytes. */
  readonly offset: number
  /** Bytes. */
  readonly size: number
}

const BLOCK = 512

/** How much is read at once: headers of small members lie close together. */
const WINDOW = 128 * 2 ** 10

/** The longest name or pax header. Bytes. */
const LONGEST_NAME = 2 ** 20

/**
 * The regular files of an archive in their order. Directories and links are left out. Throws a SourceError, with the
 * byte, where the archive is cut off or damaged, or is none.
 */
export async function readTarMembers(file: FileHandle, path: string): Promise<TarMember[]> {
  const { size: end } = await file.stat()
  const window = new Window(file, end)
  const members: TarMember[] = []
  let longName: string | undefined
  let pax: ReadonlyMap<string, string> = new Map()
  for (let at = 0; at < end; ) {
    const header = await window.bytes(at, BLOCK)
    if (header.length < BLOCK) throw cutOff(path, at, `a header of ${BLOCK} bytes`, end)
    if (header.every(byte => byte === 0)) return members
    checkHeader(header, path, at)
    const kind = String.fromCharCode(header[156] as number)
    const size =
      kind === 'x' || pax.get('size') === undefined ? numberAt(header, 124, 12, path, at) : Number(pax.get('size'))
    const content = at + BLOCK
    const isLink = kind === '1' || kind === '2'
    const stored = isLink ? 0 : size
    const name = pax.get('path') ?? longName ?? nameOf(header)
    if (content + stored > end) throw cutOff(path, at, `member "${name}", ${grouped(stored)} bytes`, end)
    if (kind === 'L' || kind === 'x') {
      if (size > LONGEST_NAME) throw damaged(path, at, `a name or pax header of ${grouped(size)} bytes`)
      const bytes = await window.bytes(content, size)
      if (kind === 'L') longName = textOf(bytes)
      else pax = paxRecords(bytes, path, at)
    } else {
      if (kind === 'S') throw damaged(path, at, 'a sparse file: pack it without --sparse')
      const isFile = kind === '0' || kind === '\0' || kind === '7'
      if (isFile && !name.endsWith('/')) members.push({ name: name.replace(/^\.\//, ''), offset: content, size })
      if (kind !== 'K' && kind !== 'g') {
        longName = undefined
        pax = new Map()
      }
    }
    at = content + Math.ceil(stored / BLOCK) * BLOCK
  }
  return members
}

/** A stretch of the file in memory, moved along. */
class Window {
  readonly #file: FileHandle
  readonly #end: number
  #from = 0
  #held = Buffer.alloc(0)

  constructor(file: FileHandle, end: number) {
    this.#file = file
    this.#end = end
  }

  /** Fewer where the file ends. */
  async bytes(at: number, length: number): Promise<Buffer> {
    if (at < this.#from || at + length > this.#from + this.#held.length) {
      const buffer = Buffer.allocUnsafe(Math.min(Math.max(WINDOW, length), Math.max(this.#end - at, 0)))
      let filled = 0
      while (filled < buffer.length) {
        const { bytesRead } = await this.#file.read(buffer, filled, buffer.length - filled, at + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      this.#from = at
      this.#held = buffer.subarray(0, filled)
    }
    return this.#held.subarray(at - this.#from, at - this.#from + length)
  }
}

/** The checksum is the sum of the header's bytes, with its own field as spaces. */
function checkHeader(header: Buffer, path: string, at: number): void {
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (header[i] as number)
  const stored = Number.parseInt(textOf(header.subarray(148, 156)).trim(), 8)
  if (sum === stored) return
  if (at === 0) {
    const packed = header[0] === 0x1f && header[1] === 0x8b
    const fix = packed ? 'it is compressed: unpack it first (gunzip)' : 'it does not begin with a tar header'
    throw new SourceError(`${path} is no tar archive: ${fix}`)
  }
  throw damaged(path, at, `no header where one was to be (checksum ${sum}, stored ${stored})`)
}

function nameOf(header: Buffer): string {
  const name = textOf(header.subarray(0, 100))
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Up to the first zero byte. */
function textOf(bytes: Buffer): string {
  const zero = bytes.indexOf(0)
  return bytes.toString('utf8', 0, zero === -1 ? bytes.length : zero)
}

/** Octal digits, or with the highest bit set a binary number. */
function numberAt(header: Buffer, from: number, length: number, path: string, at: number): number {
  const field = header.subarray(from, from + length)
  let value: number
  if (((field[0] as number) & 0x80) !== 0) {
    value = (field[0] as number) & 0x7f
    for (let i = 1; i < length; i++) value = value * 256 + (field[i] as number)
  } else {
    const digits = textOf(field).trim()
    value = digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
  }
  if (Number.isSafeInteger(value)) return value
  throw damaged(path, at, 'a member whose size is no number')
}

/** Lines of `length key=value`. */
function paxRecords(bytes: Buffer, path: string, at: number): Map<string, string> {
  const records = new Map<string, string>()
  for (let from = 0; from < bytes.length && bytes[from] !== 0; ) {
    const space = bytes.indexOf(32, from)
    const length = Number(bytes.toString('latin1', from, space))
    const equals = bytes.indexOf(61, space)
    if (space === -1 || !Number.isInteger(length) || length <= 0 || equals === -1 || from + length > bytes.length) {
      throw damaged(path, at, 'a pax header that is none')
    }
    records.set(bytes.toString('utf8', space + 1, equals), bytes.toString('utf8', equals + 1, from + length - 1))
    from += length
  }
  return records
}

const damaged = (path: string, at: number, what: string) =>
  new SourceError(`${path} is damaged at byte ${grouped(at)}: ${what}`)

const cutOff = (path: string, at: number, what: string, end: number) =>
  new SourceError(`${path} is cut off: ${what}, from byte ${grouped(at)} on, but the file ends at ${grouped(end)}`)
