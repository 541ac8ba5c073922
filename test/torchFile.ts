/**
 * Writes tensors as `torch.save` does: a zip archive of a pickle and one entry for each storage. Only what a checkpoint
 * needs: a table from names to contiguous float32 tensors.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pytorchFile } from './checkpoint/files.ts'

export interface TorchTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

const bytes = (...values: number[]) => Buffer.from(values)

/** BINUNICODE */
function text(value: string): Buffer {
  const encoded = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(encoded.length)
  return Buffer.concat([bytes(0x58), length, encoded])
}

/** BININT */
function integer(value: number): Buffer {
  const encoded = Buffer.alloc(4)
  encoded.writeInt32LE(value)
  return Buffer.concat([bytes(0x4a), encoded])
}

/** GLOBAL */
const global = (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`)

/** MARK … TUPLE */
const tuple = (items: readonly Buffer[]) => Buffer.concat([bytes(0x28), ...items, bytes(0x74)])

/** Elements from one index to the next, for each axis of a row-major tensor. */
const strides = (shape: readonly number[]) =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))

/** `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())` */
function tensor({ shape, values }: TorchTensor, key: number): Buffer {
  const storage = tuple([
    text('storage'),
    global('torch', 'FloatStorage'),
    text(`${key}`),
    text('cpu'),
    integer(values.length),
  ])
  const hooks = Buffer.concat([global('collections', 'OrderedDict'), bytes(0x29, 0x52)]) // EMPTY_TUPLE, REDUCE
  const given = tuple([
    Buffer.concat([storage, bytes(0x51)]), // BINPERSID
    integer(0),
    tuple(shape.map(integer)),
    tuple(strides(shape).map(integer)),
    bytes(0x89), // NEWFALSE
    hooks,
  ])
  return Buffer.concat([global('torch._utils', '_rebuild_tensor_v2'), given, bytes(0x52)])
}

/** The bytes of one `.bin` file. */
export function torchFile(tensors: readonly TorchTensor[]): Uint8Array {
  const items = tensors.flatMap((each, key) => [text(each.name), tensor(each, key)])
  // PROTO 2, EMPTY_DICT, MARK, …, SETITEMS, STOP
  const pickle = Buffer.concat([bytes(0x80, 2, 0x7d, 0x28), ...items, bytes(0x75, 0x2e)])
  const storages = tensors.map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  return pytorchFile(pickle, storages)
}

/** Writes a checkpoint of so many `.bin` files with their index, as the published models of the first days have it. */
export async function writeTorchShards(folder: string, tensors: readonly TorchTensor[], count: number): Promise<void> {
  const number = (value: number) => String(value).padStart(5, '0')
  const size = Math.ceil(tensors.length / count)
  const map: Record<string, string> = {}
  for (let shard = 0; shard < count; shard++) {
    const file = `pytorch_model-${number(shard + 1)}-of-${number(count)}.bin`
    const part = tensors.slice(shard * size, (shard + 1) * size)
    for (const { name } of part) map[name] = file
    await writeFile(join(folder, file), torchFile(part))
  }
  const total = tensors.reduce((sum, { values }) => sum + values.byteLength, 0)
  const index = { metadata: { total_size: total }, weight_map: map }
  await writeFile(join(folder, 'pytorch_model.bin.index.json'), JSON.stringify(index))
}
