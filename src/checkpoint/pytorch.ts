/**
 * Reads what `torch.save` writes for tensors by name (`pytorch_model.bin`): a zip archive of a pickle, which lists the
 * tensors, and one entry for each storage, which holds the values as they are. Tensors stay on disk until they are read.
 * Views that are transposed or otherwise not in one piece are put in order when they are read. Knows no folders.
 */
import type { CheckpointTensor } from './checkpoint.ts'
import { FormatError } from './errors.ts'
import { type Global, Global as PickleGlobal, Sequence, unpickle } from './pickle.ts'
import { type ByteSource, describeForeign } from './source.ts'
import { countElements, formatBytes, type StoredType, storedBytes } from './storedType.ts'
import { lazyTensor, stridedTensor } from './tensor.ts'
import { crc32, listZip, type ZipEntry } from './zip.ts'

/** The storages whose elements are known. */
const storageTypes: Record<string, StoredType> = {
  'torch.FloatStorage': 'float32',
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.LongStorage': 'int64',
  'torch.IntStorage': 'int32',
  'torch.CharStorage': 'int8',
  'torch.ByteStorage': 'uint8',
  'torch.BoolStorage': 'bool',
}

/** The functions that the pickle may name, and what they do here. */
const functions: Record<string, (file: string, given: readonly unknown[]) => unknown> = {
  'collections.OrderedDict': (file, [pairs]) => {
    const entries = pairs instanceof Sequence ? pairs.items : []
    return new Map(
      entries.map(pair => {
        if (pair instanceof Sequence && pair.items.length === 2) return pair.items as [unknown, unknown]
        throw new FormatError(file, 'it fills a table with what is no pair')
      }),
    )
  },
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_parameter': (_, [tensor]) => tensor,
}

/** Other storages are known by name only, to say what they are. */
const isStorage = (name: string) => /^torch\.\w+Storage$/.test(name)

/** The largest pickle that is read. That of the published model has 150 kB. Bytes. */
const LARGEST_PICKLE = 64 * 2 ** 20

class Storage {
  readonly key: string
  readonly dtype: StoredType
  /** Number of elements. */
  readonly length: number

  constructor(key: string, dtype: StoredType, length: number) {
    this.key = key
    this.dtype = dtype
    this.length = length
  }
}

class View {
  readonly storage: Storage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}

/** Reads the list of tensors and gives them, unread. Throws a FormatError or an UnsafePickleError. */
export async function openPytorch(source: ByteSource): Promise<readonly CheckpointTensor[]> {
  await checkKind(source)
  const entries = await listZip(source)
  const pickle = [...entries.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name))
  if (pickle === undefined) {
    throw new FormatError(
      source.name,
      'it is a zip archive, but has no list of tensors (data.pkl): torch.save did not write it',
    )
  }
  const root = pickle.name.slice(0, -'data.pkl'.length)
  await checkByteOrder(source, entries.get(`${root}byteorder`))
  const table = unpickle(await readPickle(source, pickle), {
    file: source.name,
    allows: name => Object.hasOwn(functions, name) || isStorage(name),
    call(name, given) {
      const made = Object.hasOwn(functions, name) ? functions[name] : undefined
      if (made === undefined) throw new FormatError(source.name, `it calls ${name}, which is no function`)
      return made(source.name, given)
    },
    persistent: id => openStorage(source.name, id),
  })
  return namedViews(source.name, table).map(([name, view]) =>
    placeTensor(source, entries.get(`${root}data/${view.storage.key}`), name, view),
  )
}

async function checkKind(source: ByteSource): Promise<void> {
  const start = await source.read(0, Math.min(4, source.size))
  if (start[0] === 0x50 && start[1] === 0x4b) return
  if (start[0] === 0x80 && start[1]! <= 5) {
    throw new FormatError(
      source.name,
      'it has the old format of PyTorch (before 1.6), which is not read: save it again in Python with ' +
        'torch.save(torch.load(FILE, weights_only=True), FILE), or as safetensors',
    )
  }
  throw new FormatError(source.name, (await describeForeign(source)) ?? 'it is no PyTorch file, or it is damaged')
}

async function checkByteOrder(source: ByteSource, entry: ZipEntry | undefined): Promise<void> {
  if (entry === undefined || entry.length > 16) return
  const order = new TextDecoder().decode(await source.read(entry.offset, entry.length))
  if (order !== 'little') throw new FormatError(source.name, `its values are ${order}-endian, which is not read`)
}

async function readPickle(source: ByteSource, { offset, length, checksum }: ZipEntry): Promise<Uint8Array> {
  if (length > LARGEST_PICKLE)
    throw new FormatError(source.name, `its list of tensors has ${formatBytes(length)}, too many for a checkpoint`)
  const bytes = await source.read(offset, length)
  if (crc32(bytes) !== checksum)
    throw new FormatError(source.name, 'the checksum of its list of tensors is wrong: it is damaged, download it again')
  return bytes
}

/** `('storage', torch.FloatStorage, '0', 'cpu', 12)` */
function openStorage(file: string, id: unknown): Storage {
  const [kind, type, key, , length] = id instanceof Sequence ? id.items : []
  if (kind !== 'storage' || !isGlobal(type) || typeof key !== 'string' || !isCount(length))
    throw new FormatError(file, 'it refers to something that is no storage: it is damaged')
  const dtype = Object.hasOwn(storageTypes, type.name) ? storageTypes[type.name] : undefined
  if (dtype === undefined) {
    const known = Object.keys(storageTypes).join(', ')
    throw new FormatError(file, `it stores tensors as ${type.name}, which cannot be read: it must be one of ${known}`)
  }
  return new Storage(key, dtype, length)
}

const isGlobal = (value: unknown): value is Global => value instanceof PickleGlobal

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)` */
function rebuildTensor(file: string, [storage, offset, shape, strides]: readonly unknown[]): View {
  const counts = (value: unknown) => (value instanceof Sequence && value.items.every(isCount) ? value.items : undefined)
  const sizes = counts(shape) as number[] | undefined
  const steps = counts(strides) as number[] | undefined
  if (!(storage instanceof Storage) || !isCount(offset) || sizes === undefined || steps?.length !== sizes.length)
    throw new FormatError(file, 'it describes a tensor that cannot be: it is damaged')
  return new View(storage, offset, sizes, steps)
}

function namedViews(file: string, table: unknown): [string, View][] {
  if (!(table instanceof Map)) throw new FormatError(file, 'it holds no tensors by name')
  return [...table].map(([name, value]) => {
    if (typeof name === 'string' && value instanceof View) return [name, value]
    const what = value instanceof Map ? 'a table' : value instanceof Sequence ? 'a list' : `${typeof value}`
    throw new FormatError(
      file,
      `its entry ${JSON.stringify(name)} is ${what}, not a tensor: save only model.state_dict() (a training state holds more)`,
    )
  })
}

function placeTensor(source: ByteSource, entry: ZipEntry | undefined, name: string, view: View): CheckpointTensor {
  const { storage, offset, shape, strides } = view
  const refuse = (problem: string): never => {
    throw new FormatError(source.name, problem, { tensor: name })
  }
  if (entry === undefined) return refuse(`its storage data/${storage.key} is not in the archive`)
  const { dtype } = storage
  const size = storedBytes(dtype)
  if (entry.length < storage.length * size) {
    return refuse(`its storage has ${entry.length} bytes, but ${storage.length} × ${size} are needed: it is damaged`)
  }
  const count = countElements(shape)
  const last = count === 0 ? -1 : shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis]!, 0)
  if (!Number.isSafeInteger(count) || offset + last + 1 > storage.length) {
    return refuse(`it reaches to element ${offset + last}, but its storage has only ${storage.length}: it is damaged`)
  }
  // Strides of 0 make a large tensor of a small storage.
  if (count > storage.length) {
    return refuse(`it repeats ${storage.length} stored values to fill [${shape.join(', ')}]: save a contiguous() copy`)
  }
  const place = { name, dtype, shape, source, offset: entry.offset + offset * size }
  return count === 0 || isContiguous(shape, strides) ? lazyTensor(place) : stridedTensor({ ...place, strides })
}

/** Row-major without gaps. Axes of one element may have any stride. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}
