/**
 * In which order the entries of sources come: drawn by weight, shuffled anew in each pass, the same for the same seed,
 * and able to go on from anywhere. Opens shards, reads no entries.
 *
 * A source's shards are shuffled, taken a few at a time, and the entries of those few are shuffled together. So no more
 * than a few shards are open, and where an order stands is three numbers for each source.
 */

import type { OpenedSource } from '../../corpus/sources/openSources.ts'
import { SourceError } from '../../corpus/sources/source.ts'
import { seededRandom } from '../../generate/sampling.ts'
import { DataError, type Refused } from './errors.ts'
import type { ShardCache } from './shardCache.ts'

/** Shards whose entries are mixed. */
export const TOGETHER = 4

/** Which entry: source, shard and place in it, as plain numbers. */
export type EntryPlace = readonly [source: number, shard: number, entry: number]

/** Where one source stands: the entry `index` of group `group` of pass `epoch` comes next. */
interface Cursor {
  readonly epoch: number
  readonly group: number
  readonly index: number
  /** Entries drawn since all sources began the present pass together (endless runs: since the beginning). */
  readonly drawn: number
}

export type OrderPosition = readonly Cursor[]

/** An entry, and where the order stands once it is used. */
export interface Drawn {
  readonly place: EntryPlace
  readonly after: OrderPosition
  /** Passes of the source that has gone farthest, this entry included: 0 in the first pass. */
  readonly epoch: number
  /** Shards that could not be opened on the way here. */
  readonly refused: readonly Refused[]
}

export interface OrderOptions {
  readonly seed: number
  /** Passes over everything; without it, there is no end. */
  readonly epochs?: number | undefined
  /** A shard that cannot be opened ends the run; else it counts as empty. */
  readonly strict?: boolean | undefined
  readonly position?: OrderPosition | undefined
}

/**
 * Endless, a source is drawn from in proportion to its weight, as evenly as can be, and goes round on its own. With
 * `epochs`, every pass gives each entry of each source once: a source that is through waits for the others.
 */
export class EntryOrder {
  readonly #sources: readonly OpenedSource[]
  readonly #options: OrderOptions
  readonly #shards: ShardCache
  readonly #walks: Walk[]
  #refused: Refused[] = []

  constructor(sources: readonly OpenedSource[], shards: ShardCache, options: OrderOptions) {
    this.#sources = sources
    this.#options = options
    this.#shards = shards
    const { seed, position } = options
    if (position !== undefined && position.length !== sources.length) {
      throw new DataError(`the run to go on with had ${position.length} sources, and now there are ${sources.length}`)
    }
    this.#walks = sources.map(({ source }, i) => {
      const cursor = position?.[i] ?? { epoch: 0, group: 0, index: 0, drawn: 0 }
      return { ...cursor, number: i, shards: source.shards, seed }
    })
  }

  /** The next entry, or undefined at the end of the last pass. Throws a DataError for a source without entries. */
  async next(): Promise<Drawn | undefined> {
    for (;;) {
      const walk = this.#choose()
      if (walk === undefined) return undefined
      const entries = await this.#group(walk)
      if (walk.index >= entries.length) {
        this.#advance(walk)
        continue
      }
      const place = entries.at(walk.index)
      walk.index++
      walk.drawn++
      walk.found = true
      const refused = this.#refused
      this.#refused = []
      const after = this.#walks.map(({ epoch, group, index, drawn }) => ({ epoch, group, index, drawn }))
      return { place, after, epoch: Math.max(...after.map(cursor => cursor.epoch)), refused }
    }
  }

  /** The source that is farthest behind its share; of equal ones the first. */
  #choose(): Walk | undefined {
    const { epochs } = this.#options
    let least = 0
    if (epochs !== undefined) {
      least = Math.min(...this.#walks.map(walk => walk.epoch))
      if (least >= epochs) return undefined
    }
    const open = epochs === undefined ? this.#walks : this.#walks.filter(walk => walk.epoch === least)
    const due = ({ number, drawn }: Walk) => (drawn + 1) / (this.#sources[number] as OpenedSource).weight
    return open.reduce((first, walk) => (due(walk) < due(first) ? walk : first))
  }

  #advance(walk: Walk): void {
    walk.group++
    walk.index = 0
    delete walk.entries
    if (walk.group < Math.ceil(walk.shards / TOGETHER)) return
    const name = (this.#sources[walk.number] as OpenedSource).source.name
    if (walk.found !== true && walk.began !== false) {
      const why = this.#refused.map(({ sample, reason }) => `${sample}: ${reason}`).slice(0, 3)
      throw new DataError(`${name} has no samples${why.length > 0 ? `: ${why.join('; ')}` : ''}`)
    }
    walk.epoch++
    walk.group = 0
    walk.began = true
    walk.found = false
    const together = this.#walks.every(({ epoch }) => epoch === walk.epoch)
    if (this.#options.epochs !== undefined && together) for (const each of this.#walks) each.drawn = 0
  }

  /** The shuffled entries of a source's present group. */
  async #group(walk: Walk): Promise<Entries> {
    walk.began ??= walk.group === 0 && walk.index === 0
    walk.entries ??= await this.#shuffled(walk)
    return walk.entries
  }

  async #shuffled({ seed, number, epoch, group, shards }: Walk): Promise<Entries> {
    const order = permutation(shards, hash(seed, number, epoch, -1))
    const numbers = [...order.subarray(group * TOGETHER, (group + 1) * TOGETHER)]
    const lengths: number[] = []
    for (const shard of numbers) lengths.push(await this.#lengthOf(number, shard))
    const total = lengths.reduce((sum, length) => sum + length, 0)
    const entries = permutation(total, hash(seed, number, epoch, group))
    const at = (index: number): EntryPlace => {
      let entry = entries[index] as number
      let which = 0
      while (entry >= (lengths[which] as number)) entry -= lengths[which++] as number
      return [number, numbers[which] as number, entry]
    }
    return { length: total, at }
  }

  async #lengthOf(source: number, shard: number): Promise<number> {
    try {
      return await this.#shards.use(source, shard, ({ length }) => length)
    } catch (error) {
      if (!(error instanceof SourceError) || this.#options.strict) throw error
      const { name } = (this.#sources[source] as OpenedSource).source
      this.#refused.push({ sample: name, reason: error.message })
      return 0
    }
  }
}

interface Entries {
  readonly length: number
  at(index: number): EntryPlace
}

interface Walk {
  readonly number: number
  readonly shards: number
  readonly seed: number
  epoch: number
  group: number
  index: number
  drawn: number
  entries?: Entries
  /** Whether this walk saw the present pass from its beginning, and any entry in it. */
  began?: boolean
  found?: boolean
}

/** Numbers → one 32-bit number, each bit of which depends on all of them. */
export function hash(...values: readonly number[]): number {
  let state = 0x9e3779b9
  for (const value of values) {
    state = Math.imul(state ^ (value | 0), 0x85ebca6b)
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
    state ^= state >>> 16
  }
  return state >>> 0
}

/** 0 … `length` - 1, shuffled: the same for the same seed. */
export function permutation(length: number, seed: number): Uint32Array {
  const random = seededRandom(seed)
  const order = Uint32Array.from({ length }, (_, i) => i)
  for (let i = length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1))
    const held = order[i] as number
    order[i] = order[other] as number
    order[other] = held
  }
  return order
}
