/**
 * Which source reads which files: what a recipe says under `data`, as sources with weights. Opens files only as far as
 * needed to know what they are.
 */
import { resolve } from 'node:path'
import type { Sample } from '../sample.ts'
import { boxSamples } from './boxes.ts'
import { conversationSample } from './conversations.ts'
import { findFiles } from './findFiles.ts'
import { pairSample } from './pairs.ts'
import { textSample } from './plainText.ts'
import { openRecordSource, type ReadRow } from './recordSource.ts'
import { type SampleSource, type Shard, SourceError } from './source.ts'
import { tarSource } from './tarSource.ts'

/** The kinds of sources, by the key of a data entry. */
export const sourceKinds = ['conversations', 'boxes', 'pairs', 'shards', 'text'] as const
export type SourceKind = (typeof sourceKinds)[number]

type Files = string | readonly string[] | undefined

/** An entry under `data` in a recipe: exactly one of the first five, each a path, a folder, a pattern or a list. */
export interface DataEntry {
  /** Official fine-tuning data: JSON or JSON lines. */
  readonly conversations?: Files
  /** Rows with places in pixels. */
  readonly boxes?: Files
  /** Rows of a picture and a caption. */
  readonly pairs?: Files
  /** WebDataset archives. */
  readonly shards?: Files
  /** Paragraphs, or JSON with "text". */
  readonly text?: Files
  /** How often its entries are drawn beside those of others. Default 1. */
  readonly weight?: number | undefined
  /** Instead of the task and language that the source says. */
  readonly task?: string | undefined
  readonly language?: string | undefined
  /** Where relative paths of pictures start. Default: the folder of the file that names them. */
  readonly pictures?: string | undefined
  /** Only the first so many entries. */
  readonly limit?: number | undefined
}

export interface OpenedSource {
  readonly source: SampleSource
  readonly weight: number
}

const rows: Readonly<Record<Exclude<SourceKind, 'shards'>, ReadRow>> = {
  conversations: (row, place) => [conversationSample(row, place)],
  boxes: (row, place) => boxSamples(row, place),
  pairs: (row, place) => [pairSample(row, place)],
  text: (row, place) => [textSample(row, place)],
}

/**
 * The sources of data entries, in their order. Relative paths start at `folder` (default: where the process runs).
 * Throws a SourceError for files that are not there, and for an entry that is no entry.
 */
export async function openSources(entries: readonly DataEntry[], folder = '.'): Promise<OpenedSource[]> {
  if (entries.length === 0) throw new SourceError('there is no data: name at least one source')
  const opened: OpenedSource[] = []
  for (const entry of entries) opened.push(await openEntry(entry, folder))
  return opened
}

async function openEntry(entry: DataEntry, folder: string): Promise<OpenedSource> {
  const kinds = sourceKinds.filter(kind => entry[kind] !== undefined)
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) {
    throw new SourceError(
      `a data entry has exactly one of ${sourceKinds.join(', ')}, and not ${kinds.join(', ') || 'none'}`,
    )
  }
  const { weight = 1, limit } = entry
  const patterns = entry[kind] as string | readonly string[]
  const name = typeof patterns === 'string' ? patterns : patterns.join(', ')
  if (!(Number.isFinite(weight) && weight > 0)) throw new SourceError(`${name}: weight ${weight} is not above 0`)
  const extensions = kind === 'shards' ? ['.tar'] : ['.json', '.jsonl', '.ndjson', ...(kind === 'text' ? ['.txt'] : [])]
  const files = await findFiles(patterns, { folder, extensions })
  const pictures = entry.pictures === undefined ? undefined : resolve(folder, entry.pictures)
  const bare =
    kind === 'shards'
      ? tarSource(name, files, { folder: pictures, language: entry.language })
      : await openRecordSource({
          ...{ name, files, folder: pictures, paragraphs: kind === 'text' },
          read: (row, place) => rows[kind](inLanguage(row, entry.language), place),
        })
  const source = limit === undefined ? bare : await limited(bare, limit)
  return { source: renamed(source, entry), weight }
}

/** The row with another language: questions are asked in the language that is known before they are written. */
export const inLanguage = (row: unknown, language: string | undefined): unknown =>
  language !== undefined && typeof row === 'object' && row !== null ? { ...row, language } : row

/** The first `limit` entries. Opens as many shards as hold them. */
async function limited(source: SampleSource, limit: number): Promise<SampleSource> {
  if (!Number.isInteger(limit) || limit < 1) throw new SourceError(`${source.name}: limit ${limit} is not a count`)
  const lengths: number[] = []
  for (let left = limit; left > 0 && lengths.length < source.shards; ) {
    const shard = await source.open(lengths.length)
    await shard.close()
    lengths.push(Math.min(shard.length, left))
    left -= shard.length
  }
  return {
    name: source.name,
    shards: lengths.length,
    open: async index => {
      const shard = await source.open(index)
      return { ...shard, length: lengths[index] as number }
    },
  }
}

/** With the task and language of the entry, where it has them. */
function renamed(source: SampleSource, { task, language }: DataEntry): SampleSource {
  if (task === undefined && language === undefined) return source
  const change = (sample: Sample): Sample => ({
    ...sample,
    ...(task === undefined ? {} : { task }),
    ...(language === undefined ? {} : { language }),
  })
  return {
    name: source.name,
    shards: source.shards,
    open: async index => {
      const shard: Shard = await source.open(index)
      return { ...shard, read: async i => (await shard.read(i)).map(change) }
    },
  }
}

/**
 * The entry for a path of which only the path is known, by its ending and its first row. Throws a SourceError where that
 * does not tell.
 *
 *     await entryFor('my.json')   // { conversations: 'my.json' }
 */
export async function entryFor(path: string, folder = '.'): Promise<DataEntry> {
  const extensions = ['.tar', '.json', '.jsonl', '.ndjson', '.txt']
  const files = await findFiles(path, { folder, extensions })
  const [first] = files
  // Beside archives there may be JSON that says something of them.
  if (first === undefined || files.some(file => /\.tar$/i.test(file))) return { shards: path }
  if (/\.txt$/i.test(first)) return { text: path }
  let row: unknown
  const source = await openRecordSource({
    ...{ name: path, files: [first] },
    read: value => {
      row = value
      return []
    },
  })
  const shard = await source.open(0)
  try {
    if (shard.length === 0) throw new SourceError(`${first} has no rows`)
    await shard.read(0)
  } finally {
    await shard.close()
  }
  const has = (field: string) => typeof row === 'object' && row !== null && field in row
  if (has('conversations')) return { conversations: path }
  if (has('boxes')) return { boxes: path }
  if (has('image') && has('caption')) return { pairs: path }
  if (has('text')) return { text: path }
  const fields = typeof row === 'object' && row !== null ? Object.keys(row).join(', ') : JSON.stringify(row)
  throw new SourceError(
    `${first}: rows have "conversations", "boxes", "image" and "caption", or "text"; the first one has ${fields}`,
  )
}
