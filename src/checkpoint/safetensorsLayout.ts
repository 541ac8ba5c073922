/**
 * How tensors are laid out when safetensors files are written: the header, the order inside a file, the division into
 * shards and their index. The same tensors give the same bytes. Writes nothing itself; `write.ts` does.
 */
import type { ReadableTensor } from './checkpoint.ts'
import { CheckpointError } from './errors.ts'
import { safetensorsTypes } from './safetensors.ts'
import { countElements, describeTensor, formatBytes, storedBytes } from './storedType.ts'

/** The values begin on such a border of the file: a cache line. Tensors then lie aligned to their elements. Bytes. */
const ALIGNMENT = 64

/** A file to be written: its header, and its tensors in their order. */
export interface SafetensorsLayout {
  /** With the eight bytes of its length. */
  readonly header: Uint8Array<ArrayBuffer>
  readonly tensors: readonly ReadableTensor[]
  /** Size of the whole file. */
  readonly bytes: number
}

/** Bytes of a tensor's values. */
export const bytesOfTensor = ({ dtype, shape }: ReadableTensor): number => countElements(shape) * storedBytes(dtype)

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/**
 * One file. Tensors are ordered by the size of their elements, then by name, so that all are aligned without gaps, as
 * the format demands.
 */
export function layOut(
  tensors: readonly ReadableTensor[],
  metadata: Readonly<Record<string, string>>,
): SafetensorsLayout {
  const ordered = [...tensors].sort((a, b) => storedBytes(b.dtype) - storedBytes(a.dtype) || compare(a.name, b.name))
  const about = Object.entries(metadata).sort(([a], [b]) => compare(a, b))
  const entries: [string, unknown][] = about.length > 0 ? [['__metadata__', Object.fromEntries(about)]] : []
  let offset = 0
  for (const tensor of ordered) {
    const end = offset + bytesOfTensor(tensor)
    entries.push([
      tensor.name,
      { dtype: safetensorsTypes[tensor.dtype], shape: tensor.shape, data_offsets: [offset, end] },
    ])
    offset = end
  }
  // Written by hand: an object would move names that look like numbers to the front.
  const json = `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
  const text = new TextEncoder().encode(json)
  const length = Math.ceil((8 + text.byteLength) / ALIGNMENT) * ALIGNMENT - 8
  const header = new Uint8Array(8 + length).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true)
  header.set(text, 8)
  return { header, tensors: ordered, bytes: header.byteLength + offset }
}

/** Throws a CheckpointError for tensors that cannot be written together. */
export function checkWritable(tensors: readonly ReadableTensor[]): void {
  const names = new Set<string>()
  for (const { name, shape, dtype } of tensors) {
    if (name === '__metadata__' || names.has(name))
      throw new CheckpointError(
        `a checkpoint cannot hold the tensor "${name}" ${names.has(name) ? 'twice' : 'by that name'}`,
      )
    if (shape.some(size => !Number.isSafeInteger(size) || size < 0))
      throw new CheckpointError(`tensor "${name}": ${describeTensor({ dtype, shape })} is not a shape`)
    names.add(name)
  }
}

/** A file of a checkpoint in parts, by name. */
export interface Shard {
  readonly file: string
  readonly tensors: readonly ReadableTensor[]
}

/**
 * Divides tensors into files of at most `largest` bytes of values, in their order: a new file begins where the next
 * tensor would not fit any more. All in one file if they fit.
 */
export function divide(tensors: readonly ReadableTensor[], stem: string, largest: number): readonly Shard[] {
  const shards: ReadableTensor[][] = [[]]
  let filled = 0
  for (const tensor of tensors) {
    const bytes = bytesOfTensor(tensor)
    if (bytes > largest) {
      throw new CheckpointError(
        `tensor "${tensor.name}" has ${formatBytes(bytes)}, more than a file may have (${formatBytes(largest)}): allow larger files`,
      )
    }
    if (filled + bytes > largest) {
      shards.push([])
      filled = 0
    }
    shards.at(-1)!.push(tensor)
    filled += bytes
  }
  if (shards.length === 1) return [{ file: `${stem}.safetensors`, tensors: shards[0]! }]
  const number = (value: number) => String(value).padStart(5, '0')
  return shards.map((part, i) => ({
    file: `${stem}-${number(i + 1)}-of-${number(shards.length)}.safetensors`,
    tensors: part,
  }))
}

/** The index of a checkpoint in several files: which file has which tensor. */
export function writeIndex(shards: readonly Shard[]): string {
  const total = shards.flatMap(({ tensors }) => tensors).reduce((sum, tensor) => sum + bytesOfTensor(tensor), 0)
  const map = shards.flatMap(({ file, tensors }) => tensors.map(({ name }) => [name, file] as const))
  const lines = map
    .sort(([a], [b]) => compare(a, b))
    .map(([name, file]) => `    ${JSON.stringify(name)}: ${JSON.stringify(file)}`)
  return `{\n  "metadata": {\n    "total_size": ${total}\n  },\n  "weight_map": {\n${lines.join(',\n')}\n  }\n}\n`
}
