/** What the tests of checkpoints share: fixtures, a folder for each test, and files made by hand. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { afterEach } from 'vitest'

/** The path of a fixture. */
export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/checkpoint/${name}`, import.meta.url))

export const readFixture = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(fixture(name)))

const folders: string[] = []

/** A new folder, with spaces and other letters in its name, that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint test ü '))
  folders.push(folder)
  return folder
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A folder with these files. */
export function folderOf(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = temporaryFolder()
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

/** A safetensors file with this header, whatever it says, and this many bytes of data. */
export function safetensorsFile(header: unknown, dataBytes: number): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  for (let i = 0; i < dataBytes; i++) bytes[8 + text.length + i] = i
  return bytes
}

export interface ZipPart {
  readonly name: string
  readonly bytes: Uint8Array
  /** Default 0: stored. */
  readonly method?: number
  /** What the directory says instead of the truth. */
  readonly claims?: { readonly bytes?: number; readonly offset?: number; readonly stored?: number }
}

/** A zip archive, written by hand so that it can lie. */
export function zipFile(parts: readonly ZipPart[], { zip64 = false } = {}): Uint8Array<ArrayBuffer> {
  const chunks: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, bytes, method = 0, claims = {} } of parts) {
    const title = Buffer.from(name)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(method, 8)
    local.writeUInt16LE(title.length, 26)
    chunks.push(local, title, Buffer.from(bytes))
    const size = claims.bytes ?? bytes.length
    const stored = claims.stored ?? size
    const place = claims.offset ?? offset
    const extra = zip64 ? Buffer.alloc(28) : Buffer.alloc(0)
    if (zip64) {
      extra.writeUInt16LE(1, 0)
      extra.writeUInt16LE(24, 2)
      for (const [i, value] of [size, stored, place].entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i)
    }
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(crc32(bytes), 16)
    entry.writeUInt32LE(zip64 ? 0xffffffff : stored, 20)
    entry.writeUInt32LE(zip64 ? 0xffffffff : size, 24)
    entry.writeUInt16LE(title.length, 28)
    entry.writeUInt16LE(extra.length, 30)
    entry.writeUInt32LE(zip64 ? 0xffffffff : place, 42)
    directory.push(entry, title, extra)
    offset += local.length + title.length + bytes.length
  }
  const table = Buffer.concat(directory)
  const tail = zip64 ? [zip64End(parts.length, table.length, offset)] : []
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(zip64 ? 0xffff : parts.length, 10)
  end.writeUInt32LE(zip64 ? 0xffffffff : table.length, 12)
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 16)
  return new Uint8Array(Buffer.concat([...chunks, table, ...tail, end]))
}

function zip64End(count: number, length: number, offset: number): Buffer {
  const record = Buffer.alloc(76)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(BigInt(count), 32)
  record.writeBigUInt64LE(BigInt(length), 40)
  record.writeBigUInt64LE(BigInt(offset), 48)
  record.writeUInt32LE(0x07064b50, 56)
  record.writeBigUInt64LE(BigInt(offset + length), 64)
  return record
}

/** A PyTorch file with this pickle and these storages. */
export function pytorchFile(pickle: Uint8Array, storages: readonly Uint8Array[] = [], options?: { zip64: boolean }) {
  const parts = storages.map((bytes, i) => ({ name: `archive/data/${i}`, bytes }))
  return zipFile([{ name: 'archive/data.pkl', bytes: pickle }, ...parts], options)
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it was expected to fail, but did not')
}
