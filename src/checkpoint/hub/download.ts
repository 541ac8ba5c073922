/**
 * Downloads one file: into a file of the name `….incomplete`, which a later attempt goes on from, checked as it arrives,
 * and renamed when it is whole and right. Knows no hub and no cache.
 */
import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { explainFullDisk } from '../disk.ts'
import { ChecksumError, HubError } from '../errors.ts'
import type { RemoteFile } from './hubs.ts'
import { type Requests, reasonOf } from './requests.ts'

/** An open file, as far as a download writes to it: a FileHandle, in the words of any program's types. */
export interface WritableFile {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>
}

/** How a download touches the disk: to be replaced where a test wants a full one. */
export interface Disk {
  /** Bytes that may still be written under a folder; undefined if the system does not tell. */
  readonly freeBytes: (folder: string) => Promise<number | undefined>
  readonly write: (handle: WritableFile, bytes: Uint8Array, position: number) => Promise<void>
}

export interface Download {
  readonly file: RemoteFile
  readonly url: string
  /** Where the whole file goes. */
  readonly path: string
  readonly requests: Requests
  readonly disk: Disk
  /** What to do about a full disk, for the error. */
  readonly advice: string
}

/** Bytes of this file that are on the disk now. Falls when a wrong beginning was thrown away. */
export interface DownloadProgress {
  readonly done: number
}

/** Read at once when what is already there is checked. Bytes. */
const CHUNK = 4 * 2 ** 20

/** The name of a download that is not finished. */
export const incompletePath = (path: string): string => `${path}.incomplete`

/**
 * Downloads the file, and tells how far it is whenever more has arrived. Throws a ChecksumError, a HubError, a
 * DiskSpaceError, or the signal's reason; what has arrived stays for the next time, unless it is wrong.
 */
export async function* download({
  file,
  url,
  path,
  requests,
  disk,
  advice,
}: Download): AsyncGenerator<DownloadProgress> {
  const partial = incompletePath(path)
  await mkdir(dirname(path), { recursive: true })
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT)
  try {
    const transfer = new Transfer(handle, file, disk)
    yield* transfer.resume(requests.options.signal)
    yield* fetchRest(transfer, file, url, requests)
    await handle.sync()
  } catch (error) {
    if (error instanceof ChecksumError) await rm(partial, { force: true })
    throw explainFullDisk(error, file.path, file.bytes, advice)
  } finally {
    await handle.close()
  }
  await rename(partial, path)
}

/** Asks for what is missing until nothing is. Attempts are counted anew whenever something arrived. */
async function* fetchRest(
  transfer: Transfer,
  file: RemoteFile,
  url: string,
  requests: Requests,
): AsyncGenerator<DownloadProgress> {
  let resumed = transfer.done > 0
  for (let failures = 0; ; ) {
    const before = transfer.done
    if (before < file.bytes || file.bytes === 0) {
      const problem = yield* fetchOnce(transfer, file, url, requests)
      if (problem !== undefined) {
        failures = transfer.done > before ? 1 : failures + 1
        await requests.pause(failures, problem)
        continue
      }
    }
    const { hex } = file.checksum
    const found = transfer.digest()
    if (found === hex) return
    if (!resumed) {
      throw new ChecksumError(
        `${file.path} arrived, but is another file: its checksum is ${found}, and the hub announced ${hex}. It was removed; ` +
          'try again, or use another endpoint if it stays so',
      )
    }
    // What lay there from an earlier time may be to blame: once more from the beginning.
    resumed = false
    await transfer.restart()
    yield { done: 0 }
  }
}

/** One request. Gives what went wrong with the connection, if it ended too early. */
async function* fetchOnce(
  transfer: Transfer,
  file: RemoteFile,
  url: string,
  requests: Requests,
): AsyncGenerator<DownloadProgress, HubError | undefined> {
  // Compressed on the way, parts of a file could not be put together.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (transfer.done > 0) headers['range'] = `bytes=${transfer.done}-`
  const response = await requests.get(url, `the file ${file.path}`, { headers, accept: [416] })
  const from = response.status === 206 ? rangeStart(response) : 0
  if (response.status === 416 || from !== transfer.done) {
    if (from !== 0 || response.status === 416) await response.body?.cancel().catch(() => {})
    await transfer.restart()
    yield { done: 0 }
    if (from !== 0 || response.status === 416)
      return new HubError(`${file.path}: the hub does not give the part that was asked for`, {
        status: response.status,
      })
  }
  const { signal, stallMs = 60_000 } = requests.options
  const reader = response.body?.getReader()
  try {
    for (;;) {
      const part = await readPart(reader, stallMs, signal)
      if (part === undefined) break
      if (transfer.done + part.byteLength > file.bytes)
        throw new ChecksumError(
          `${file.path} is larger than the ${file.bytes} bytes that the hub announced: it was removed`,
        )
      await transfer.append(part)
      yield { done: transfer.done }
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof Interruption)) throw error
    return new HubError(
      `${file.path}: the connection ended after ${transfer.done} of ${file.bytes} bytes (${error.message})`,
    )
  } finally {
    await reader?.cancel().catch(() => {})
  }
  if (transfer.done === file.bytes) return undefined
  return new HubError(`${file.path}: the hub sent ${transfer.done} of ${file.bytes} bytes`)
}

/** The connection broke, or nothing came through it for too long. */
class Interruption extends Error {}

type Reader = ReadableStreamDefaultReader<Uint8Array>

async function readPart(reader: Reader | undefined, stallMs: number, signal: AbortSignal | undefined) {
  if (reader === undefined) return undefined
  let timer: NodeJS.Timeout | undefined
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Interruption(`nothing came for ${stallMs / 1000} s`)), stallMs)
  })
  try {
    const { value, done } = await Promise.race([reader.read(), stalled])
    return done ? undefined : value
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof Interruption ? error : new Interruption(reasonOf(error), { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** The first byte of a partial answer. */
function rangeStart(response: Response): number {
  const [, start] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? []
  return start === undefined ? -1 : Number(start)
}

/** The file on the disk and its checksum, which grow together. */
class Transfer {
  done = 0
  readonly #handle: FileHandle
  readonly #file: RemoteFile
  readonly #disk: Disk
  #hash: Hash

  constructor(handle: FileHandle, file: RemoteFile, disk: Disk) {
    this.#handle = handle
    this.#file = file
    this.#disk = disk
    this.#hash = startHash(file)
  }

  /** Goes on from what is there: reads it for the checksum. */
  async *resume(signal: AbortSignal | undefined): AsyncGenerator<DownloadProgress> {
    const { size } = await this.#handle.stat()
    if (size > this.#file.bytes) await this.restart()
    const buffer = new Uint8Array(Math.min(CHUNK, this.#file.bytes))
    while (this.done < size && size <= this.#file.bytes) {
      signal?.throwIfAborted()
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.byteLength, this.done)
      if (bytesRead === 0) break
      this.#hash.update(buffer.subarray(0, bytesRead))
      this.done += bytesRead
    }
    if (this.done > 0) yield { done: this.done }
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0)
    this.#hash = startHash(this.#file)
    this.done = 0
  }

  async append(part: Uint8Array): Promise<void> {
    await this.#disk.write(this.#handle, part, this.done)
    this.#hash.update(part)
    this.done += part.byteLength
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}

function startHash({ checksum, bytes }: RemoteFile): Hash {
  return checksum.kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)
}
