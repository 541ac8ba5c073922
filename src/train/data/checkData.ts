/**
 * Looks at the data of a run before it is run: the first samples in the order of training, as text with what is learnt of
 * it and as drawn pictures, and counts. For people; trains nothing.
 */
import { join } from 'node:path'
import type { Sample } from '../../corpus/sample.ts'
import type { OpenedSource } from '../../corpus/sources/openSources.ts'
import { SourceError } from '../../corpus/sources/source.ts'
import { PictureError } from '../../image/index.ts'
import type { Tokenizer } from '../../text/index.ts'
import { supervisedTokens } from './assemble.ts'
import type { EncodedSample } from './batch.ts'
import { describeSupervision, drawSample } from './describe.ts'
import { encodePieces } from './encode.ts'
import { SampleError } from './errors.ts'
import { EntryOrder } from './order.ts'
import { ShardCache } from './shardCache.ts'

export interface CheckDataOptions {
  readonly sources: readonly OpenedSource[]
  readonly tokenizer: Tokenizer
  /** The longest sample, in tokens. */
  readonly sequence: number
  /** Samples that are shown. */
  readonly samples: number
  /** Where pictures are drawn; without it, none are. */
  readonly folder?: string | undefined
  /** Marks what is learnt with colours of the terminal instead of brackets. */
  readonly colour?: boolean | undefined
  readonly seed?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** One sample as it will be learnt. */
export interface ShownSample {
  readonly kind: 'sample'
  readonly id: string
  readonly task: string
  readonly text: string
  readonly tokens: number
  readonly supervised: number
  /** Drawn pictures. */
  readonly files: readonly string[]
}

export interface ShownRefusal {
  readonly kind: 'refused'
  readonly id: string
  readonly reason: string
}

/** What all of them come to. */
export interface DataSummary {
  readonly kind: 'summary'
  readonly tasks: Readonly<Record<string, TaskCount>>
  readonly refused: number
}

export interface TaskCount {
  samples: number
  tokens: number
  /** Of these, learnt. */
  supervised: number
  pictures: number
}

/** The first samples, in the order in which they would be trained on, those that would be left out, and then the counts. */
export async function* checkData(options: CheckDataOptions): AsyncGenerator<ShownSample | ShownRefusal | DataSummary> {
  const { sources, seed = 1, samples: wanted, signal } = options
  const shards = new ShardCache(sources)
  const order = new EntryOrder(sources, shards, { seed, epochs: 1 })
  const tasks: Record<string, TaskCount> = {}
  let [shown, refused] = [0, 0]
  try {
    while (shown + refused < wanted) {
      signal?.throwIfAborted()
      const drawn = await order.next()
      if (drawn === undefined) break
      for (const { sample, reason } of drawn.refused) yield { kind: 'refused', id: sample, reason }
      const [source, shard, entry] = drawn.place
      const found = await shards.use(source, shard, opened =>
        opened.read(entry).catch((error: unknown) => {
          if (!(error instanceof SourceError)) throw error
          return { id: opened.nameOf(entry), reason: error.message }
        }),
      )
      if ('reason' in found) {
        refused++
        yield { kind: 'refused', ...found }
        continue
      }
      for (const sample of found) {
        if (shown + refused >= wanted) break
        const result = await show(sample, shown + 1, options)
        if (result.kind === 'sample') {
          shown++
          tasks[result.task] ??= { samples: 0, tokens: 0, supervised: 0, pictures: 0 }
          const count = tasks[result.task] as TaskCount
          count.samples++
          count.tokens += result.tokens
          count.supervised += result.supervised
          count.pictures += sample.pictures.length
        } else refused++
        yield result
      }
    }
  } finally {
    await shards.close()
  }
  yield { kind: 'summary', tasks, refused }
}

async function show(sample: Sample, number: number, options: CheckDataOptions): Promise<ShownSample | ShownRefusal> {
  const { tokenizer, sequence, folder, colour = false } = options
  try {
    const pieces = encodePieces(tokenizer, sample, { length: sequence })
    const digits = String(options.samples).length
    const out = folder === undefined ? undefined : join(folder, `${String(number).padStart(digits, '0')}.png`)
    const files = out === undefined ? [] : await drawSample(sample, out)
    const text = pieces.map(piece => describeSupervision(tokenizer, piece, { colour })).join('\n— next row —\n')
    const { id, task } = sample
    return { kind: 'sample', id, task, text, tokens: tokensOf(pieces), supervised: supervisedTokens(pieces), files }
  } catch (error) {
    if (error instanceof SampleError) return { kind: 'refused', id: sample.id, reason: error.reason }
    if (error instanceof PictureError) return { kind: 'refused', id: sample.id, reason: error.message }
    throw error
  }
}

const tokensOf = (pieces: readonly EncodedSample[]) => pieces.reduce((sum, { ids }) => sum + ids.length, 0)
