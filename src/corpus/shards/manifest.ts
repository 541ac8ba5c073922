/**
 * `corpus.json`, which says of a folder what was made into it and which archives of it are whole. Knows no samples.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { CorpusFolderError } from './errors.ts'

/** An archive that is whole. */
export interface WholeShard {
  /** `shard-00012.tar` */
  readonly file: string
  readonly samples: number
  readonly bytes: number
  /** Of the file, in hexadecimal. */
  readonly sha256: string
}

export interface Manifest {
  /** What decides about every byte: the program, the kind, the recipe. Plain JSON. */
  readonly made: Readonly<Record<string, unknown>>
  readonly shards: readonly WholeShard[]
}

/** The manifest's name in its folder. */
export const manifestName = 'corpus.json'

const shard = z.object({
  file: z.string().regex(/^[\w-]+\.tar$/),
  samples: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
const schema = z.object({ made: z.record(z.string(), z.unknown()), shards: z.array(shard) })

/** The manifest at `path`; nothing where there is none. Throws a CorpusFolderError for a file that is no manifest. */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new CorpusFolderError(`${path} does not say what was made into its folder: name another folder`, { cause })
  }
}

/** The manifest as it is stored. */
export const manifestText = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`

/** `recipe.seed was 1 and is 2`: where two descriptions of what is made differ, in the order of the first. */
export function differences(before: unknown, after: unknown, path = ''): string[] {
  if (isGroup(before) && isGroup(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...keys].flatMap(key => differences(before[key], after[key], path === '' ? key : `${path}.${key}`))
  }
  const [was, is] = [shown(before), shown(after)]
  return was === is ? [] : [`${path} was ${was} and is ${is}`]
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A group that only one side has is long, and its values tell nothing. */
const shown = (value: unknown) => (value === undefined ? 'not given' : isGroup(value) ? 'given' : JSON.stringify(value))
