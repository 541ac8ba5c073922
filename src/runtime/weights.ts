/**
 * Puts the weights of a session where the native engine can have them without a second copy in memory: in files, which
 * ONNX Runtime maps. Weights of a file stay where they are. Weights in memory are written to a private temporary file
 * that has no name any more once the engine has mapped it: handed over from memory instead, ONNX Runtime copies them
 * twice and keeps one of the copies. Small weights travel inside the model. Knows no engine beyond that.
 */
import { type FileHandle, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, parse, relative, resolve, sep } from 'node:path'
import { bytesPerElement } from '../graph/elementType.ts'
import type { TensorSpecification } from '../graph/specification.ts'
import type { PlacedWeights } from './client.ts'
import { EngineError, MismatchError } from './errors.ts'
import type { Placement } from './protocol.ts'
import type { FileRegion, SessionOptions } from './runtime.ts'
import { alignedBytes, bytesOf } from './tensor.ts'

/** Up to this size a weight is written into the model itself. Bytes. */
const SMALL = 64 * 2 ** 10

/** Bytes written at once: Node writes at most 2 GiB in one call, and a signal is looked at between calls. */
const CHUNK = 256 * 2 ** 20

/**
 * Places weights that fit their specifications. Throws a MismatchError for regions that lie beyond the end of their
 * files, and an EngineError when the temporary file cannot be written.
 */
export async function placeWeights(
  specifications: readonly TensorSpecification[],
  sources: NonNullable<SessionOptions['weights']>,
  signal: AbortSignal | undefined,
): Promise<PlacedWeights> {
  const regions = specifications.flatMap(({ name }) => {
    const source = sources[name]!
    return 'path' in source ? [{ name, region: source }] : []
  })
  await checkRegions(regions)
  const placements: Record<string, Placement> = {}
  const roots = new Set<string>()
  const locate = ({ path, offset, length }: FileRegion): Placement => {
    const absolute = resolve(path)
    const { root } = parse(absolute)
    roots.add(root)
    return { location: relative(root, absolute).split(sep).join('/'), offset, length }
  }
  const spill = new Spill(signal)
  try {
    for (const { name, type } of specifications) {
      const source = sources[name]!
      if (!('path' in source)) {
        const bytes = bytesOf(source.data)
        placements[name] = bytes.byteLength <= SMALL ? { bytes: bytes.slice() } : locate(await spill.add(bytes))
      } else if (source.offset % bytesPerElement(type) === 0) {
        placements[name] = locate(source)
      } else {
        // The engine reads mapped numbers where they lie, and not every processor can at odd addresses.
        placements[name] = locate(await spill.add(await readRegion(source)))
      }
    }
    await spill.close()
    if (roots.size > 1)
      throw new EngineError(`the weights lie on several drives (${[...roots].join(', ')}): move them to one`)
  } catch (error) {
    await spill.dispose()
    throw error
  }
  return { root: [...roots][0] ?? '/', placements, transfer: [], dispose: () => spill.dispose() }
}

async function checkRegions(regions: readonly { readonly name: string; readonly region: FileRegion }[]): Promise<void> {
  const sizes = new Map<string, number | undefined>()
  const mismatches: string[] = []
  for (const { name, region } of regions) {
    const { path, offset, length } = region
    if (!sizes.has(path))
      sizes.set(
        path,
        await stat(path).then(
          ({ size }) => size,
          () => undefined,
        ),
      )
    const size = sizes.get(path)
    if (size === undefined) mismatches.push(`weight "${name}": the file ${path} cannot be opened`)
    else if (!(offset >= 0) || offset + length > size) {
      mismatches.push(
        `weight "${name}" is said to lie at bytes ${offset} to ${offset + length} of ${path}, which has ${size}: the file is truncated, or another one`,
      )
    }
  }
  if (mismatches.length > 0) throw new MismatchError('the files do not hold the weights', mismatches)
}

async function readRegion({ path, offset, length }: FileRegion): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, Math.min(CHUNK, length - done), offset + done)
      if (bytesRead === 0) throw new EngineError(`${path} ended while it was read: it must not change`)
      done += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

/** The temporary file, made when the first weight needs it. */
class Spill {
  readonly #signal: AbortSignal | undefined
  #folder: string | undefined
  #file: FileHandle | undefined
  #size = 0

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
  }

  async add(bytes: Uint8Array): Promise<FileRegion> {
    try {
      this.#folder ??= await mkdtemp(join(tmpdir(), 'qwen-vl-weights-'))
      const path = join(this.#folder, 'weights')
      this.#file ??= await open(path, 'wx', 0o600)
      const offset = this.#size
      for (let done = 0; done < bytes.byteLength; ) {
        this.#signal?.throwIfAborted()
        const length = Math.min(CHUNK, bytes.byteLength - done)
        done += (await this.#file.write(bytes, done, length, offset + done)).bytesWritten
      }
      this.#size = alignedBytes(offset + bytes.byteLength)
      return { path, offset, length: bytes.byteLength }
    } catch (cause) {
      if (this.#signal?.aborted) throw this.#signal.reason
      const advice = 'free some space there, or set TMPDIR to a folder with room for the weights'
      throw new EngineError(`cannot write weights to ${tmpdir()} (${(cause as Error).message}): ${advice}`, { cause })
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async dispose(): Promise<void> {
    await this.close()
    // Mapped files of Windows cannot be removed; its temporary folder is emptied by the system.
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true }).catch(() => {})
  }
}
