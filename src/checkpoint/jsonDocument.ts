/**
 * JSON as checkpoints use it: objects only, and no key twice. (JSON.parse keeps the last of two equal keys and says
 * nothing.) Knows nothing of what the documents mean.
 */
import { FormatError } from './errors.ts'
import type { ByteSource, FileSet } from './source.ts'
import { formatBytes } from './storedType.ts'

/** The largest JSON file that is read. The index of the published model has 72 kB. */
const LARGEST = 64 * 2 ** 20

/** Parses a JSON object. Throws a FormatError that names the file. */
export function parseObject(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new FormatError(file, 'it is not UTF-8 text: the file is damaged, or another one', { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FormatError(file, `it is not JSON (${(cause as Error).message}): the file is damaged, or another one`, {
      cause,
    })
  }
  if (!isObject(value)) throw new FormatError(file, 'it holds no JSON object')
  const twice = duplicateKey(text)
  if (twice !== undefined) throw new FormatError(file, `the key "${twice}" appears twice in one object`)
  return value
}

/** Reads and parses a JSON object. */
export async function readObject(source: ByteSource): Promise<Record<string, unknown>> {
  if (source.size > LARGEST)
    throw new FormatError(source.name, `${formatBytes(source.size)} is too large for this file`)
  return parseObject(await source.read(0, source.size), source.name)
}

/** Reads and parses a JSON file of a folder, if it is there. */
export async function readObjectIfPresent(files: FileSet, name: string): Promise<Record<string, unknown> | undefined> {
  if (!files.names.has(name)) return undefined
  const source = await files.open(name)
  try {
    return await readObject(source)
  } finally {
    await source.close()
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The first key that some object of valid JSON has twice. */
function duplicateKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [] // an object's keys; undefined for an array
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found, colon] = match
    if (found === '{') open.push(new Set())
    else if (found === '[') open.push(undefined)
    else if (found === '}' || found === ']') open.pop()
    else if (colon !== undefined) {
      const key = JSON.parse(found.slice(0, found.length - colon.length)) as string
      const keys = open.at(-1)
      if (keys?.has(key)) return key
      keys?.add(key)
    }
  }
  return undefined
}
