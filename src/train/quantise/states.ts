/**
 * Samples on their way through the language model: the hidden states of all of them between two blocks, kept in memory.
 * Here they begin, from tokens and pictures; `blocks.ts` takes them on. Several samples stand in one row, without padding.
 */
import { type Checkpoint, convertTensor } from '../../checkpoint/index.ts'
import type { WeightLoader } from '../../generate/network.ts'
import { type QwenVLConfig, rotaryTables, rotaryWidth } from '../../model/index.ts'
import type { Runtime, TensorValue } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import type { Tokenizer } from '../../text/index.ts'
import { assemble } from '../data/assemble.ts'
import type { EncodedSample } from '../data/batch.ts'
import type { Refused } from '../data/errors.ts'
import { OpenPictures } from '../data/openPictures.ts'
import { Packer } from '../data/pack.ts'
import { type Supervised, supervisedPositions } from '../objective/feeds.ts'
import { FrozenEyes } from '../objective/frozenEyes.ts'

/** A row of samples between two blocks. */
export interface Row {
  readonly length: number
  /** [1, length, hidden] */
  readonly hidden: Float32Array
  /** What goes in beside the hidden states. */
  readonly around: Readonly<Record<string, TensorValue>>
  /** What is learnt in the samples. */
  readonly supervised: readonly Supervised[]
}

/** A sample that has been seen: its states before the first block, [length, hidden]. */
interface Seen {
  readonly task: string
  readonly ids: readonly number[]
  readonly sample: EncodedSample
  readonly hidden: Float32Array
}

export interface BeginOptions {
  readonly runtime: Runtime
  readonly config: QwenVLConfig
  readonly checkpoint: Checkpoint
  readonly load: WeightLoader
  readonly tokenizer: Tokenizer
  /** The longest row, in tokens. */
  readonly longest: number
  /** Told how many samples were seen. */
  readonly onSeen: (done: number) => void
  /** Told of a sample that is left out, since a picture of it cannot be read. */
  readonly onRefused: (refused: Refused) => void
  readonly signal?: AbortSignal | undefined
}

/** Rows of samples before the first block, and how many samples and pictures are in them. */
export interface Begun {
  readonly rows: Row[]
  readonly samples: readonly EncodedSample[]
}

/** Brings sets of samples before the first block. The visual side is loaded once for all, and let go of at the end. */
export async function begin(
  sets: readonly (readonly EncodedSample[])[],
  options: BeginOptions,
): Promise<readonly Begun[]> {
  const { runtime, config, load } = options
  const size = config.visual.image_size
  await using eyes = disposable(new FrozenEyes({ runtime, config, load, size, cut: 'features' }))
  await using pictures = disposable(new OpenPictures(openOptions(options)))
  const embeddings = new Embeddings(options)
  const begun: Begun[] = []
  let done = 0
  for (const samples of sets) {
    const seen: Seen[] = []
    for (const sample of samples) {
      options.signal?.throwIfAborted()
      const opened = await Promise.all(sample.pictures.map(({ source }) => pictures.open(source, sample.id)))
      const refused = opened.find(picture => picture.refused)?.refused
      if (refused) options.onRefused(refused)
      else {
        const hidden = await embeddings.of(sample.ids)
        const features = await eyes.see(opened.map(({ picture }) => ({ ...picture, slot: 0 })))
        for (const [i, { start }] of sample.pictures.entries())
          hidden.set(features[i]!, (start + 1) * config.hidden_size)
        seen.push({ task: sample.task, ids: sample.ids, sample, hidden })
      }
      options.onSeen(++done)
    }
    begun.push({ rows: inRows(seen, options), samples: seen.map(({ sample }) => sample) })
  }
  return begun
}

const openOptions = ({ config, tokenizer }: BeginOptions) => ({
  ...{ sources: [], tokenizer, batch: 1 },
  resolution: config.visual.image_size,
})

/** What has a `dispose`, for `await using`. */
const disposable = <T extends { dispose(): Promise<void> }>(thing: T): T & AsyncDisposable =>
  Object.assign(thing, { [Symbol.asyncDispose]: () => thing.dispose() })

/** Token embeddings, read from the file one by one: of a large vocabulary, samples have little. */
class Embeddings {
  readonly #width: number
  readonly #table: ReturnType<typeof convertTensor>
  readonly #known = new Map<number, Float32Array>()

  constructor({ checkpoint, config }: BeginOptions) {
    this.#width = config.hidden_size
    this.#table = convertTensor(checkpoint.get('transformer.wte.weight'), 'float32')
  }

  /** → [tokens, hidden] */
  async of(tokens: readonly number[]): Promise<Float32Array> {
    const rows = new Float32Array(tokens.length * this.#width)
    for (const [i, token] of tokens.entries()) rows.set(await this.#row(token), i * this.#width)
    return rows
  }

  async #row(token: number): Promise<Float32Array> {
    const known = this.#known.get(token)
    if (known) return known
    const bytes = 4 * this.#width
    const row = new Float32Array((await this.#table.read(token * bytes, bytes)).buffer)
    this.#known.set(token, row)
    return row
  }
}

function inRows(seen: readonly Seen[], options: BeginOptions): Row[] {
  const packer = new Packer<Seen>(options.longest, 'mixed')
  const packed = [...seen.flatMap(sample => packer.add(sample)), ...packer.flush()]
  return packed.map(samples => rowOf(samples, options))
}

function rowOf(seen: readonly Seen[], { config, tokenizer }: BeginOptions): Row {
  const length = seen.reduce((sum, { ids }) => sum + ids.length, 0)
  const { batch } = assemble([seen.map(({ sample }) => sample)], length, tokenizer.ids.endoftext)
  const hidden = new Float32Array(length * config.hidden_size)
  let at = 0
  for (const { hidden: own } of seen) {
    hidden.set(own, at)
    at += own.length
  }
  const { cosines, sines } = rotaryTables(batch.positions, 1, config)
  const half = rotaryWidth(config) / 2
  const around = {
    segments: tensorValue('float32', [1, length], Float32Array.from(batch.segments)),
    places: tensorValue('float32', [1, length], Float32Array.from(batch.positions)),
    cosines: tensorValue('float32', [1, length, half], cosines),
    sines: tensorValue('float32', [1, length, half], sines),
  }
  return { length, hidden, around, supervised: supervisedPositions(batch) }
}
