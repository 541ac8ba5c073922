/** Checkpoints on the disks of this machine: folders and files as byte sources, and `openCheckpoint`. Node only. */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Checkpoint } from './checkpoint.ts'
import { CheckpointError, FormatError } from './errors.ts'
import { openFiles } from './open.ts'
import { type ByteSource, checkRange, type FileSet } from './source.ts'

/** Bytes read at once: Node reads at most 2 GiB in one call. */
const CHUNK = 256 * 2 ** 20

/**
 * Opens a checkpoint: a folder in the published layout, an index file, or one file of tensors. Only headers are read.
 *
 *     await using checkpoint = await openCheckpoint('models/Qwen-VL-Chat')
 *     const table = await checkpoint.get('transformer.wte.weight').readAs('float32')
 *
 * Throws a CheckpointError, or a FormatError for damaged files: cut short, a web page in place of a file, and so on.
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new CheckpointError(`${path} cannot be opened: there is no such file or folder`, { cause })
  })
  if (info.isDirectory()) return openFiles(await folder(path))
  const name = basename(path)
  if (!/\.(safetensors|bin|pt|pth)(\.index\.json)?$/.test(name)) {
    throw new CheckpointError(
      `${path} is no checkpoint: a folder, or a file .safetensors, .bin or .index.json is needed`,
    )
  }
  return openFiles(await folder(dirname(path)), name)
}

/** The files of a folder, without those of folders in it. */
async function folder(path: string): Promise<FileSet> {
  const entries = await readdir(path, { withFileTypes: true })
  return {
    origin: path,
    names: new Set(entries.filter(entry => !entry.isDirectory()).map(({ name }) => name)),
    open: name => openFile(join(path, name)),
  }
}

/** A file, kept open until it is closed. */
export async function openFile(path: string): Promise<ByteSource> {
  let handle: FileHandle
  try {
    handle = await open(path)
  } catch (cause) {
    throw new CheckpointError(`${path} cannot be opened (${(cause as NodeJS.ErrnoException).code ?? 'error'})`, {
      cause,
    })
  }
  const info = await handle.stat()
  if (!info.isFile()) {
    await handle.close()
    throw new CheckpointError(`${path} is no file`)
  }
  let closing: Promise<void> | undefined
  const source: ByteSource = {
    name: path,
    path: resolve(path),
    size: info.size,
    async read(offset, length) {
      checkRange(source, offset, length)
      if (closing !== undefined) throw new CheckpointError(`${path} was read after its checkpoint was disposed of`)
      const bytes = new Uint8Array(length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(CHUNK, length - done), offset + done)
        if (bytesRead === 0)
          throw new FormatError(path, `it ended at byte ${offset + done} while it was read: it must not change`)
        done += bytesRead
      }
      return bytes
    },
    close: () => (closing ??= handle.close()),
  }
  return source
}
