/** One part of a split, written archive by archive. What is whole already is not written again, but looked at. */

import type { MadeSample } from '../shards/maker.ts'
import type { WholeShard } from '../shards/manifest.ts'
import { samplePieces } from '../shards/samplePieces.ts'
import type { OpenShard } from '../shards/shardFile.ts'
import { type ShardFolder, shardName } from '../shards/shardFolder.ts'
import { joined } from '../shards/tarWriter.ts'

export class PartWriter {
  readonly #folder: ShardFolder
  readonly #part: string
  readonly #most: number
  readonly #onShard: (shard: WholeShard) => void
  #open: OpenShard | undefined
  #shards = 0
  #samples = 0

  /** Archives `part-00000.tar` … of `most` samples each, the last one with what is left. */
  constructor(folder: ShardFolder, part: string, most: number, onShard: (shard: WholeShard) => void) {
    this.#folder = folder
    this.#part = part
    this.#most = most
    this.#onShard = onShard
  }

  get samples(): number {
    return this.#samples
  }

  get shards(): number {
    return this.#shards
  }

  async add(sample: MadeSample): Promise<void> {
    this.#open ??= await this.#folder.beginOrRecheck(shardName(this.#part, this.#shards))
    await this.#open.append(joined(samplePieces(sample, this.#samples++)), 1)
    if (this.#open.samples === this.#most) await this.finish()
  }

  /** Ends the archive under way. */
  async finish(): Promise<void> {
    if (this.#open === undefined) return
    const shard = await this.#open.finish()
    this.#open = undefined
    this.#shards++
    this.#onShard(shard)
  }

  /** Leaves nothing unfinished behind. */
  async abandon(): Promise<void> {
    await this.#open?.abandon()
  }
}
