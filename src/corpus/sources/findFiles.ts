/**
 * Files by a path, a folder, or a pattern: `data/*.tar`, `data/part-{000..099}.tar`, `texts/**\/*.txt`. Knows nothing of
 * what they hold.
 */
import { readdir, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { SourceError } from './source.ts'

/** Names that one pattern may spell out, and files that it may find. */
const MOST = 1_000_000

/**
 * The files that `patterns` name, each once, in the order of the patterns and by name within one. `*` and `?` stand for
 * characters of a name, `**` for folders, `{a,b}` and `{000..099}` for what they list. A folder stands for the files in
 * it that end in one of `extensions`. Relative ones start at `folder`. Throws a SourceError for what names no file.
 */
export async function findFiles(
  patterns: string | readonly string[],
  { folder = '.', extensions }: { readonly folder?: string | undefined; readonly extensions: readonly string[] },
): Promise<string[]> {
  const found = new Set<string>()
  for (const pattern of typeof patterns === 'string' ? [patterns] : patterns) {
    const files: string[] = []
    for (const path of spelledOut(pattern)) {
      files.push(...(await filesOf(isAbsolute(path) ? path : join(resolve(folder), path), extensions)))
    }
    if (files.length === 0) throw new SourceError(`no file matches ${pattern}, looked for from ${resolve(folder)}`)
    for (const file of files) found.add(file)
    if (found.size > MOST) throw new SourceError(`${pattern} names more than ${MOST} files: make larger shards`)
  }
  return [...found]
}

async function filesOf(path: string, extensions: readonly string[]): Promise<string[]> {
  const about = await stat(path).catch(() => undefined) // a name may have a * in it
  if (about?.isDirectory()) {
    const shown = (await readdir(path)).filter(name => !name.startsWith('.'))
    const names = shown.filter(name => hasExtension(name, extensions)).sort(byName)
    if (names.length > 0) return names.map(name => join(path, name))
    throw new SourceError(`the folder ${path} has no file that ends in ${extensions.join(', ')}`)
  }
  if (about !== undefined) return [path]
  if (/[*?]/.test(path)) return matching(path)
  throw new SourceError(`there is no file ${path}`)
}

const hasExtension = (name: string, extensions: readonly string[]) =>
  extensions.some(extension => name.toLowerCase().endsWith(extension))

const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Files under the part of the path that has no wildcard. */
async function matching(path: string): Promise<string[]> {
  const parts = path.split(sep)
  const first = parts.findIndex(part => /[*?]/.test(part))
  const root = parts.slice(0, first).join(sep) || sep
  const found: string[] = []
  const walk = async (at: string, rest: readonly string[]): Promise<void> => {
    const [part, ...after] = rest
    if (part === undefined) return
    const entries = await readdir(at, { withFileTypes: true }).catch(() => [])
    if (part === '**') await walk(at, after)
    for (const entry of entries.sort((a, b) => byName(a.name, b.name))) {
      const inner = join(at, entry.name)
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await isDirectory(inner)))
      if (part === '**') {
        if (isFolder && !entry.isSymbolicLink()) await walk(inner, rest)
      } else if (wildcard(part).test(entry.name)) {
        if (after.length > 0 && isFolder) await walk(inner, after)
        if (after.length === 0 && !isFolder) found.push(inner)
      }
    }
  }
  await walk(root, parts.slice(first))
  return [...new Set(found)].sort(byName)
}

const isDirectory = (path: string) =>
  stat(path).then(
    about => about.isDirectory(),
    () => false,
  )

/** Hidden files match only a pattern that begins with a dot. */
function wildcard(part: string): RegExp {
  const body = part
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${/^[*?]/.test(part) ? '(?!\\.)' : ''}${body}$`, 'su')
}

/** `a{1,2}` → `a1`, `a2`; `{08..11}` → `08` … `11`. Braces of another form stay as they are. */
function spelledOut(pattern: string): string[] {
  const match = /\{([^{}]*(?:,|\.\.)[^{}]*)\}/.exec(pattern)
  if (match === null) return [pattern]
  const [all, inner] = match as unknown as [string, string]
  const head = pattern.slice(0, match.index)
  const tails = spelledOut(pattern.slice(match.index + all.length))
  const range = /^(\d+)\.\.(\d+)$/.exec(inner)
  let choices: string[]
  if (range) {
    const [, from, to] = range as unknown as [string, string, string]
    const count = Number(to) - Number(from) + 1
    if (count < 1 || count * tails.length > MOST) throw new SourceError(`${pattern}: ${all} is ${count} names`)
    choices = Array.from({ length: count }, (_, i) => String(Number(from) + i).padStart(from.length, '0'))
  } else if (inner.includes(',')) choices = inner.split(',')
  else return tails.map(tail => `${head}${all}${tail}`)
  return choices.flatMap(choice => tails.map(tail => `${head}${choice}${tail}`))
}
