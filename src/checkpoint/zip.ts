/**
 * Lists a zip archive of the kind that PyTorch writes: entries stored as they are, each readable in place. Anything
 * else (compressed, encrypted, overlapping, beyond the end) is refused, so nothing ever grows while it is read. Zip64
 * is understood. Knows no PyTorch.
 */
import { FormatError } from './errors.ts'
import type { ByteSource } from './source.ts'

/** An entry: where its bytes lie in the archive. */
export interface ZipEntry {
  readonly name: string
  readonly offset: number
  readonly length: number
  /** CRC-32 of the bytes. */
  readonly checksum: number
}

const END = 0x06054b50
const END64 = 0x06064b50
const LOCATOR64 = 0x07064b50
const DIRECTORY = 0x02014b50
const LOCAL = 0x04034b50

/** The most bytes that can follow the archive's end record: a comment, and the record itself. */
const TAIL = 22 + 0xffff

/** The largest directory that is read. A checkpoint of 100,000 tensors has 10 MB. Bytes. */
const LARGEST_DIRECTORY = 64 * 2 ** 20

/** Lists the entries by name. Throws a FormatError for archives that are damaged or not of this kind. */
export async function listZip(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const refuse = (problem: string): never => {
    throw new FormatError(source.name, problem)
  }
  const { offset, length, count } = await findDirectory(source, refuse)
  if (length > LARGEST_DIRECTORY) refuse(`its directory is said to have ${length} bytes, too many for a checkpoint`)
  if (offset + length > source.size) refuse('its directory lies beyond the end: it is cut short, download it again')
  const bytes = await source.read(offset, length)
  const entries = new Map<string, ZipEntry>()
  let at = 0
  for (let i = 0; i < count; i++) {
    const { entry, next } = readDirectoryEntry(bytes, at, refuse)
    if (entries.has(entry.name)) refuse(`it has two entries of the name "${entry.name}"`)
    entries.set(entry.name, await locate(source, entry, refuse))
    at = next
  }
  checkOverlaps([...entries.values()], offset, refuse)
  return entries
}

type Refuse = (problem: string) => never

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

async function findDirectory(source: ByteSource, refuse: Refuse) {
  const length = Math.min(TAIL, source.size)
  const tail = view(await source.read(source.size - length, length))
  let end = length - 22
  while (end >= 0 && tail.getUint32(end, true) !== END) end--
  if (end < 0) return refuse('the end of the zip archive is missing: it is cut short, download it again')
  const short = {
    count: tail.getUint16(end + 10, true),
    length: tail.getUint32(end + 12, true),
    offset: tail.getUint32(end + 16, true),
  }
  const locator = end - 20
  if (locator < 0 || tail.getUint32(locator, true) !== LOCATOR64) return short
  const at = safe(tail.getBigUint64(locator + 8, true), refuse)
  if (at + 56 > source.size) return refuse('its zip64 record lies beyond the end: it is damaged')
  const record = view(await source.read(at, 56))
  if (record.getUint32(0, true) !== END64) return refuse('its zip64 record is not where it should be: it is damaged')
  return {
    count: safe(record.getBigUint64(32, true), refuse),
    length: safe(record.getBigUint64(40, true), refuse),
    offset: safe(record.getBigUint64(48, true), refuse),
  }
}

function safe(value: bigint, refuse: Refuse): number {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : refuse(`it speaks of byte ${value}: it is damaged`)
}

interface Listed {
  readonly name: string
  readonly header: number
  readonly length: number
  readonly checksum: number
}

function readDirectoryEntry(bytes: Uint8Array, at: number, refuse: Refuse): { entry: Listed; next: number } {
  const directory = view(bytes)
  if (at + 46 > bytes.byteLength || directory.getUint32(at, true) !== DIRECTORY)
    return refuse('its directory is damaged: download it again')
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map(field => directory.getUint16(at + field, true)) as [
    number,
    number,
    number,
  ]
  const next = at + 46 + nameLength + extraLength + commentLength
  if (next > bytes.byteLength) return refuse('its directory is damaged: download it again')
  const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength))
  const flags = directory.getUint16(at + 8, true)
  const method = directory.getUint16(at + 10, true)
  if ((flags & 1) !== 0) return refuse(`its entry "${name}" is encrypted`)
  if (method !== 0) {
    return refuse(
      `its entry "${name}" is compressed (method ${method}): PyTorch stores tensors as they are, so this is no file of torch.save`,
    )
  }
  const extra = directory64(bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength))
  const field = (offset: number) => {
    const value = directory.getUint32(at + offset, true)
    return value === 0xffffffff && extra !== undefined ? extra(refuse) : value
  }
  // The order of the zip64 field: size, stored size, place.
  const length = field(24)
  const stored = field(20)
  const header = field(42)
  if (stored !== length) return refuse(`its entry "${name}" is said to grow from ${stored} to ${length} bytes`)
  return { entry: { name, header, length, checksum: directory.getUint32(at + 16, true) }, next }
}

/** Reads the next value of the zip64 field, if there is such a field. */
function directory64(extra: Uint8Array): ((refuse: Refuse) => number) | undefined {
  const fields = view(extra)
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const length = fields.getUint16(at + 2, true)
    if (fields.getUint16(at, true) === 1) {
      let place = at + 4
      return refuse => {
        if (place + 8 > Math.min(at + 4 + length, extra.byteLength)) return refuse('its directory is damaged')
        place += 8
        return safe(fields.getBigUint64(place - 8, true), refuse)
      }
    }
    at += 4 + length
  }
  return undefined
}

async function locate(
  source: ByteSource,
  { name, header, length, checksum }: Listed,
  refuse: Refuse,
): Promise<ZipEntry> {
  const beyond = () =>
    refuse(`its entry "${name}" (${length} bytes at ${header}) lies beyond the end: it is cut short, download it again`)
  if (header + 30 > source.size) beyond()
  const local = view(await source.read(header, 30))
  if (local.getUint32(0, true) !== LOCAL) refuse(`its entry "${name}" is not where the directory says: it is damaged`)
  const offset = header + 30 + local.getUint16(26, true) + local.getUint16(28, true)
  if (offset + length > source.size) beyond()
  return { name, offset, length, checksum }
}

function checkOverlaps(entries: ZipEntry[], directory: number, refuse: Refuse): void {
  let before: ZipEntry | undefined
  for (const entry of entries.sort((a, b) => a.offset - b.offset)) {
    if (before !== undefined && entry.offset < before.offset + before.length)
      refuse(`its entries "${before.name}" and "${entry.name}" overlap: this is a zip bomb, or damaged`)
    if (entry.length > 0) before = entry
  }
  if (before !== undefined && before.offset + before.length > directory)
    refuse(`its entry "${before.name}" reaches into the directory: it is damaged`)
}

let table: Uint32Array | undefined

/** CRC-32, as zip archives have it. */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, value) => {
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    return value
  })
  let crc = 0xffffffff
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
