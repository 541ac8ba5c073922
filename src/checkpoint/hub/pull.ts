/**
 * Downloads a model from a hub into the cache, as a stream of events. It can be cancelled, killed and run again: it goes
 * on where it ended, and what is whole is not fetched twice. Only data is fetched, never programs.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freeBytes, requireSpace } from '../disk.ts'
import { CheckpointError } from '../errors.ts'
import { lock } from '../lock.ts'
import {
  CachedRepository,
  cacheFolder,
  type Environment,
  huggingFaceHome,
  isRepository,
  isRevision,
  sizeOf,
} from './cache.ts'
import { type Disk, download, incompletePath } from './download.ts'
import { type HubName, hubs, type RemoteFile } from './hubs.ts'
import { type Fetch, Requests, type Retry } from './requests.ts'

/** What happens during a pull, in this order: `plan`, then for each file `file`, `progress` …, then `done`. */
export type PullEvent =
  | {
      readonly type: 'plan'
      readonly repository: string
      readonly revision: string
      readonly commit: string
      /** Where the snapshot will be. */
      readonly folder: string
      readonly files: readonly { readonly path: string; readonly bytes: number; readonly cached: boolean }[]
      /** Files of the repository that are not fetched: programs, pictures, weights in a second format. */
      readonly leftOut: readonly string[]
      /** Size of all files, and of what is still to be fetched, in bytes. */
      readonly bytes: number
      readonly missingBytes: number
    }
  | { readonly type: 'file'; readonly path: string; readonly bytes: number }
  | {
      readonly type: 'progress'
      readonly path: string
      /** Bytes of this file, and of all files, that are there. */
      readonly fileDone: number
      readonly done: number
      readonly bytes: number
    }
  | ({ readonly type: 'retry'; readonly path: string | undefined } & Retry)
  | {
      readonly type: 'done'
      readonly folder: string
      readonly commit: string
      readonly files: number
      readonly downloadedBytes: number
    }

/** How to pull. */
export interface PullOptions {
  /** A branch, a tag or a commit. Default: the hub's main branch. */
  readonly revision?: string
  /** Default `huggingface`, or `modelscope` if the endpoint is one of ModelScope's. */
  readonly hub?: HubName
  /** The hub's address, or a mirror's. Default: `HF_ENDPOINT`, else the hub's own. */
  readonly endpoint?: string
  /** Default: `HF_TOKEN`, else the token that Hugging Face's login command keeps. Shown to the endpoint only. */
  readonly token?: string
  /** Default: the cache that `HF_HUB_CACHE` and `HF_HOME` name, else `~/.cache/huggingface/hub`. */
  readonly cache?: string
  readonly signal?: AbortSignal
  /** Tries again this many times after a failure that can pass. Default 5. */
  readonly retries?: number
  /** The first wait between two attempts; it doubles. Default 1000. */
  readonly retryDelayMs?: number
  /** Gives up a connection that is silent for so long. Default 60,000. */
  readonly stallMs?: number
  /** Default: the process's environment, the global `fetch`, and the disk. */
  readonly environment?: Environment
  readonly fetch?: Fetch
  readonly disk?: Partial<Disk>
}

/** At least this long between two events of progress. */
const PROGRESS_MS = 100

const ADVICE = 'set HF_HOME to a folder on another disk'

/**
 * Pulls a model, such as `Qwen/Qwen-VL-Chat`. The last event names the folder.
 *
 *     for await (const event of pull('Qwen/Qwen-VL-Chat')) if (event.type === 'done') console.log(event.folder)
 *
 * Throws a HubError (ChecksumError for wrong files), a DiskSpaceError before anything is fetched, or the signal's reason.
 */
export async function* pull(repository: string, options: PullOptions = {}): AsyncGenerator<PullEvent, void> {
  const settings = readSettings(repository, options)
  const { hub, revision, cache } = settings
  const cached = new CachedRepository(cache, repository)
  const retries = new Retries()
  const stop = new AbortController()
  const requests = new Requests({
    endpoint: settings.endpoint,
    token: await findToken(options, settings.hubName),
    ...pick(options, 'fetch', 'retries', 'retryDelayMs', 'stallMs'),
    signal: AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]),
    onRetry: retry => retries.add(retry),
  })
  const unlock = await lock(
    join(cache, '.locks', `models--${repository.replace('/', '--')}`, 'pull.lock'),
    `downloading ${repository}`,
  )
  try {
    const { commit, at, files: announced } = yield* retries.until(hub.list(requests, repository, revision), undefined)
    const { wanted, leftOut } = choose(repository, announced)
    const there = new Set<RemoteFile>()
    for (const file of wanted) if (await cached.hasBlob(file.checksum.hex, file.bytes)) there.add(file)
    const missing = wanted.filter(file => !there.has(file))
    const bytes = total(wanted)
    const missingBytes = total(missing) - (await bytesBegun(cached, missing))
    const folder = cached.snapshot(commit)
    yield {
      type: 'plan',
      repository,
      revision,
      commit,
      folder,
      files: wanted.map(file => ({ path: file.path, bytes: file.bytes, cached: there.has(file) })),
      leftOut,
      bytes,
      missingBytes,
    }
    const disk = { ...realDisk, ...options.disk }
    await requireSpace(cache, missingBytes, ADVICE, disk.freeBytes)
    let done = bytes - total(missing)
    for (const file of missing) {
      const url = hub.url(settings.endpoint, repository, at, file.path)
      const path = cached.blob(file.checksum.hex)
      yield* follow(download({ file, url, path, requests, disk, advice: ADVICE }), { file, done, bytes, retries, stop })
      done += file.bytes
    }
    for (const file of wanted) await cached.place(commit, file.path, file.checksum.hex)
    await cached.setCommit(revision, commit)
    yield { type: 'done', folder, commit, files: wanted.length, downloadedBytes: missingBytes }
  } finally {
    stop.abort()
    await unlock()
  }
}

function readSettings(repository: string, { hub, endpoint, revision, cache, environment = process.env }: PullOptions) {
  if (!isRepository(repository)) {
    throw new CheckpointError(
      `"${repository}" is no name of a model on a hub: write owner/name, such as Qwen/Qwen-VL-Chat`,
    )
  }
  const named = endpoint ?? (hub === 'modelscope' ? undefined : environment['HF_ENDPOINT'] || undefined)
  const hubName = hub ?? (named !== undefined && /modelscope/i.test(named) ? 'modelscope' : 'huggingface')
  const address = (named ?? hubs[hubName].endpoint).replace(/\/+$/, '')
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new CheckpointError(`"${address}" is no address of a hub: write it as https://huggingface.co`)
  if (new URL(address).username !== '')
    throw new CheckpointError('the address of the hub holds a user name: give the token in HF_TOKEN instead')
  const wanted = revision ?? hubs[hubName].defaultRevision
  if (!isRevision(wanted)) throw new CheckpointError(`"${wanted}" is no revision: name a branch, a tag or a commit`)
  return { hubName, hub: hubs[hubName], endpoint: address, revision: wanted, cache: cache ?? cacheFolder(environment) }
}

/** ModelScope's models are read without a token: Hugging Face's is none of its business. */
async function findToken({ token, environment = process.env }: PullOptions, hub: HubName): Promise<string | undefined> {
  if (token !== undefined) return token
  if (hub !== 'huggingface' || environment['HF_HUB_DISABLE_IMPLICIT_TOKEN'] === '1') return undefined
  const named = environment['HF_TOKEN'] || environment['HUGGING_FACE_HUB_TOKEN']
  if (named) return named
  const file = environment['HF_TOKEN_PATH'] || join(huggingFaceHome(environment), 'token')
  return (await readFile(file, 'utf8').catch(() => '')).trim() || undefined
}

/** Data that a model needs, in the root of the repository. Everything else stays where it is. */
const known = [
  /^[\w.-]+\.(json|jsonl|safetensors|tiktoken|model|txt|md)$/i,
  /^(pytorch_model|adapter_model)[\w.-]*\.bin$/,
  /^(LICENSE|LICENCE|NOTICE|README)[\w. -]*$/i,
]

/** Programs, whatever they are called. */
const programs = /\.(py|pyc|ipynb|sh|js|mjs|pkl|pickle|so|dll|exe)$/i

/** Small files come first, so that a mistake shows before the weights are fetched. */
function choose(repository: string, files: readonly RemoteFile[]) {
  const safe = files.filter(({ path }) => known.some(pattern => pattern.test(path)) && !programs.test(path))
  const hasSafetensors = safe.some(({ path }) => path.endsWith('.safetensors'))
  const second = (path: string) => hasSafetensors && /\.bin(\.index\.json)?$/.test(path)
  const wanted = safe
    .filter(({ path }) => !second(path))
    .sort((a, b) => a.bytes - b.bytes || (a.path < b.path ? -1 : 1))
  if (!wanted.some(({ path }) => /\.(safetensors|bin)$/.test(path))) {
    const found = files.map(({ path }) => path).slice(0, 6)
    throw new CheckpointError(
      `${repository} holds no weights as .safetensors or .bin: it has ${found.join(', ') || 'no files'}`,
    )
  }
  const chosen = new Set(wanted)
  return { wanted, leftOut: files.filter(file => !chosen.has(file)).map(({ path }) => path) }
}

const total = (files: readonly RemoteFile[]) => files.reduce((sum, { bytes }) => sum + bytes, 0)

/** What earlier pulls left of these files. */
async function bytesBegun(cached: CachedRepository, files: readonly RemoteFile[]): Promise<number> {
  let sum = 0
  for (const { checksum, bytes } of files) {
    const size = (await sizeOf(incompletePath(cached.blob(checksum.hex)))) ?? 0
    if (size <= bytes) sum += size
  }
  return sum
}

/** What requests tell while they are waited for. */
class Retries {
  readonly #items: Retry[] = []
  #wake = () => {}

  add(retry: Retry): void {
    this.#items.push(retry)
    this.#wake()
  }

  /** Waits for something, and gives the retries meanwhile as events. */
  async *until<T>(promise: Promise<T>, path: string | undefined): AsyncGenerator<PullEvent, T> {
    let settled = false
    const settle = () => {
      settled = true
    }
    const settling = promise.then(settle, settle)
    while (!settled) {
      await Promise.race([settling, new Promise<void>(resolve => (this.#wake = resolve))])
      for (const retry of this.#items.splice(0)) yield { type: 'retry', path, ...retry }
    }
    return promise
  }
}

interface Following {
  readonly file: RemoteFile
  /** Bytes of the files before. */
  readonly done: number
  readonly bytes: number
  readonly retries: Retries
  /** Ends the download when nobody listens any more. */
  readonly stop: AbortController
}

/** The events of one download; of its progress, a few in a second. */
async function* follow(
  progress: AsyncGenerator<{ readonly done: number }>,
  { file, done, bytes, retries, stop }: Following,
): AsyncGenerator<PullEvent> {
  let last = 0
  let next: Promise<unknown> | undefined
  try {
    yield { type: 'file', path: file.path, bytes: file.bytes }
    for (;;) {
      const step = progress.next()
      next = step
      const { value, done: ended } = yield* retries.until(step, file.path)
      next = undefined
      if (ended) return
      if (value.done < file.bytes && Date.now() - last < PROGRESS_MS) continue
      last = Date.now()
      yield { type: 'progress', path: file.path, fileDone: value.done, done: done + value.done, bytes }
    }
  } finally {
    if (next !== undefined) stop.abort()
    await next?.catch(() => {})
    await progress.return(undefined)
  }
}

const realDisk: Disk = {
  freeBytes,
  async write(handle, bytes, position) {
    for (let done = 0; done < bytes.byteLength; )
      done += (await handle.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten
  },
}

function pick<T extends object, Key extends keyof T>(from: T, ...keys: readonly Key[]): Pick<T, Key> {
  return Object.fromEntries(keys.filter(key => from[key] !== undefined).map(key => [key, from[key]])) as Pick<T, Key>
}
