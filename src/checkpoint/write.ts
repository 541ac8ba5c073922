/**
 * Writes safetensors files: one, or a folder with shards and an index. Everything is written under temporary names and
 * renamed when it is complete and on the disk, so that no half-written checkpoint is ever found under a good name.
 */
import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ReadableTensor } from './checkpoint.ts'
import { explainFullDisk, requireSpace } from './disk.ts'
import {
  bytesOfTensor,
  checkWritable,
  divide,
  layOut,
  type SafetensorsLayout,
  writeIndex,
} from './safetensorsLayout.ts'

/** Bytes copied at once. */
const CHUNK = 32 * 2 ** 20

const ADVICE = 'choose a folder on another disk'

/** What goes with the tensors. */
export interface WriteOptions {
  /** Texts for the header. Default: `format: 'pt'`, which transformers asks for. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Called now and then with the bytes written so far, of all. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface WriteFolderOptions extends WriteOptions {
  /** The most bytes of values in one file. Default: 5 GB. */
  readonly maxFileBytes?: number
  /** Default `model`: `model.safetensors`, or `model-00001-of-00002.safetensors` and `model.safetensors.index.json`. */
  readonly stem?: string
}

/**
 * Writes one safetensors file. Tensors of an open checkpoint can be given as they are; they are copied part by part.
 *
 *     await writeSafetensors('adapter_model.safetensors', [tensorFromMemory('scale', 'float32', [2], values)])
 *
 * Throws a DiskSpaceError, a CheckpointError for names that appear twice, or the signal's reason.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly ReadableTensor[],
  options: WriteOptions = {},
): Promise<void> {
  checkWritable(tensors)
  const layout = layOut(tensors, options.metadata ?? { format: 'pt' })
  await writeAll(dirname(path), [{ file: basename(path), layout }], options)
}

/**
 * Writes tensors into a folder in the published layout, and removes what an earlier checkpoint of the same stem left
 * there and what would now be read in its place. Gives the files' names.
 */
export async function writeCheckpoint(
  folder: string,
  tensors: readonly ReadableTensor[],
  options: WriteFolderOptions = {},
): Promise<readonly string[]> {
  const { stem = 'model', maxFileBytes = 5e9, metadata = { format: 'pt' } } = options
  checkWritable(tensors)
  const shards = divide(tensors, stem, maxFileBytes)
  const files = shards.map(shard => ({ file: shard.file, layout: layOut(shard.tensors, metadata) }))
  await mkdir(folder, { recursive: true })
  const index = `${stem}.safetensors.index.json`
  await writeAll(folder, files, options, shards.length > 1 ? { file: index, text: writeIndex(shards) } : undefined)
  const written = new Set([...shards.map(({ file }) => file), ...(shards.length > 1 ? [index] : [])])
  await removeStale(folder, stem, written)
  return [...written]
}

/** A checkpoint in another number of files leaves files behind that would be read instead of the new ones. */
async function removeStale(folder: string, stem: string, written: ReadonlySet<string>): Promise<void> {
  const escaped = stem.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const ours = new RegExp(`^${escaped}(-\\d{5}-of-\\d{5})?\\.safetensors(\\.index\\.json)?$`)
  for (const name of await readdir(folder)) {
    if (ours.test(name) && !written.has(name)) await rm(join(folder, name))
  }
}

interface OutputFile {
  readonly file: string
  readonly layout: SafetensorsLayout
}

async function writeAll(
  folder: string,
  files: readonly OutputFile[],
  { signal, onProgress }: WriteOptions,
  index?: { readonly file: string; readonly text: string },
): Promise<void> {
  const total = files.reduce((sum, { layout }) => sum + layout.bytes, 0)
  await requireSpace(folder, total, ADVICE)
  const mark = `.tmp-${process.pid}-${randomBytes(4).toString('hex')}`
  const temporary = (file: string) => join(folder, file + mark)
  const all = [...files.map(({ file }) => file), ...(index === undefined ? [] : [index.file])]
  let done = 0
  const advance = (bytes: number) => {
    signal?.throwIfAborted()
    done += bytes
    onProgress?.(done, total)
  }
  try {
    for (const { file, layout } of files) await writeOne(temporary(file), file, layout, advance)
    if (index !== undefined) {
      await withFile(temporary(index.file), index.file, index.text.length, handle => handle.writeFile(index.text))
      // Until the new index is there, an old one would mix old files with new ones.
      await rm(join(folder, index.file), { force: true })
    }
    for (const file of all) await rename(temporary(file), join(folder, file))
  } catch (error) {
    for (const file of all) await rm(temporary(file), { force: true })
    throw error
  }
}

async function writeOne(
  path: string,
  file: string,
  { header, tensors, bytes }: SafetensorsLayout,
  advance: (bytes: number) => void,
): Promise<void> {
  await withFile(path, file, bytes, async handle => {
    let at = 0
    const append = async (part: Uint8Array) => {
      for (let done = 0; done < part.byteLength; )
        done += (await handle.write(part, done, part.byteLength - done, at + done)).bytesWritten
      at += part.byteLength
      advance(part.byteLength)
    }
    await append(header)
    for (const tensor of tensors) {
      const size = bytesOfTensor(tensor)
      for (let done = 0; done < size; done += CHUNK) await append(await tensor.read(done, Math.min(CHUNK, size - done)))
    }
  })
}

async function withFile(path: string, file: string, bytes: number, write: (handle: FileHandle) => Promise<void>) {
  try {
    const handle = await open(path, 'wx')
    try {
      await write(handle)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw explainFullDisk(error, file, bytes, ADVICE)
  }
}
