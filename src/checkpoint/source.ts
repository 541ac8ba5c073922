/**
 * Where bytes come from: a file, a Blob of a browser, memory. Knows no format. The file itself is in `file.ts`, the only
 * one of the three that needs Node.
 */
import { FormatError } from './errors.ts'
import { formatBytes } from './storedType.ts'

/** Bytes that can be read in parts. */
export interface ByteSource {
  /** As errors name it. */
  readonly name: string
  /** The path, if it is a file that an engine can map. */
  readonly path?: string
  /** Bytes. */
  readonly size: number
  /** Fresh memory, of exactly this length. Throws a FormatError beyond the end. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
  close(): Promise<void>
}

/** Named byte sources in one place: a folder, or files chosen in a browser. */
export interface FileSet {
  /** As errors name it. */
  readonly origin: string
  /** File names, without folders. */
  readonly names: ReadonlySet<string>
  open(name: string): Promise<ByteSource>
}

/** Throws a FormatError unless the part lies inside the source. */
export function checkRange({ name, size }: ByteSource, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return
  throw new FormatError(name, `bytes ${offset} to ${offset + length} were asked for, but the file has ${size}`)
}

/** A Blob or File, as browsers and Node have it. */
export function blobSource(blob: Blob, name: string): ByteSource {
  const source: ByteSource = {
    name,
    size: blob.size,
    async read(offset, length) {
      checkRange(source, offset, length)
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    },
    close: async () => {},
  }
  return source
}

/** Bytes in memory. They are not copied and must not change. */
export function memorySource(bytes: Uint8Array | ArrayBuffer, name: string): ByteSource {
  const all = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
  const source: ByteSource = {
    name,
    size: all.byteLength,
    async read(offset, length) {
      checkRange(source, offset, length)
      const part = new Uint8Array(length)
      part.set(all.subarray(offset, offset + length))
      return part
    },
    close: async () => {},
  }
  return source
}

const beginsWith = (start: Uint8Array, text: string) =>
  [...text].every((letter, i) => start[i] === letter.charCodeAt(0))

/**
 * Says what a file is that is not what it should be, from how it begins: the usual accidents of downloads. Undefined if
 * it looks like nothing known.
 */
export async function describeForeign(source: ByteSource): Promise<string | undefined> {
  if (source.size === 0) return 'it is empty: download it again'
  const start = await source.read(0, Math.min(64, source.size))
  if (beginsWith(start, 'version https://git-lfs'))
    return 'it is a Git LFS pointer, not the file itself: run "git lfs pull" there, or fetch it with "qwen-vl pull"'
  if (start[0] === 0x3c) return 'it is an HTML or XML page, not a model file: the download went to a web page'
  if (beginsWith(start, 'PK\x03\x04')) return 'it is a zip archive (a PyTorch file has the ending .bin)'
  if (start[0] === 0x80 && start[1]! <= 5) return 'it is a Python pickle'
  if (start[0] === 0x7b) return 'it is a JSON file'
  if (start.every(byte => byte === 0))
    return `it begins with zeros: the download of these ${formatBytes(source.size)} never finished`
  return undefined
}
