/**
 * Pictures and their texts for contrastive training, one step after the other, in the same order, from the same sources
 * and with the same threads as `loader.ts` gives rows. Knows no model.
 */
import type { Sample } from '../../corpus/sample.ts'
import { parseMarkup, type Tokenizer } from '../../text/index.ts'
import { checkDivision, type Division, partsOf } from './assemble.ts'
import type { EncodedSample } from './batch.ts'
import { type Refused, SampleError } from './errors.ts'
import type { Loaded, LoadOptions } from './loader.ts'
import { OpenPictures } from './openPictures.ts'
import { type PlannedSample, StepPlanner } from './plan.ts'
import { Prefetch, type Started } from './prefetch.ts'

/** A picture and its text. */
export interface Pair {
  readonly id: string
  readonly task: string
  /** Names the picture's content and size. */
  readonly key: string
  /** Normalised, [3, size, size]. */
  readonly pixels?: Float32Array
  /** At most `context` token ids, the last of which is `<|endoftext|>`. */
  readonly text: readonly number[]
  /**
   * False for a pair that is not to count, neither as match nor as contrast: its picture could not be read (it is grey),
   * or the run ends and there are no more (its text is empty but for its end).
   */
  readonly counts: boolean
}

export interface PairStep {
  /** Parts of the step, each with batch / accumulation / processes pairs. */
  readonly batches: readonly (readonly Pair[])[]
  /** Pairs of the whole step, over all processes. */
  readonly samples: number
  /** What the loss is the mean over: each pair's picture and its text. */
  readonly tokens: number
  /** Passes over the data so far, of the source that has gone farthest. */
  readonly epoch: number
  /** Where the data stands after this step: plain JSON, and the same on all processes. */
  readonly position: unknown
}

/** Pairs have pixels, and no kept features: the vision tower is what is trained. */
export interface PairLoaderOptions extends Omit<LoadOptions, 'features'> {
  readonly resolution: number
  /** The longest text, its end included; longer ones are cut. Tokens. */
  readonly context: number
}

export class PairLoader implements AsyncDisposable {
  readonly #options: PairLoaderOptions
  readonly #division: Division
  readonly #planner: StepPlanner
  readonly #pictures: OpenPictures
  readonly #prefetch: Prefetch<Loaded<PairStep>>
  #refused = 0
  #disposed: Promise<void> | undefined

  /** Reads nothing yet. Throws a DataError for rows that cannot be shared out, and for a position of other data. */
  constructor(options: PairLoaderOptions) {
    const { batch, accumulation = 1, rank = 0, processes = 1, tokenizer, context } = options
    this.#options = options
    this.#division = { batch, accumulation, rank, processes }
    checkDivision(this.#division)
    const encode = (sample: Sample) => [encodePair(tokenizer, sample, context)]
    this.#planner = new StepPlanner({ ...options, encode, sequence: context, packing: 'none' })
    this.#pictures = new OpenPictures(options)
    this.#prefetch = new Prefetch(() => this.#start())
  }

  /** Samples that were left out, as far as steps were given. */
  get refused(): number {
    return this.#refused
  }

  /** As `next` of a DataLoader. */
  async next(signal?: AbortSignal): Promise<PairStep | undefined> {
    const loaded = await this.#prefetch.next(signal)
    for (const refused of loaded?.refused ?? []) {
      this.#refused++
      this.#options.onRefused?.(refused)
    }
    return loaded?.step
  }

  /** Ends the threads, unless they are shared, and closes files. */
  dispose(): Promise<void> {
    this.#disposed ??= (async () => {
      const stopped = this.#prefetch.stop()
      await this.#pictures.dispose()
      await stopped
      await this.#planner.close()
    })()
    return this.#disposed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #start(): Promise<Started<Loaded<PairStep>> | undefined> {
    const planned = await this.#planner.next()
    if (planned === undefined) return undefined
    const parts = partsOf(planned.rows, this.#division)
    const refused: Refused[] = [...planned.refused]
    const opening = parts.map(({ rows }) => Promise.all(rows.map(([sample]) => this.#pair(sample, refused))))
    const { rows, epoch, position } = planned
    const samples = rows.length
    const step = Promise.all(opening).then(batches => ({
      refused,
      step: { batches, samples, tokens: 2 * samples, epoch, position },
    }))
    return { step, bytes: this.#pictures.bytesOf(parts.reduce((sum, part) => sum + part.rows.length, 0)) }
  }

  async #pair(sample: PlannedSample | undefined, refused: Refused[]): Promise<Pair> {
    const source = sample?.pictures[0]?.source
    if (sample === undefined || source === undefined) {
      const text = [this.#options.tokenizer.ids.endoftext]
      return { id: '', task: '', text, counts: false, ...this.#pictures.grey() }
    }
    const { id, task, ids } = sample
    const opened = await this.#pictures.open(source, id)
    if (opened.refused) refused.push(opened.refused)
    return { id, task, text: ids, counts: opened.refused === undefined, ...opened.picture }
  }
}

/**
 * The first picture of a sample and all that assistants say, without markup, cut to `context` tokens with
 * `<|endoftext|>`. Throws a SampleError for a sample without a picture or without words.
 */
export function encodePair(tokenizer: Tokenizer, sample: Sample, context: number): EncodedSample {
  const [source] = sample.pictures
  if (source === undefined) throw new SampleError(sample.id, 'has no picture: a pair is a picture and a text')
  const said = sample.turns
    .filter(({ role }) => role === 'assistant')
    .map(({ parts }) => parts.map(part => ('text' in part ? part.text : ' ')).join(''))
  const text = parseMarkup(said.join('\n')).text.trim()
  if (text === '') throw new SampleError(sample.id, 'has no text: a pair is a picture and a text')
  let ids: number[]
  try {
    ids = [...tokenizer.encode(text).slice(0, context - 1), tokenizer.ids.endoftext]
  } catch (error) {
    throw new SampleError(sample.id, (error as Error).message, { cause: error })
  }
  return { id: sample.id, task: sample.task, ids, labels: ids, pictures: [{ source, start: 0 }] }
}
