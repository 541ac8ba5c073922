/**
 * Keys and values of everything read so far, for a batch of texts of different lengths. The arrays are inputs of the
 * decoder graph and are used where they lie: a step copies in what is new, never what is old. They have room for more
 * tokens than they hold; a mask hides the rest. Knows nothing of tokens.
 */
import type { QwenVLConfig } from '../model/index.ts'
import type { Runtime, TensorValue } from '../runtime/runtime.ts'
import { tensorValue } from '../runtime/tensor.ts'

/** What the decoder graph calls the cache of a layer. */
export const pastName = (kind: 'keys' | 'values', layer: number): string => `past.${layer}.${kind}`
/** What it calls the part of the cache that a call adds. */
export const freshName = (kind: 'keys' | 'values', layer: number): string => `fresh.${layer}.${kind}`

/** Room grows to the next of these: the fewer shapes an engine sees, the less it plans anew. Tokens. */
const roomFor = (tokens: number): number => Math.max(64, 2 ** Math.ceil(Math.log2(tokens)))

export class KeyValueCache {
  readonly rows: number
  /** Tokens held, row by row. */
  readonly lengths: number[]
  readonly #runtime: Runtime
  readonly #layers: number
  readonly #heads: number
  readonly #channels: number
  /** By name, [rows, heads, room, channels]. */
  #arrays: Record<string, Float32Array> = {}
  #room = 0

  constructor(runtime: Runtime, config: QwenVLConfig, rows: number) {
    this.#runtime = runtime
    this.#layers = config.num_hidden_layers
    this.#heads = config.num_attention_heads
    this.#channels = config.kv_channels
    this.rows = rows
    this.lengths = Array<number>(rows).fill(0)
  }

  /** Positions that a graph fed with `feeds(active)` sees for every row, used or not. */
  room(active: number): number {
    return this.lengths.slice(0, active).some(length => length > 0) ? this.#room : 0
  }

  /** The cache of the first `active` rows, by the decoder graph's names. */
  feeds(active: number): Record<string, TensorValue> {
    const room = this.room(active)
    const shape = [active, this.#heads, room, this.#channels]
    const length = active * this.#heads * room * this.#channels
    return Object.fromEntries(
      this.#names().map(name => [
        name,
        tensorValue('float32', shape, this.#arrays[name]?.subarray(0, length) ?? new Float32Array(0)),
      ]),
    )
  }

  /**
   * Adds what a call computed: `fresh` has [active, heads, sequence, channels] under the graph's names, of which the
   * first `counts[row]` tokens are real.
   */
  append(fresh: Readonly<Record<string, TensorValue>>, counts: readonly number[]): void {
    this.#reserve(Math.max(...counts.map((count, row) => (this.lengths[row] as number) + count)))
    for (let layer = 0; layer < this.#layers; layer++) {
      for (const kind of ['keys', 'values'] as const) {
        const source = fresh[freshName(kind, layer)] as TensorValue<'float32'>
        this.#write(this.#arrays[pastName(kind, layer)] as Float32Array, source.data, source.shape[2] as number, counts)
      }
    }
    counts.forEach((count, row) => {
      this.lengths[row] = (this.lengths[row] as number) + count
    })
  }

  #write(target: Float32Array, source: Float32Array, sequence: number, counts: readonly number[]): void {
    const width = this.#channels
    counts.forEach((count, row) => {
      for (let head = 0; head < this.#heads; head++) {
        const from = (row * this.#heads + head) * sequence * width
        const to = ((row * this.#heads + head) * this.#room + (this.lengths[row] as number)) * width
        target.set(source.subarray(from, from + count * width), to)
      }
    })
  }

  /** Forgets everything of a row after its first `length` tokens. */
  truncate(row: number, length: number): void {
    this.lengths[row] = Math.min(length, this.lengths[row] as number)
  }

  /** Makes a row hold what another holds. */
  copyRow(from: number, to: number): void {
    const size = this.#heads * this.#room * this.#channels
    for (const array of Object.values(this.#arrays)) array.copyWithin(to * size, from * size, (from + 1) * size)
    this.lengths[to] = this.lengths[from] as number
  }

  #reserve(tokens: number): void {
    if (tokens <= this.#room) return
    const room = roomFor(tokens)
    const shape = [this.rows, this.#heads, room, this.#channels]
    const allocated = this.#runtime.allocate(this.#names().map(name => ({ name, type: 'float32', shape })))
    const stride = this.#channels * this.#room
    for (const [name, { data }] of Object.entries(allocated)) {
      const old = this.#arrays[name]
      for (let block = 0; old && block < this.rows * this.#heads; block++) {
        ;(data as Float32Array).set(old.subarray(block * stride, (block + 1) * stride), block * room * this.#channels)
      }
      this.#arrays[name] = data as Float32Array
    }
    this.#room = room
  }

  #names(): string[] {
    return Array.from({ length: this.#layers }, (_, layer) => [
      pastName('keys', layer),
      pastName('values', layer),
    ]).flat()
  }
}
