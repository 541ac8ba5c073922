/**
 * One archive that is being written: under another name until it is whole. Or one that is whole, held against what would
 * be written. Knows no samples.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { explainFullDisk } from '../../checkpoint/disk.ts'
import { CorpusFolderError } from './errors.ts'
import type { WholeShard } from './manifest.ts'
import { tarEnd } from './tarWriter.ts'

export interface OpenShard {
  /** Added so far. */
  readonly samples: number
  /** Adds members that hold `samples`. */
  append(content: Uint8Array, samples: number): Promise<void>
  /** Ends the archive. */
  finish(): Promise<WholeShard>
  /** Leaves nothing unfinished behind. Does nothing to a finished archive. */
  abandon(): Promise<void>
}

type Written = Omit<WholeShard, 'file'>

/** Begins the archive at `path`. `listed` is called when it has its name. Throws a DiskSpaceError where the disk is full. */
export async function beginShard(path: string, listed: (written: Written) => Promise<WholeShard>): Promise<OpenShard> {
  const unfinished = `${path}.part-${process.pid}`
  return new ShardFile(path, unfinished, await open(unfinished, 'w'), listed)
}

class ShardFile implements OpenShard {
  readonly #path: string
  readonly #unfinished: string
  readonly #file: FileHandle
  readonly #listed: (written: Written) => Promise<WholeShard>
  readonly #hash = createHash('sha256')
  #samples = 0
  #bytes = 0

  constructor(path: string, unfinished: string, file: FileHandle, listed: (written: Written) => Promise<WholeShard>) {
    this.#path = path
    this.#unfinished = unfinished
    this.#file = file
    this.#listed = listed
  }

  get samples(): number {
    return this.#samples
  }

  async append(content: Uint8Array, samples: number): Promise<void> {
    try {
      for (let from = 0; from < content.length; ) {
        from += (await this.#file.write(content, from, content.length - from, this.#bytes + from)).bytesWritten
      }
    } catch (error) {
      const advice = 'name a folder on another disk; the same command goes on behind the archives that are whole'
      throw explainFullDisk(error, this.#path, this.#bytes + content.length, advice)
    }
    this.#hash.update(content)
    this.#bytes += content.length
    this.#samples += samples
  }

  async finish(): Promise<WholeShard> {
    await this.append(tarEnd, 0)
    await this.#file.datasync()
    await this.#file.close()
    await rename(this.#unfinished, this.#path)
    return this.#listed({ samples: this.#samples, bytes: this.#bytes, sha256: this.#hash.digest('hex') })
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {})
    await rm(this.#unfinished, { force: true })
  }
}

/** Takes what would be written to `path`. Its `finish` throws a CorpusFolderError unless that is what lies there. */
export function recheckShard(path: string, there: WholeShard): OpenShard {
  const hash = createHash('sha256')
  let total = 0
  return {
    get samples() {
      return total
    },
    async append(content, samples) {
      hash.update(content)
      total += samples
    },
    async finish() {
      hash.update(tarEnd)
      if (total === there.samples && hash.digest('hex') === there.sha256) return there
      throw new CorpusFolderError(
        `${path} would be another today: the data has changed since; name another folder, or add --fresh to make it anew`,
      )
    },
    abandon: async () => {},
  }
}
