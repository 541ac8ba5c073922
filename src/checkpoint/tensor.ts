/**
 * Tensors that are read when asked: a part of a byte source with an element type and a shape. Here are also the ways to
 * make other tensors of them (of another float type, from memory, for an engine). Knows no file format.
 */
import { arrayConstructors, type ElementType, type TypedArray } from '../graph/elementType.ts'
import type { CheckpointTensor, ReadableTensor, TensorSource } from './checkpoint.ts'
import { CheckpointError, FormatError } from './errors.ts'
import { convertFloats } from './halfPrecision.ts'
import type { ByteSource } from './source.ts'
import {
  countElements,
  describeTensor,
  type FloatType,
  isFloatType,
  type StoredType,
  storedBytes,
} from './storedType.ts'

/** Bytes read at once when values are converted on the way. */
const CHUNK = 8 * 2 ** 20

interface TensorInFile {
  readonly name: string
  readonly dtype: StoredType
  readonly shape: readonly number[]
  readonly source: ByteSource
  /** Where the values begin, in bytes. */
  readonly offset: number
}

/** A tensor whose bytes lie in one piece in a source. The caller has checked that they lie inside it. */
export function lazyTensor({ name, dtype, shape, source, offset }: TensorInFile): CheckpointTensor {
  const bytes = countElements(shape) * storedBytes(dtype)
  return readable({
    name,
    dtype,
    shape,
    ...(source.path === undefined ? {} : { region: { path: source.path, offset, length: bytes } }),
    read: (from, length) => source.read(offset + from, length),
  })
}

interface StridedTensor extends TensorInFile {
  /** Elements from one index to the next, for each axis. */
  readonly strides: readonly number[]
}

/** A tensor whose elements lie apart in a source, for example a transposed one. It is put in order when it is read. */
export function stridedTensor({ name, dtype, shape, source, offset, strides }: StridedTensor): CheckpointTensor {
  const size = storedBytes(dtype)
  let whole: Promise<Uint8Array<ArrayBuffer>> | undefined
  const gather = async () => {
    const count = countElements(shape)
    if (count === 0) return new Uint8Array(0)
    const last = shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis]!, 0)
    const from = await source.read(offset, (last + 1) * size)
    const to = new Uint8Array(count * size)
    const index = shape.map(() => 0)
    for (let i = 0, at = 0; i < count; i++) {
      for (let byte = 0; byte < size; byte++) to[i * size + byte] = from[at * size + byte]!
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        at += strides[axis]!
        if (++index[axis]! < shape[axis]!) break
        at -= shape[axis]! * strides[axis]!
        index[axis] = 0
      }
    }
    return to
  }
  return readable({
    name,
    dtype,
    shape,
    async read(from, length) {
      if (from === 0 && length === countElements(shape) * size) return gather()
      // Parts are asked for one after the other: gather once for all of them.
      whole ??= gather()
      const all = await whole
      if (from + length === all.byteLength) whole = undefined
      return all.slice(from, from + length)
    },
  })
}

/** A tensor from values in memory, for writing. float16 and bfloat16 come as bit patterns, bool as bytes 0 and 1. */
export function tensorFromMemory(
  name: string,
  dtype: StoredType,
  shape: readonly number[],
  values: TypedArray | Uint8Array,
): CheckpointTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const expected = countElements(shape) * storedBytes(dtype)
  if (bytes.byteLength !== expected) {
    throw new CheckpointError(
      `tensor "${name}": ${describeTensor({ dtype, shape })} takes ${expected} bytes, but ${bytes.byteLength} were given`,
    )
  }
  return readable({
    name,
    dtype,
    shape,
    read: async (from, length) => new Uint8Array(bytes.subarray(from, from + length)),
  })
}

/** The same values in another float type, converted part by part as they are read. */
export function convertTensor(tensor: ReadableTensor, dtype: FloatType): CheckpointTensor {
  const { name, shape } = tensor
  const from = requireFloat(tensor, dtype)
  const scale = storedBytes(from) / storedBytes(dtype)
  return readable({
    name,
    dtype,
    shape,
    async read(offset, length) {
      const bytes = await tensor.read(offset * scale, length * scale)
      if (from === dtype) return bytes
      const converted = new Uint8Array(length)
      convertFloats(bytes, from, converted, dtype)
      return converted
    },
  })
}

/**
 * A tensor as an engine takes it, in the element type that a graph wants: the region of the file if it stores this
 * very type, so that it is mapped and not read; else the values in memory, converted between float types if need be.
 */
export async function tensorSource(tensor: CheckpointTensor, type: ElementType): Promise<TensorSource> {
  const { dtype, shape, region } = tensor
  if (dtype === type) {
    if (region !== undefined) return region
    const { buffer } = await tensor.read()
    return { type, shape, data: new arrayConstructors[type](buffer) }
  }
  if (type === 'float32') return { type, shape, data: await tensor.readAs(type) }
  if (type === 'float16') return { type, shape, data: await tensor.readAs(type) }
  throw new CheckpointError(`tensor "${tensor.name}" is ${describeTensor(tensor)}, and cannot be read as ${type}`)
}

function requireFloat({ name, dtype, shape }: ReadableTensor, wanted: string): FloatType {
  if (isFloatType(dtype)) return dtype
  throw new CheckpointError(`tensor "${name}" is ${describeTensor({ dtype, shape })}, and cannot be read as ${wanted}`)
}

interface Essence {
  readonly name: string
  readonly dtype: StoredType
  readonly shape: readonly number[]
  readonly region?: CheckpointTensor['region'] & {}
  readonly read: (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>
}

/** Fills in what follows from reading a part. */
function readable({ read, ...rest }: Essence): CheckpointTensor {
  const bytes = countElements(rest.shape) * storedBytes(rest.dtype)
  const tensor: CheckpointTensor = {
    ...rest,
    bytes,
    async read(offset = 0, length = bytes - offset) {
      if (!(offset >= 0 && length >= 0 && offset + length <= bytes)) {
        throw new CheckpointError(
          `tensor "${rest.name}": bytes ${offset} to ${offset + length} were asked for, but it has ${bytes}`,
        )
      }
      const part = await read(offset, length)
      if (part.byteLength === length) return part
      throw new FormatError(tensor.region?.path ?? 'memory', `gave ${part.byteLength} of ${length} bytes`, {
        tensor: rest.name,
      })
    },
    readAs: ((type: 'float32' | 'float16') => readFloats(tensor, type)) as CheckpointTensor['readAs'],
  }
  return tensor
}

async function readFloats(tensor: CheckpointTensor, type: 'float32' | 'float16') {
  const from = requireFloat(tensor, type)
  const ArrayType = type === 'float32' ? Float32Array : Uint16Array
  if (from === type) return new ArrayType((await tensor.read()).buffer)
  const values = new ArrayType(countElements(tensor.shape))
  const to = new Uint8Array(values.buffer)
  const scale = storedBytes(type) / storedBytes(from)
  for (let done = 0; done < tensor.bytes; done += CHUNK) {
    const part = await tensor.read(done, Math.min(CHUNK, tensor.bytes - done))
    convertFloats(part, from, to.subarray(done * scale, (done + part.byteLength) * scale), type)
  }
  return values
}
