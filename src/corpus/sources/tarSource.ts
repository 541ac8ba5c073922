/**
 * Archives of samples in the layout of WebDataset: the members of a sample stand together and share their name up to
 * its first dot. `KEY.jpg` (or `KEY.0.jpg`, `KEY.1.jpg`) are pictures, `KEY.txt` is a caption, `KEY.json` says more.
 * An archive is one shard; opening it reads headers, and pictures are read when they are decoded.
 */
import { open } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Sample } from '../sample.ts'
import { ArchivedPicture, readRange } from './archivedPicture.ts'
import { boxSamples } from './boxes.ts'
import { conversationSample } from './conversations.ts'
import { captionSample } from './pairs.ts'
import { pictureIn, sampleFields } from './rows.ts'
import { readSampleForm } from './sampleForm.ts'
import { grouped, type SampleSource, type Shard, SourceError } from './source.ts'
import { readTarMembers, type TarMember } from './tar.ts'

/** The largest picture, and the largest text, that is read out of an archive. Bytes. */
const LARGEST_PICTURE = 256 * 2 ** 20
const LARGEST_TEXT = 16 * 2 ** 20

const picture = /(^|\.)(jpe?g|png|webp|gif|bmp|tiff?|avif)$/i

interface Group {
  readonly key: string
  readonly members: readonly TarMember[]
}

export interface TarSourceOptions {
  /** Where relative paths start that name no member. Default: the archive's folder. */
  readonly folder?: string | undefined
  /** Instead of the language that samples say. */
  readonly language?: string | undefined
}

/** One shard for each archive. Looks at no archive before it is opened. */
export function tarSource(name: string, files: readonly string[], options: TarSourceOptions = {}): SampleSource {
  return { name, shards: files.length, open: shard => openArchive(files[shard] as string, options) }
}

async function openArchive(path: string, { folder, language }: TarSourceOptions): Promise<Shard> {
  let members: TarMember[]
  try {
    const file = await open(path, 'r')
    try {
      members = await readTarMembers(file, path)
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof SourceError) throw cause
    throw new SourceError(`${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
  const groups = groupsOf(members)
  const nameOf = (i: number) => `${basename(path)}/${groups[i]?.key}`
  return {
    length: groups.length,
    nameOf,
    read: async i => {
      try {
        const place = { id: nameOf(i), folder: folder ?? dirname(resolve(path)) }
        return await samplesOf(groups[i] as Group, path, place, language)
      } catch (error) {
        throw new SourceError(`${nameOf(i)}: ${(error as Error).message}`, { cause: error })
      }
    },
    close: async () => {},
  }
}

/** `a/b.x/0001.seg.png` → `a/b.x/0001` and `seg.png`. */
function split(name: string): { key: string; extension: string } {
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1)
  return dot === -1 ? { key: name, extension: '' } : { key: name.slice(0, dot), extension: name.slice(dot + 1) }
}

/** Members of one name in a row. Those of which no sample can be made (a README, an index) are left out. */
function groupsOf(members: readonly TarMember[]): Group[] {
  const groups: { key: string; members: TarMember[] }[] = []
  for (const member of members) {
    const { key, extension } = split(member.name)
    if (!picture.test(extension) && !/^(txt|json)$/i.test(extension)) continue
    const last = groups.at(-1)
    if (last?.key === key) last.members.push(member)
    else groups.push({ key, members: [member] })
  }
  return groups
}

async function samplesOf(
  group: Group,
  path: string,
  { id, folder }: { readonly id: string; readonly folder: string },
  language: string | undefined,
): Promise<readonly Sample[]> {
  const found = new Map(group.members.map(member => [member.name, member]))
  const text = async (extension: string) => {
    const member = group.members.find(({ name }) => split(name).extension.toLowerCase() === extension)
    return member === undefined ? undefined : readText(member, path)
  }
  const pictures = group.members
    .filter(({ name }) => picture.test(split(name).extension))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  /** A member by its name or the last part of it; else a file. */
  const named = (name: string) => {
    const member = found.get(name) ?? pictures.find(each => basename(each.name) === name)
    return member === undefined ? pictureIn(folder, name) : archived(member, path)
  }

  const json = await text('json')
  const row = {
    ...(json === undefined ? {} : parseObject(json)),
    ...(language === undefined ? {} : { language }),
  } as Record<string, unknown>
  if (Array.isArray(row['turns'])) {
    const needed = (name: string) => {
      if (!found.has(name) && !pictures.some(each => basename(each.name) === name)) {
        throw new SourceError(`its JSON names the picture "${name}", which is not among ${listed(group.members)}`)
      }
      return named(name)
    }
    return [readSampleForm(row, id, needed)]
  }
  if (Array.isArray(row['conversations'])) return [conversationSample(row, { id, folder }, named)]
  const [only] = pictures
  if (only === undefined) throw new SourceError(`it has no picture: ${listed(group.members)}`)
  if (Array.isArray(row['boxes'])) {
    const image = typeof row['image'] === 'string' ? row['image'] : only.name
    return boxSamples(
      { ...row, image },
      { id, folder },
      typeof row['image'] === 'string' ? named(image) : archived(only, path),
    )
  }
  if (pictures.length > 1) throw new SourceError(`it has ${pictures.length} pictures and one caption`)
  const stated = row['caption'] ?? row['text']
  const caption = typeof stated === 'string' && stated.trim() !== '' ? stated : await text('txt')
  if (caption === undefined || caption.trim() === '') {
    throw new SourceError(`it has no caption: a text in .txt, or "caption" in .json; it has ${listed(group.members)}`)
  }
  const string = (field: string) => (typeof row[field] === 'string' ? { [field]: row[field] } : {})
  const fields = sampleFields({ ...string('language'), ...string('licence'), ...string('provenance') }, id)
  return [
    captionSample(fields, archived(only, path), caption, typeof row['task'] === 'string' ? row['task'] : undefined),
  ]
}

const listed = (members: readonly TarMember[]) => members.map(({ name }) => basename(name)).join(', ')

function archived({ name, offset, size }: TarMember, path: string): ArchivedPicture {
  checkSize(name, size, LARGEST_PICTURE)
  return new ArchivedPicture({ path: resolve(path), offset, length: size }, name)
}

async function readText({ name, offset, size }: TarMember, path: string): Promise<string> {
  checkSize(name, size, LARGEST_TEXT)
  return new TextDecoder().decode(await readRange({ path, offset, length: size }))
}

function checkSize(name: string, size: number, most: number): void {
  if (size > most)
    throw new SourceError(`${basename(name)} has ${grouped(size)} bytes, at most ${grouped(most)} are read`)
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new SourceError(`its .json is not JSON (${(cause as Error).message})`, { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new SourceError('its .json holds no object')
}
