/**
 * A loaded model as two calls: `see` turns pictures into features, `read` turns tokens into scores and remembers them in
 * a cache. Knows tokens and pixels as numbers only; choosing tokens is `generate.ts`'s affair.
 */
import { type LinearLayer, MASKED } from '../graph/index.ts'
import { ntkAlpha, type QwenVLConfig, queryScales, rotaryTables, rotaryWidth } from '../model/index.ts'
import type { Runtime, Session, TensorValue, WeightSource } from '../runtime/runtime.ts'
import { tensorValue } from '../runtime/tensor.ts'
import { KeyValueCache } from './cache.ts'
import { decoderGraph, visionGraph } from './graphs.ts'

/** Gives the values of the parameters that a graph asks for. */
export type WeightLoader = (
  wanted: readonly { readonly name: string; readonly shape: readonly number[]; readonly type: string }[],
) => Promise<Readonly<Record<string, WeightSource>>>

/** What one row of a batch reads in a call. */
export interface Reading {
  /** At least one. */
  readonly tokens: readonly number[]
  /** Pictures that lie wholly within `tokens`: where the first of their slots is, and their features. */
  readonly pictures: readonly { readonly at: number; readonly features: Float32Array }[]
  /** The stretching of rotary positions, chosen when the text was first read. */
  readonly alpha: number
}

export class Network implements AsyncDisposable {
  readonly config: QwenVLConfig
  readonly #runtime: Runtime
  readonly #decoder: Session
  /** Vision sessions by picture size: opened when the first picture of that size comes. */
  readonly #vision = new Map<number, Promise<Session>>()
  readonly #load: WeightLoader
  readonly #linear: LinearLayer | undefined

  private constructor(
    runtime: Runtime,
    config: QwenVLConfig,
    decoder: Session,
    load: WeightLoader,
    linear: LinearLayer | undefined,
  ) {
    this.#runtime = runtime
    this.config = config
    this.#decoder = decoder
    this.#load = load
    this.#linear = linear
  }

  /**
   * Opens the decoder on a runtime, with linear layers as `linear` makes them (default: plain). The vision side waits for
   * the first picture. Rejects as `openSession` does.
   */
  static async open(
    runtime: Runtime,
    config: QwenVLConfig,
    load: WeightLoader,
    linear?: LinearLayer,
  ): Promise<Network> {
    const graph = decoderGraph(config, { device: runtime.device, linear })
    return new Network(runtime, config, await openGraph(runtime, graph, load), load, linear)
  }

  newCache(rows: number): KeyValueCache {
    return new KeyValueCache(this.#runtime, this.config, rows)
  }

  /** The stretching for a prompt of that many tokens. */
  alphaFor(length: number): number {
    return ntkAlpha(length, this.config)
  }

  /** Features of one picture: pixels [3, size, size], normalised → [queries, hidden]. */
  async see(pixels: Float32Array, size: number): Promise<Float32Array> {
    const target = { device: this.#runtime.device, linear: this.#linear }
    const opened =
      this.#vision.get(size) ?? openGraph(this.#runtime, visionGraph(this.config, size, target), this.#load)
    this.#vision.set(size, opened)
    const { features } = await (await opened).run({ pixels: tensorValue('float32', [1, 3, size, size], pixels) })
    return (features as TensorValue<'float32'>).data
  }

  /**
   * Reads the next tokens of the first `readings.length` rows of a cache, and adds them to it. Rows may differ in length.
   * Gives for each row the scores of what may follow its last token, [vocabulary].
   */
  async read(cache: KeyValueCache, readings: readonly Reading[]): Promise<Float32Array[]> {
    const outputs = await this.#decoder.run({ ...this.#feeds(cache, readings), ...cache.feeds(readings.length) })
    const { logits, ...fresh } = outputs
    cache.append(
      fresh,
      readings.map(({ tokens }) => tokens.length),
    )
    const vocabulary = this.config.vocab_size
    const scores = (logits as TensorValue<'float32'>).data
    return readings.map((_, row) => scores.subarray(row * vocabulary, (row + 1) * vocabulary))
  }

  #feeds(cache: KeyValueCache, readings: readonly Reading[]): Record<string, TensorValue> {
    const { config } = this
    const batch = readings.length
    const sequence = Math.max(...readings.map(({ tokens }) => tokens.length))
    const past = cache.room(batch)
    const half = rotaryWidth(config) / 2
    const { n_queries: queries } = config.visual
    const tokens = new BigInt64Array(batch * sequence)
    const cosines = new Float32Array(batch * sequence * half)
    const sines = new Float32Array(batch * sequence * half)
    const scales = new Float32Array(batch * sequence)
    const mask = new Float32Array(batch * sequence * (past + sequence)).fill(MASKED)
    const pictures = readings.flatMap(({ pictures }, row) =>
      pictures.map(({ at, features }) => ({ at: row * sequence + at, features })),
    )
    readings.forEach(({ tokens: row, alpha }, index) => {
      const length = cache.lengths[index] as number
      const positions = Array.from({ length: sequence }, (_, i) => length + i)
      const tables = rotaryTables(positions, alpha, config)
      tokens.set(BigInt64Array.from(row, BigInt), index * sequence)
      cosines.set(tables.cosines, index * sequence * half)
      sines.set(tables.sines, index * sequence * half)
      scales.set(queryScales(positions, config), index * sequence)
      for (let i = 0; i < sequence; i++) {
        const start = (index * sequence + i) * (past + sequence)
        mask.fill(0, start, start + length) // what was read before
        mask.fill(0, start + past, start + past + i + 1) // this call, up to the token itself
      }
    })
    const features = new Float32Array(pictures.length * queries * config.hidden_size)
    pictures.forEach((picture, i) => {
      features.set(picture.features, i * queries * config.hidden_size)
    })
    const slots = pictures.flatMap(({ at }) => Array.from({ length: queries }, (_, i) => at + i))
    return {
      tokens: tensorValue('int64', [batch, sequence], tokens),
      features: tensorValue('float32', [pictures.length, queries, config.hidden_size], features),
      slots: tensorValue('int64', [slots.length], slots),
      cosines: tensorValue('float32', [batch, sequence, half], cosines),
      sines: tensorValue('float32', [batch, sequence, half], sines),
      queryScale: tensorValue('float32', [batch, sequence], scales),
      mask: tensorValue('float32', [batch, 1, sequence, past + sequence], mask),
      wanted: tensorValue(
        'int64',
        [batch],
        readings.map((reading, row) => row * sequence + reading.tokens.length - 1),
      ),
    }
  }

  async dispose(): Promise<void> {
    const vision = await Promise.allSettled(this.#vision.values())
    this.#vision.clear()
    await Promise.all(
      [this.#decoder, ...vision.flatMap(opened => (opened.status === 'fulfilled' ? [opened.value] : []))].map(session =>
        session.dispose(),
      ),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }
}

async function openGraph(
  runtime: Runtime,
  graph: ReturnType<typeof decoderGraph>,
  load: WeightLoader,
): Promise<Session> {
  const wanted = graph.weights.map(({ name, shape, type }) => ({ name, type, shape: shape as readonly number[] }))
  return runtime.openSession(graph, { weights: await load(wanted) })
}
