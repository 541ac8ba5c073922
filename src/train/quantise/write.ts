/**
 * The tensors of a quantised model, written in the published layout. Blocks are put down in files of their own as they
 * come, since the finished files have their tensors in another order; everything else is the source's, as float16.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Checkpoint,
  CheckpointError,
  type CheckpointTensor,
  convertTensor,
  openCheckpoint,
  type ReadableTensor,
  storedBytes,
  writeCheckpoint,
  writeSafetensors,
} from '../../checkpoint/index.ts'
import { isLanguageLayer, parameterShapes, type QwenVLConfig } from '../../model/index.ts'

export interface WriteOptions {
  readonly checkpoint: Checkpoint
  readonly config: QwenVLConfig
  readonly onProgress: (done: number, total: number) => void
  readonly signal?: AbortSignal | undefined
}

/** Writes a checkpoint into a folder. Gives the size of all its tensors, in bytes. Throws a DiskSpaceError. */
export async function writeQuantised(
  folder: string,
  blocks: AsyncIterable<readonly CheckpointTensor[]>,
  { checkpoint, config, onProgress, signal }: WriteOptions,
): Promise<number> {
  const parts = join(folder, 'blocks')
  await mkdir(parts)
  const opened: Checkpoint[] = []
  const cancelling = signal && { signal }
  try {
    for await (const tensors of blocks) {
      const file = join(parts, `${opened.length}.safetensors`)
      await writeSafetensors(file, tensors, { ...cancelling })
      opened.push(await openCheckpoint(file))
    }
    const tensors = [...floatTensors(checkpoint, config), ...opened.flatMap(block => block.tensors)]
    await writeCheckpoint(folder, tensors, { onProgress, ...largestFile(checkpoint), ...cancelling })
    return tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0)
  } finally {
    for (const block of opened) await block.dispose()
    await rm(parts, { recursive: true, force: true })
  }
}

const bytesOf = ({ dtype, shape }: ReadableTensor) => storedBytes(dtype) * shape.reduce((a, b) => a * b, 1)

/** One file stays one. */
const largestFile = ({ files }: Checkpoint) => (files.length === 1 ? { maxFileBytes: Number.MAX_SAFE_INTEGER } : {})

/** All that is not quantised. Tables that some versions of the original wrote, and that follow from config.json, are not. */
function floatTensors(checkpoint: Checkpoint, config: QwenVLConfig): ReadableTensor[] {
  return [...parameterShapes(config).keys()]
    .filter(name => !isLanguageLayer(name.replace(/\.(weight|bias)$/, '')))
    .map(name => finite(convertTensor(checkpoint.get(name), 'float16')))
}

/** float16 ends at 65,504, and what is beyond becomes infinite: that is refused when it is read. */
function finite(tensor: CheckpointTensor): ReadableTensor {
  const { name, dtype, shape } = tensor
  return {
    ...{ name, dtype, shape },
    async read(offset, length) {
      const bytes = await tensor.read(offset, length)
      const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1)
      if (!halves.some(half => (half & 0x7c00) === 0x7c00)) return bytes
      throw new CheckpointError(
        `tensor "${name}" has values that are no numbers, or too large for float16 (65,504), in which the int4 layout stores it`,
      )
    },
  }
}
