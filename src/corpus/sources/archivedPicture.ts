/**
 * A picture inside an archive: a part of a file, read when its bytes are asked for. It is a Blob, so it goes wherever
 * a picture goes, and it can be handed to another thread as a place instead of bytes.
 */
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { SourceError } from './source.ts'

/** Bytes `offset` to `offset + length` of a file. */
export interface FileRange {
  readonly path: string
  readonly offset: number
  readonly length: number
}

/** Exactly these bytes of a file. Throws a SourceError where the file ends before them. */
export async function readRange({ path, offset, length }: FileRange): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path, 'r')
  try {
    const bytes = new Uint8Array(length)
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled)
      if (bytesRead === 0) {
        throw new SourceError(`${path} ends at byte ${offset + filled}, and a picture was to end at ${offset + length}`)
      }
      filled += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

export class ArchivedPicture extends Blob {
  readonly range: FileRange
  /** The member's name in its archive. */
  readonly member: string

  constructor(range: FileRange, member: string) {
    super([])
    this.range = range
    this.member = member
    // Own properties: a Blob has its size on its prototype, which would say that this one is empty.
    Object.defineProperty(this, 'size', { value: range.length, enumerable: true })
  }

  /** What messages call it: `shard.tar/0001.jpg`. */
  get name(): string {
    return `${basename(this.range.path)}/${this.member}`
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return readRange(this.range).then(bytes => bytes.buffer)
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer())
  }

  override slice(start = 0, end = this.range.length): Blob {
    const { path, offset, length } = this.range
    const place = (at: number) => Math.min(Math.max(at < 0 ? length + at : at, 0), length)
    const from = place(start)
    return new ArchivedPicture({ path, offset: offset + from, length: Math.max(place(end) - from, 0) }, this.member)
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const read = () => readRange(this.range)
    return new ReadableStream({
      async pull(controller) {
        controller.enqueue(await read())
        controller.close()
      },
    })
  }
}
