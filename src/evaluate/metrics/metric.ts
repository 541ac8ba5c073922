/**
 * What a metric is: answers and what they are compared with go in, a score for each and a figure for all come out. Knows
 * no particular metric; each fills this interface in a file of its own.
 *
 * A figure is a function of sums over samples (right answers; matched, found and wanted phrases), so one bootstrap
 * serves all of them, and per-sample results can be added up elsewhere.
 */
import { MetricError } from './errors.ts'
import { type BootstrapOptions, bootstrapInterval, type Interval, wilsonInterval } from './interval.ts'

/** A text that a model gave and the texts that would be right. */
export interface TextItem {
  readonly prediction: string
  /** At least one. */
  readonly references: readonly string[]
}

/** What is known of one sample. */
export interface Measure {
  /** From 0 to the metric's `best`: for lists of the best and the worst answers. */
  readonly score: number
  /** What the sample adds to the sums that `figure` takes; as many numbers for each sample. Default: `[score]`. */
  readonly counts?: readonly number[]
}

export interface Metric<Item> {
  /** Names the metric in tables and files, for example `cider`. */
  readonly id: string
  /** The figure of perfect answers: 1 for shares, 10 for CIDEr. */
  readonly best: number
  /** Each score is 0 or 1 and the figure is their mean: its interval is Wilson's. */
  readonly rightOrWrong?: true
  /**
   * One measure for each item, in order. All come at one time because some metrics (CIDEr) compare a sample with the
   * whole. Throws a MetricError for an item without what it needs.
   */
  measure(items: readonly Item[]): readonly Measure[]
  /** The figure of all samples, from the sums of their counts. Default: the mean score. */
  figure?(sums: readonly number[], samples: number): number
}

/** A figure, how sure it is, and the scores that it was made of. */
export interface Judgement extends Interval {
  readonly metric: string
  readonly value: number
  readonly samples: number
  /** One for each item, in order. */
  readonly scores: readonly number[]
}

/**
 * Scores all items by a metric. `low` and `high` hold the true figure in 95 of 100 cases: Wilson's interval where
 * answers are right or wrong, else a bootstrap over samples.
 *
 *     judge(exactMatch, [{ prediction: ' Red', references: ['red'] }, { prediction: 'blue', references: ['red'] }])
 *     // { metric: 'exact-match', value: 0.5, low: 0.09…, high: 0.90…, samples: 2, scores: [1, 0] }
 *
 * Throws a MetricError where there are no items, or one cannot be scored.
 */
export function judge<Item>(metric: Metric<Item>, items: readonly Item[], options: BootstrapOptions = {}): Judgement {
  if (items.length === 0) throw new MetricError(`${metric.id}: there are no samples to score: give at least one`)
  const measures = metric.measure(items)
  const scores = measures.map(({ score }) => score)
  const counts = measures.map(({ score, counts }) => counts ?? [score])
  const sums = (counts[0] as readonly number[]).map((_, at) => counts.reduce((sum, each) => sum + (each[at] ?? 0), 0))
  const figure = (added: readonly number[], samples: number) =>
    metric.figure?.(added, samples) ?? (added[0] as number) / samples
  const interval = metric.rightOrWrong
    ? wilsonInterval(sums[0] as number, items.length)
    : bootstrapInterval(counts, figure, options)
  return { metric: metric.id, value: figure(sums, items.length), ...interval, samples: items.length, scores }
}

/** A metric that scores each item by itself; the figure is the mean. */
export function meanMetric<Item>(
  id: string,
  score: (item: Item) => number,
  { best = 1 }: { readonly best?: number } = {},
): Metric<Item> {
  return { id, best, measure: items => items.map(item => ({ score: score(item) })) }
}

/** A metric of answers that are right or wrong; the figure is the share of right ones. */
export function accuracyMetric<Item>(id: string, right: (item: Item) => boolean): Metric<Item> {
  const measure = (items: readonly Item[]) => items.map(item => ({ score: right(item) ? 1 : 0 }))
  return { id, best: 1, rightOrWrong: true, measure }
}

/** The references of an item. Throws a MetricError where there are none. */
export function referencesOf({ references, prediction }: TextItem): readonly string[] {
  if (references.length > 0) return references
  throw new MetricError(`the answer ${JSON.stringify(prediction)} has no reference: give at least one right text`)
}
