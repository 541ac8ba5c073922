/**
 * Reads a safetensors file: eight bytes that give the length of a JSON header, the header, the values. The header is
 * checked as strictly as the original library does it: every byte of the file belongs to exactly one tensor. Knows no
 * folders and no shards.
 */
import type { CheckpointTensor } from './checkpoint.ts'
import { FormatError } from './errors.ts'
import { isObject, parseObject } from './jsonDocument.ts'
import { type ByteSource, describeForeign } from './source.ts'
import { countElements, type StoredType, storedBytes } from './storedType.ts'
import { lazyTensor } from './tensor.ts'

/** The names of element types in the header. */
export const safetensorsTypes: Record<StoredType, string> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
}

const typesByName = new Map(Object.entries(safetensorsTypes).map(([type, name]) => [name, type as StoredType]))

/** Bytes. The limit of the original library. */
const LONGEST_HEADER = 100_000_000

/** What a safetensors file says of itself. */
export interface SafetensorsFile {
  readonly tensors: readonly CheckpointTensor[]
  readonly metadata: Readonly<Record<string, string>>
}

interface Entry {
  readonly name: string
  readonly dtype: StoredType
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** Reads the header and gives the tensors, unread. Throws a FormatError that says what is wrong and where. */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsFile> {
  const { name: file, size } = source
  const headerBytes = await headerLength(source)
  const header = parseObject(await source.read(8, headerBytes), `${file} (header)`)
  const { __metadata__: metadata = {}, ...rest } = header
  if (!isObject(metadata) || Object.values(metadata).some(value => typeof value !== 'string'))
    throw new FormatError(file, 'the metadata of the header must be texts by name')
  const entries = Object.entries(rest).map(([name, value]) => readEntry(file, name, value))
  const start = 8 + headerBytes
  checkCover(file, entries, size - start)
  const tensors = entries.map(({ name, dtype, shape, begin }) =>
    lazyTensor({ name, dtype, shape, source, offset: start + begin }),
  )
  return { tensors, metadata: metadata as Record<string, string> }
}

async function headerLength(source: ByteSource): Promise<number> {
  const { name: file, size } = source
  const foreign = async () => (await describeForeign(source)) ?? 'it is no safetensors file, or it is damaged'
  if (size < 10) throw new FormatError(file, await foreign())
  const start = await source.read(0, 9)
  const length = new DataView(start.buffer).getBigUint64(0, true)
  if (length > BigInt(size) || length > BigInt(LONGEST_HEADER) || start[8] !== 0x7b) {
    const known = await describeForeign(source)
    if (known !== undefined || start[8] !== 0x7b) throw new FormatError(file, await foreign())
    if (length > BigInt(LONGEST_HEADER))
      throw new FormatError(file, `its header is said to have ${length} bytes; at most ${LONGEST_HEADER} are allowed`)
    throw new FormatError(
      file,
      `its header is said to have ${length} bytes, but the file has ${size}: it is cut short, download it again`,
    )
  }
  return Number(length)
}

function readEntry(file: string, name: string, value: unknown): Entry {
  const refuse = (problem: string): never => {
    throw new FormatError(file, problem, { tensor: name })
  }
  if (!isObject(value)) return refuse('its entry in the header is no object')
  const { dtype: typeName, shape, data_offsets: offsets } = value
  const dtype = typesByName.get(typeName as string)
  if (dtype === undefined) {
    return refuse(
      `the element type ${JSON.stringify(typeName)} cannot be read: it must be ${[...typesByName.keys()].join(', ')}`,
    )
  }
  if (!isCounts(shape)) return refuse(`${JSON.stringify(shape)} is not a shape`)
  if (!isCounts(offsets) || offsets.length !== 2) return refuse(`${JSON.stringify(offsets)} are not two byte offsets`)
  const [begin, end] = offsets as [number, number]
  const expected = countElements(shape) * storedBytes(dtype)
  if (!Number.isSafeInteger(expected)) return refuse(`[${shape.join(', ')}] is larger than any file`)
  if (end - begin !== expected) {
    return refuse(
      `${typeName} [${shape.join(', ')}] takes ${expected} bytes, but its entry covers bytes ${begin} to ${end} (${end - begin})`,
    )
  }
  return { name, dtype, shape, begin, end }
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(count => Number.isSafeInteger(count) && count >= 0)

/** Every byte belongs to exactly one tensor: nothing overlaps, nothing is left over, nothing is missing at the end. */
function checkCover(file: string, entries: readonly Entry[], available: number): void {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)
  let at = 0
  let before: Entry | undefined
  for (const entry of sorted) {
    const { name: tensor, begin, end } = entry
    if (begin < at) {
      throw new FormatError(file, `it begins at byte ${begin}, inside tensor "${before?.name}", which ends at ${at}`, {
        tensor,
      })
    }
    if (begin > at)
      throw new FormatError(file, `it begins at byte ${begin}, but nothing fills the bytes from ${at} on`, { tensor })
    if (end > available) {
      throw new FormatError(
        file,
        `it needs bytes ${begin} to ${end} of the data, but the file ends after ${available}: it is cut short, download it again`,
        { tensor },
      )
    }
    at = end
    if (end > begin) before = entry
  }
  if (at < available)
    throw new FormatError(
      file,
      `${available - at} bytes after the last tensor belong to no tensor: the file is damaged`,
    )
}
