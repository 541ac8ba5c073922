/**
 * The data of training steps, one step after the other: plans rows, has pictures decoded by threads ahead of time, and
 * gives batches. Start here; the rest of the folder is one of its parts each: `encode.ts` (samples as tokens), `order.ts`
 * and `pack.ts` (which sample where), `plan.ts` (both, with a position to go on from), `pictureWorkers.ts` (pictures),
 * `assemble.ts` (arrays), `prefetch.ts` (ahead of time). Knows no model.
 *
 * All processes plan all rows; each decodes the pictures of its own rows only. So a picture that is found to be broken
 * when it is decoded is found by one process, after rows were planned, and the rows stay as they are: the sample keeps
 * its place, its labels become -100, and its picture grey. The step's count of tokens was taken before, on every
 * process alike, so its loss is a little too small in this rare case, and never wrong in scale between processes.
 * Missing and empty files, and whatever else is known before decoding, are left out of the rows on all processes.
 */
import type { OpenedSource } from '../../corpus/sources/openSources.ts'
import type { Allow } from '../../image/index.ts'
import { ignoredLabel, type Tokenizer } from '../../text/index.ts'
import { assemble, checkDivision, type Division, partsOf, roundedLength, supervisedTokens } from './assemble.ts'
import type { Batch, BatchPicture, StepData } from './batch.ts'
import { asText, encodePieces } from './encode.ts'
import type { Refused } from './errors.ts'
import type { FeatureFolder } from './featureFiles.ts'
import { OpenPictures } from './openPictures.ts'
import type { Packing } from './pack.ts'
import type { PictureWorkers } from './pictureWorkers.ts'
import { type PlannedSample, type PlannedStep, type PlanOptions, StepPlanner } from './plan.ts'
import { Prefetch, type Started } from './prefetch.ts'

/** What all loaders take. */
export interface LoadOptions {
  readonly sources: readonly OpenedSource[]
  readonly tokenizer: Tokenizer
  /** Pixels a side. Without it there are no pictures, and samples that have some are refused. */
  readonly resolution?: number | undefined
  /** Rows of a step, over all processes and accumulated parts. */
  readonly batch: number
  /** Parts of a step (default 1). */
  readonly accumulation?: number | undefined
  /** Passes over everything. Without it there is no end. */
  readonly epochs?: number | undefined
  /** Default 1. */
  readonly seed?: number | undefined
  /** Which process this is (default 0) of how many (default 1). */
  readonly rank?: number | undefined
  readonly processes?: number | undefined
  /** `position` of the last step that was done, of a run with the same data and settings (other processes are fine). */
  readonly position?: unknown
  /** A sample that cannot be used ends the run; otherwise it is left out, and told with the step in which it is not. */
  readonly strict?: boolean | undefined
  readonly onRefused?: ((refused: Refused) => void) | undefined
  /** Features that were kept take the place of pixels. */
  readonly features?: FeatureFolder | undefined
  /** Picture threads: how many (default: one less than the machine has cores), or those of another loader to share. */
  readonly threads?: number | PictureWorkers | undefined
  /** What pictures may be: any file and public addresses, unless told. */
  readonly allow?: Allow | undefined
}

export interface DataLoaderOptions extends LoadOptions {
  /** Tokens of a row, and so the longest sample. */
  readonly sequence: number
  readonly packing: Packing
}

export class DataLoader implements AsyncDisposable {
  readonly #options: DataLoaderOptions
  readonly #division: Division
  readonly #planner: StepPlanner
  readonly #pictures: OpenPictures
  readonly #prefetch: Prefetch<Loaded<StepData>>
  #refused = 0
  #done = false
  #disposed: Promise<void> | undefined

  /** Reads nothing yet. Throws a DataError for rows that cannot be shared out, and for a position of other data. */
  constructor(options: DataLoaderOptions) {
    const { tokenizer, sequence, batch, accumulation = 1, rank = 0, processes = 1 } = options
    this.#options = options
    this.#division = { batch, accumulation, rank, processes }
    checkDivision(this.#division)
    const encode = textOnly(options, sample => encodePieces(tokenizer, sample, { length: sequence }))
    this.#planner = new StepPlanner({ ...options, encode })
    this.#pictures = new OpenPictures(options)
    this.#prefetch = new Prefetch(() => this.#start())
  }

  /** Samples that were left out, as far as steps were given. */
  get refused(): number {
    return this.#refused
  }

  /** The last step was given. */
  get done(): boolean {
    return this.#done
  }

  /**
   * The next step, or undefined behind the last one. Rejects with a SampleError under `strict`, with a DataError where no
   * sample can be used, and with the reason of `signal`; after that, `next` can be called again and gives the same step.
   */
  async next(signal?: AbortSignal): Promise<StepData | undefined> {
    const loaded = await this.#prefetch.next(signal)
    if (loaded === undefined) {
      this.#done = true
      return undefined
    }
    for (const refused of loaded.refused) {
      this.#refused++
      this.#options.onRefused?.(refused)
    }
    return loaded.step
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

  async #start(): Promise<Started<Loaded<StepData>> | undefined> {
    const planned = await this.#planner.next()
    if (planned === undefined) return undefined
    const { sequence, packing, tokenizer } = this.#options
    const parts = partsOf(planned.rows, this.#division)
    const batches = parts.map(({ rows, longest }) => {
      const length = packing === 'none' ? roundedLength(longest, sequence) : sequence
      return this.#fill(rows, length, tokenizer.ids.endoftext)
    })
    const own = parts.flatMap(({ rows }) => rows.flat())
    const step = finish(planned, batches)
    return { step, bytes: this.#pictures.bytesOf(own.reduce((sum, { pictures }) => sum + pictures.length, 0)) }
  }

  /** A batch, once its pictures are there. */
  async #fill(rows: readonly (readonly PlannedSample[])[], length: number, padding: number): Promise<Filled> {
    const { batch, wanted } = assemble(rows, length, padding)
    const refused = new Map<number, Refused>()
    const pictures = await Promise.all(
      wanted.map(async ({ slot, source, sample }): Promise<BatchPicture> => {
        const id = batch.samples[sample]?.id ?? ''
        const opened = await this.#pictures.open(source, id)
        if (opened.refused) refused.set(sample, opened.refused)
        return { slot, ...opened.picture }
      }),
    )
    for (const sample of refused.keys()) {
      const placed = batch.samples[sample]
      if (placed === undefined) continue
      const row = placed.row * length
      batch.labels.fill(ignoredLabel, row + placed.start, row + placed.end)
    }
    return { batch: { ...batch, pictures }, refused: [...refused.values()] }
  }
}

interface Filled {
  readonly batch: Batch
  readonly refused: readonly Refused[]
}

/** A step, and what was left out on the way to it. */
export interface Loaded<Step> {
  readonly step: Step
  readonly refused: readonly Refused[]
}

async function finish(planned: PlannedStep, batches: readonly Promise<Filled>[]): Promise<Loaded<StepData>> {
  const filled = await Promise.all(batches)
  const { rows, epoch, position } = planned
  const samples = rows.flat()
  return {
    refused: [...planned.refused, ...filled.flatMap(({ refused }) => refused)],
    step: {
      batches: filled.map(({ batch }) => batch),
      tokens: supervisedTokens(samples),
      samples: samples.length,
      ...{ epoch, position },
    },
  }
}

/** Where there is no resolution to bring pictures to, samples are learnt without theirs. */
function textOnly(
  { resolution, tokenizer }: Pick<DataLoaderOptions, 'resolution' | 'tokenizer'>,
  encode: PlanOptions['encode'],
): PlanOptions['encode'] {
  if (resolution !== undefined) return encode
  return sample => (sample.pictures.length === 0 ? encode(sample) : encode(sample).map(each => asText(tokenizer, each)))
}
