/**
 * Finds the records of large text files by their bytes: lines, paragraphs, elements of a JSON array. Reads in blocks and
 * keeps places only. Knows nothing of what a record says.
 *
 * Lines and paragraphs can be looked for in a part of a file. A record belongs to the part in which it begins; one that
 * crosses a border is read to its end.
 */
import type { FileHandle } from 'node:fs/promises'
import { SourceError } from './source.ts'

/** Where records are: record i is the bytes `starts[i]` to `ends[i]`, on line `lines[i]` of the part, from 1. */
export interface RecordPlaces {
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly lines: readonly number[]
}

const BLOCK = 2 ** 20
const NEWLINE = 10

/** The file's bytes from `from` on, block by block. */
async function* blocks(file: FileHandle, from: number): AsyncGenerator<{ at: number; bytes: Buffer }> {
  for (let at = from; ; ) {
    const buffer = Buffer.allocUnsafe(BLOCK)
    const { bytesRead } = await file.read(buffer, 0, BLOCK, at)
    if (bytesRead === 0) return
    yield { at, bytes: buffer.subarray(0, bytesRead) }
    at += bytesRead
  }
}

interface Line {
  readonly start: number
  /** Without the line break. */
  readonly end: number
  /** Nothing but white space. */
  readonly blank: boolean
}

/** The lines that begin at `from` or later. `from` itself is the beginning of one only if a line break comes before it. */
async function* linesFrom(file: FileHandle, from: number): AsyncGenerator<Line> {
  let start = from === 0 ? 0 : undefined // where the current line begins, once that is known
  let blank = true
  let last = 0
  for await (const { at, bytes } of blocks(file, from === 0 ? 0 : from - 1)) {
    last = at + bytes.length
    for (let position = 0; position < bytes.length; ) {
      const found = bytes.indexOf(NEWLINE, position)
      const end = found === -1 ? bytes.length : found
      if (start !== undefined && blank) blank = isBlank(bytes, position, end)
      if (found === -1) break
      if (start !== undefined) yield { start, end: at + end, blank }
      start = at + found + 1
      blank = true
      position = found + 1
    }
  }
  if (start !== undefined && start < last) yield { start, end: last, blank }
}

/** Spaces, tabs, carriage returns, and a byte order mark. */
function isBlank(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number
    if (byte !== 32 && byte !== 9 && byte !== 13 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf) return false
  }
  return true
}

/** The lines that are not blank and begin at `from` (inclusive) to `to`. */
export async function findLines(file: FileHandle, from: number, to: number): Promise<RecordPlaces> {
  const places = { starts: [] as number[], ends: [] as number[], lines: [] as number[] }
  let line = 0
  for await (const { start, end, blank } of linesFrom(file, from)) {
    if (start >= to) break
    line++
    if (!blank) add(places, start, end, line)
  }
  return places
}

/**
 * Paragraphs: lines in a row with blank ones around them. A part begins behind its first blank line, unless it is the
 * first one, and reaches to the first blank line behind its end: what crosses a border belongs to the part before it.
 */
export async function findParagraphs(file: FileHandle, from: number, to: number): Promise<RecordPlaces> {
  const places = { starts: [] as number[], ends: [] as number[], lines: [] as number[] }
  let line = 0
  let begun = from === 0
  let open: { start: number; end: number; line: number } | undefined
  for await (const { start, end, blank } of linesFrom(file, from)) {
    line++
    if (blank) {
      if (open) add(places, open.start, open.end, open.line)
      open = undefined
      if (start >= to) return places
      begun = true
    } else if (begun) open = { start: open?.start ?? start, end, line: open?.line ?? line }
  }
  if (open) add(places, open.start, open.end, open.line)
  return places
}

function add(places: { starts: number[]; ends: number[]; lines: number[] }, start: number, end: number, line: number) {
  places.starts.push(start)
  places.ends.push(end)
  places.lines.push(line)
}

const [QUOTE, BACKSLASH, COMMA] = [34, 92, 44]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125]

/**
 * The elements of a JSON array of any size. Looks at brackets and strings only: what stands in an element is checked when
 * it is parsed. Throws a SourceError where the array does not end, or something follows it. `name` is for messages.
 */
export async function findElements(file: FileHandle, name: string): Promise<RecordPlaces> {
  const places = { starts: [] as number[], ends: [] as number[], lines: [] as number[] }
  let depth = 0
  let [inString, escaped, closed] = [false, false, false]
  let start = -1
  let end = 0 // behind the last byte of the element that is not white space
  let line = 1
  let startLine = 1
  for await (const { at, bytes } of blocks(file, 0)) {
    for (let i = 0; i < bytes.length; i++) {
      if (inString) {
        const rest = endOfString(bytes, escaped ? i + 1 : i)
        inString = rest.open
        escaped = rest.escaped
        i = rest.at
        end = Math.min(at + i + 1, at + bytes.length)
        continue
      }
      const byte = bytes[i] as number
      if (byte <= 32) {
        if (byte === NEWLINE) line++
        continue
      }
      if (closed) {
        const where = `${name}: something follows the JSON array at byte ${at + i}`
        throw new SourceError(`${where}: one array to a file, or one object to a line without an array around them`)
      }
      if (depth === 0) {
        if (byte === OPEN_ARRAY) depth = 1
        continue // a byte order mark
      }
      if (depth === 1 && (byte === COMMA || byte === CLOSE_ARRAY)) {
        if (start !== -1) add(places, start, end, startLine)
        start = -1
        if (byte === CLOSE_ARRAY) closed = true
        continue
      }
      if (start === -1) {
        start = at + i
        startLine = line
      }
      if (byte === QUOTE) inString = true
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++
      else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--
      end = at + i + 1
    }
  }
  if (closed) return places
  const inside =
    start === -1 ? 'between two elements' : `inside element ${places.starts.length} (from byte ${start} on)`
  throw new SourceError(`${name}: the JSON array has no end: the file stops ${inside}; was it cut off?`)
}

/**
 * Where a string ends, of which the bytes from `from` on are inside: at its quote, or with the block, and then whether a
 * backslash escapes the first byte of the next one.
 */
function endOfString(bytes: Buffer, from: number): { at: number; open: boolean; escaped: boolean } {
  for (let at = from; ; ) {
    const quote = bytes.indexOf(QUOTE, at)
    const end = quote === -1 ? bytes.length : quote
    let backslashes = 0
    while (end - 1 - backslashes >= at && bytes[end - 1 - backslashes] === BACKSLASH) backslashes++
    const escaped = backslashes % 2 === 1
    if (quote === -1) return { at: bytes.length, open: true, escaped }
    if (!escaped) return { at: quote, open: false, escaped: false }
    at = quote + 1
  }
}
