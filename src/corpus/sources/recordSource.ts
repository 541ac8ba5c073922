/**
 * A source of rows: files of JSON (one object to a line, or one array) or of paragraphs, cut into shards of some
 * megabytes. Opening a shard looks through that part of its file and remembers where rows are; a row is read and parsed
 * when it is asked for. What a row means is the caller's function.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Sample } from '../sample.ts'
import { findElements, findLines, findParagraphs, type RecordPlaces } from './records.ts'
import { grouped, type SampleSource, type Shard, SourceError } from './source.ts'

/** Bytes of a shard. */
const SHARD = 16 * 2 ** 20

/** The longest row, in bytes: longer ones are mistakes. */
const LONGEST = 16 * 2 ** 20

/** Where a row stands. */
export interface RowPlace {
  /** Names it in messages: `rows.jsonl:17`, `list.json[3]`; further into large files `rows.jsonl@16777300`, a byte. */
  readonly id: string
  /** The file. */
  readonly path: string
  /** Where its relative paths start. */
  readonly folder: string
}

/** A row's samples. Throws a SourceError (or a TextError) whose message begins with what is wrong, without the place. */
export type ReadRow = (row: unknown, place: RowPlace) => readonly Sample[] | Promise<readonly Sample[]>

export interface RecordSourceOptions {
  readonly name: string
  readonly files: readonly string[]
  readonly read: ReadRow
  /** Files that do not end in `.json` or `.jsonl` (`.ndjson`) are paragraphs of text; a row is then a string. */
  readonly paragraphs?: boolean
  /** Where relative paths in rows start. Default: the folder of the file. */
  readonly folder?: string | undefined
  /** Bytes of a shard (default 16 MiB). */
  readonly shardBytes?: number
}

type Form = 'lines' | 'array' | 'paragraphs'

interface Piece {
  readonly path: string
  readonly form: Form
  readonly from: number
  readonly to: number
}

/** Looks at the size and the first characters of each file, and no further. */
export async function openRecordSource(options: RecordSourceOptions): Promise<SampleSource> {
  const pieces: Piece[] = []
  for (const path of options.files) pieces.push(...(await piecesOf(path, options)))
  return {
    name: options.name,
    shards: pieces.length,
    open: shard => openPiece(pieces[shard] as Piece, options),
  }
}

async function piecesOf(path: string, options: RecordSourceOptions): Promise<Piece[]> {
  const file = await openFile(path)
  try {
    const { size } = await file.stat()
    const isText = options.paragraphs === true && !/\.(jsonl?|ndjson)$/i.test(path)
    const form = isText ? 'paragraphs' : await jsonForm(file, path)
    if (form === 'array') return [{ path, form, from: 0, to: size }]
    const bytes = options.shardBytes ?? SHARD
    return Array.from({ length: Math.max(1, Math.ceil(size / bytes)) }, (_, i) => ({
      ...{ path, form, from: i * bytes, to: Math.min((i + 1) * bytes, size) },
    }))
  } finally {
    await file.close()
  }
}

async function jsonForm(file: FileHandle, path: string): Promise<'lines' | 'array'> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
  const first = buffer
    .toString('utf8', 0, bytesRead)
    .replace(/^\uFEFF/, '')
    .trimStart()[0]
  if (first === '[') return 'array'
  if (first === '{' || first === undefined) return 'lines'
  const found = JSON.stringify(buffer.toString('utf8', 0, Math.min(bytesRead, 30)))
  throw new SourceError(`${path} is not JSON: it begins with ${found}; rows are one object to a line, or one array`)
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (cause) {
    throw new SourceError(`${path} cannot be opened: ${(cause as Error).message}`, { cause })
  }
}

async function openPiece({ path, form, from, to }: Piece, options: RecordSourceOptions): Promise<Shard> {
  const file = await openFile(path)
  let places: RecordPlaces
  try {
    if (form === 'array') places = await findElements(file, path)
    else places = await (form === 'lines' ? findLines : findParagraphs)(file, from, to)
  } catch (error) {
    await file.close()
    throw error
  }
  const { starts, ends, lines } = places
  const folder = options.folder ?? dirname(resolve(path))
  const nameOf = (i: number) => {
    if (form === 'array') return `${basename(path)}[${i}]`
    return from === 0 ? `${basename(path)}:${lines[i]}` : `${basename(path)}@${starts[i]}`
  }
  return {
    length: starts.length,
    nameOf,
    read: async i => {
      const id = nameOf(i)
      const text = await readRecord(file, starts[i] as number, ends[i] as number, id)
      try {
        return await options.read(form === 'paragraphs' ? text.trim() : parse(text), { id, path, folder })
      } catch (error) {
        throw new SourceError(`${id}: ${(error as Error).message}`, { cause: error })
      }
    },
    close: () => file.close(),
  }
}

async function readRecord(file: FileHandle, start: number, end: number, id: string): Promise<string> {
  const length = end - start
  if (length > LONGEST) {
    throw new SourceError(
      `${id}: ${grouped(length)} bytes in one row, at most ${grouped(LONGEST)}: cut it into several`,
    )
  }
  const bytes = Buffer.allocUnsafe(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled)
    if (bytesRead === 0) throw new SourceError(`${id}: the file became shorter while it was read`)
    filled += bytesRead
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new SourceError(`${id}: is not UTF-8 text: save the file as UTF-8`)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SourceError(`is not JSON (${(cause as Error).message})`, { cause })
  }
}
