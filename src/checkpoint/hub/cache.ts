/**
 * The cache of Hugging Face's tools on this machine, in their layout, so that models pulled by any of them are found by
 * all: `models--owner--name/` with `blobs/` (files by checksum), `snapshots/COMMIT/` (names, as links to blobs) and
 * `refs/` (branch → commit). Also: which folder a user means by a model's name. Knows no network.
 */
import {
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { CheckpointError, ModelNotFoundError } from '../errors.ts'

/** The environment variables that say where the cache is and how to reach the hub. */
export type Environment = Readonly<Record<string, string | undefined>>

/** `HF_HUB_CACHE`, else `HF_HOME`/hub, else `~/.cache/huggingface/hub` (`XDG_CACHE_HOME` in place of `~/.cache`). */
export function cacheFolder(environment: Environment = process.env): string {
  const named = environment['HF_HUB_CACHE'] || environment['HUGGINGFACE_HUB_CACHE']
  return named ? expand(named) : join(huggingFaceHome(environment), 'hub')
}

/** `HF_HOME`, else `~/.cache/huggingface`. */
export function huggingFaceHome(environment: Environment = process.env): string {
  if (environment['HF_HOME']) return expand(environment['HF_HOME'])
  const cache = environment['XDG_CACHE_HOME'] ? expand(environment['XDG_CACHE_HOME']) : join(homedir(), '.cache')
  return join(cache, 'huggingface')
}

const expand = (path: string) => resolve(path.replace(/^~(?=$|[/\\])/, homedir()))

/** `owner/name`, as hubs have it. */
export const isRepository = (text: string): boolean =>
  /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(text) && !text.includes('..') && !text.includes('--') && !text.endsWith('.git')

/** Branches, tags and commits. They become paths, so that nothing may lead out of a folder. */
export const isRevision = (text: string): boolean =>
  /^[\w.-]+(\/[\w.-]+)*$/.test(text) && !text.split('/').some(part => part.startsWith('.') || part.endsWith('.lock'))

/** The folders of one model in the cache. */
export class CachedRepository {
  readonly folder: string

  constructor(cache: string, repository: string) {
    this.folder = join(cache, `models--${repository.replace('/', '--')}`)
  }

  /** Where a file with this checksum lies. */
  blob(checksum: string): string {
    return join(this.folder, 'blobs', checksum)
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit)
  }

  /** Whether the whole file is there. Files are checked as they arrive, so the size is enough to know it again. */
  async hasBlob(checksum: string, bytes: number): Promise<boolean> {
    return (await sizeOf(this.blob(checksum))) === bytes
  }

  /** Gives a blob its name in a snapshot: by a link, or a copy where links are not allowed (some Windows). */
  async place(commit: string, name: string, checksum: string): Promise<void> {
    const path = join(this.snapshot(commit), name)
    const blob = this.blob(checksum)
    const target = relative(dirname(path), blob)
    if ((await readlink(path).catch(() => undefined)) === target || (await isSameFile(path, blob))) return
    await mkdir(dirname(path), { recursive: true })
    const temporary = `${path}.tmp-${process.pid}`
    await rm(temporary, { force: true })
    try {
      await symlink(target, temporary)
    } catch {
      await link(blob, temporary).catch(() => copyFile(blob, temporary))
    }
    await rename(temporary, path)
  }

  /** The commit of a branch, a tag or a commit; undefined if it is not in the cache. */
  async commitOf(revision: string): Promise<string | undefined> {
    const text = await readFile(join(this.folder, 'refs', revision), 'utf8').catch(() => undefined)
    if (text !== undefined && isRevision(text.trim())) return text.trim()
    return isRevision(revision) && (await isFolder(this.snapshot(revision))) ? revision : undefined
  }

  /** Remembers the commit of a branch or tag. To be done last: a snapshot that a name leads to is complete. */
  async setCommit(revision: string, commit: string): Promise<void> {
    if (revision === commit) return
    const path = join(this.folder, 'refs', revision)
    await mkdir(dirname(path), { recursive: true })
    const temporary = `${path}.tmp-${process.pid}`
    await writeFile(temporary, commit)
    await rename(temporary, path)
  }
}

const isFolder = (path: string) =>
  stat(path).then(
    info => info.isDirectory(),
    () => false,
  )

/** Whether both are names of one file. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map(path => stat(path).catch(() => undefined)))
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev
}

/** Size in bytes; undefined if there is no such file. */
export const sizeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    info => (info.isFile() ? info.size : undefined),
    () => undefined,
  )

/** Where a model is. */
export interface ResolvedModel {
  /** A folder, or one file of tensors. */
  readonly path: string
  /** The name on the hub, if it came from the cache. */
  readonly repository?: string
  readonly commit?: string
}

export interface ResolveOptions {
  /** Default: the cache that the environment names. */
  readonly cache?: string
  /** A branch, a tag or a commit. Default: `main`, else `master` (ModelScope's name for it). */
  readonly revision?: string
}

/**
 * Finds the model that a user means: a folder or file, else the name of a model that was pulled. Nothing is downloaded.
 *
 *     const { path } = await resolveModel('Qwen/Qwen-VL-Chat')
 *
 * Throws a ModelNotFoundError that says how to get it.
 */
export async function resolveModel(reference: string, options: ResolveOptions = {}): Promise<ResolvedModel> {
  if (reference === '')
    throw new ModelNotFoundError('no model was named: name a folder, or a model such as Qwen/Qwen-VL-Chat')
  if (
    await lstat(reference).then(
      () => true,
      () => false,
    )
  )
    return { path: reference }
  if (!isRepository(reference)) {
    throw new ModelNotFoundError(
      `there is no folder ${reference}, and it is no name of a model on a hub, such as Qwen/Qwen-VL-Chat`,
    )
  }
  const { cache = cacheFolder(), revision } = options
  if (revision !== undefined && !isRevision(revision)) throw new CheckpointError(`"${revision}" is no revision`)
  const repository = new CachedRepository(cache, reference)
  const pull = `qwen-vl pull ${reference}${revision === undefined ? '' : ` --revision ${revision}`}`
  const commit = await firstDefined(
    (revision === undefined ? ['main', 'master'] : [revision]).map(name => () => repository.commitOf(name)),
  )
  if (commit === undefined) {
    throw new ModelNotFoundError(
      `${reference}${revision === undefined ? '' : ` at ${revision}`} is neither a folder nor in the cache (${cache}): download it with "${pull}"`,
    )
  }
  const path = repository.snapshot(commit)
  const problem = await incompleteness(path)
  if (problem !== undefined)
    throw new ModelNotFoundError(`${reference} in the cache is incomplete (${problem}): run "${pull}"`)
  return { path, repository: reference, commit }
}

async function firstDefined<T>(attempts: readonly (() => Promise<T | undefined>)[]): Promise<T | undefined> {
  for (const attempt of attempts) {
    const value = await attempt()
    if (value !== undefined) return value
  }
  return undefined
}

/** Other tools make a name before all files are there. Says what is missing. */
async function incompleteness(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => undefined)
  if (names === undefined) return 'its folder is missing'
  const there = new Set<string>()
  for (const name of names) if ((await sizeOf(join(folder, name))) !== undefined) there.add(name)
  const dangling = names.find(name => !there.has(name) && /\.(json|safetensors|bin|tiktoken)$/.test(name))
  if (dangling !== undefined) return `${dangling} is missing`
  if (!there.has('config.json')) return 'config.json is missing'
  if (!names.some(name => /\.(safetensors|bin)$/.test(name))) return 'the weights are missing'
  for (const name of names.filter(each => each.endsWith('.index.json'))) {
    const text = await readFile(join(folder, name), 'utf8')
    const missing = [...text.matchAll(/"([^"/\\]+-of-\d+\.(?:safetensors|bin))"/g)].find(
      ([, file]) => !there.has(file!),
    )
    if (missing !== undefined && !hasOtherFormat(there, basename(name))) return `${missing[1]} is missing`
  }
  return undefined
}

/** An index whose files were left out on purpose, since the same weights are there in the other format. */
function hasOtherFormat(there: ReadonlySet<string>, index: string): boolean {
  return index.startsWith('pytorch_model') && [...there].some(name => name.endsWith('.safetensors'))
}
