/**
 * What a benchmark is: things that are asked of a model, and how each kind of answer is scored. A benchmark is one file
 * that fills this interface (`nano/nanoBench.ts`) and one line in `benchmarks.ts`. Knows no model and no file format.
 */
import type { SampleTurn } from '../../corpus/sample.ts'
import type { PictureSource } from '../../image/index.ts'
import type { Metric } from '../metrics/index.ts'

/** One thing that is asked, and what is right. */
export interface BenchmarkItem {
  /** Unique in the benchmark and the same every time: answers are kept under it. */
  readonly id: string
  /** The id of a task of the benchmark. */
  readonly task: string
  /** `en`, `zh`: figures are taken by it. */
  readonly language?: string
  /** How the turns become one text: as in `Sample`. */
  readonly format: 'chatml' | 'raw'
  readonly numbering?: 'spaced' | 'none'
  readonly pictures: readonly PictureSource[]
  /** All that is said before the answer; the last turn is the user's. */
  readonly turns: readonly SampleTurn[]
  /** Right answers, with their markup, the best first; at least one. */
  readonly references: readonly string[]
}

/** An item and what a model said to it: with markup, without white space around it. */
export interface Answered {
  readonly item: BenchmarkItem
  readonly prediction: string
}

/** A figure of the answers to one task in one language. */
export interface Figure {
  /** As the table names it: `exact`, `IoU ≥ 0.5`. */
  readonly title: string
  readonly metric: Metric<Answered>
  /** What a good model reaches, in the metric's own unit (a share, or 0 … 10 for CIDEr). */
  readonly aim?: number
}

export interface BenchmarkTask {
  /** As `--tasks` names it. */
  readonly id: string
  /** Most tokens of an answer. */
  readonly maxNewTokens: number
  /**
   * What a model that looks at nothing would best say: `answer`, the most frequent right answer; `box`, the mean of the
   * right boxes. Left out where neither makes sense.
   */
  readonly majority?: 'answer' | 'box'
  /** At least one figure; by the first, answers are sorted from the worst on. */
  figures(language: string | undefined): readonly Figure[]
}

export interface OpenBenchmarkOptions {
  /** Where its data is, instead of where the benchmark keeps it. */
  readonly data?: string
  readonly signal?: AbortSignal
  /** Told what is done, where opening takes long. */
  readonly onNote?: (note: string) => void
}

export interface OpenedBenchmark {
  /** SHA-256 of its data in hexadecimal: figures of different data are not compared. */
  readonly fingerprint: string
  /** All items, always in the same order. */
  items(): AsyncIterable<BenchmarkItem>
}

export interface Benchmark {
  /** As the command line names it. */
  readonly id: string
  /** In a line: what it asks. */
  readonly title: string
  readonly tasks: readonly BenchmarkTask[]
  /** Finds its data. Throws a BenchmarkError that says where it looked. */
  open(options: OpenBenchmarkOptions): Promise<OpenedBenchmark>
}

/** A benchmark cannot be run as asked: no data, an unknown task, results of another model. The message says what to do. */
export class BenchmarkError extends Error {
  override readonly name = 'BenchmarkError'
}

/** The task of an item. Throws a BenchmarkError for one that the benchmark does not have. */
export function taskOf({ id, tasks }: Pick<Benchmark, 'id' | 'tasks'>, item: BenchmarkItem): BenchmarkTask {
  const task = tasks.find(each => each.id === item.task)
  if (task !== undefined) return task
  const known = tasks.map(each => each.id).join(', ')
  throw new BenchmarkError(`${item.id} is of the task "${item.task}", which ${id} does not score: it has ${known}`)
}
