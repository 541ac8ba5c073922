/** The figures of an evaluation beside others of the same items. Knows answers, not models. */
import { judge } from '../metrics/index.ts'
import { type Answered, type Benchmark, BenchmarkError, type BenchmarkItem, type Figure, taskOf } from './benchmark.ts'
import { groupItems } from './chooseItems.ts'
import { majorityAnswers } from './majority.ts'

/** One figure of one task in one language. Values are in the metric's own unit: shares, or 0 … 10 for CIDEr. */
export interface TableRow {
  readonly task: string
  readonly language?: string
  readonly figure: string
  readonly metric: string
  readonly value: number
  /** The true figure is between them in 95 of 100 cases. */
  readonly low: number
  readonly high: number
  /** The figure of perfect answers. */
  readonly best: number
  readonly samples: number
  readonly aim?: number
  /** Column → figure of the same items. */
  readonly beside: Readonly<Record<string, number>>
}

export interface Table {
  readonly benchmark: string
  readonly title: string
  /** Fingerprint of the data. */
  readonly data: string
  /** As it was named. */
  readonly model: string
  readonly identity: Readonly<Record<string, string>>
  /** ISO 8601. */
  readonly date: string
  readonly samples: number
  /** Names of what stands beside, in order. */
  readonly columns: readonly string[]
  readonly rows: readonly TableRow[]
}

/** What one contestant said to the items. */
export interface AnswerSet {
  /** Heads its column. */
  readonly name: string
  /** By the item's id. */
  readonly predictions: ReadonlyMap<string, string>
}

export interface TableParts {
  readonly data: string
  readonly items: readonly BenchmarkItem[]
  readonly judged: AnswerSet & { readonly identity: Readonly<Record<string, string>> }
  readonly beside: readonly AnswerSet[]
  readonly earlier: readonly Table[]
}

/** The column of answers that need no model. */
export const majorityColumn = 'majority'

/** A table, and each item's scores by figure. */
export interface Judged {
  readonly table: Table
  readonly scores: ReadonlyMap<string, Readonly<Record<string, number>>>
}

/** Scores everything. Throws a MetricError or BenchmarkError for items that cannot be scored. */
export function makeTable(
  benchmark: Benchmark,
  { data, items, judged, beside, earlier }: TableParts,
  date = new Date(),
): Judged {
  const scores = new Map<string, Record<string, number>>(items.map(({ id }) => [id, {}]))
  const rows = groupItems(benchmark, items).flatMap(group => {
    const task = taskOf(benchmark, group[0] as BenchmarkItem)
    const { language } = group[0] as BenchmarkItem
    const majority = majorityAnswers(task, group)
    return task.figures(language).map(({ title, metric, aim }: Figure): TableRow => {
      const { value, low, high, samples, scores: each } = judge(metric, answersOf(group, judged))
      for (const [at, { id }] of group.entries()) scores.get(id)![title] = each[at] as number
      const figureOf = (set: AnswerSet) => [set.name, figureIn(metric, answersOf(group, set))] as const
      const row = { task: task.id, ...(language === undefined ? {} : { language }), figure: title }
      return {
        ...row,
        ...{ metric: metric.id, value, low, high, best: metric.best, samples },
        ...(aim === undefined ? {} : { aim }),
        beside: Object.fromEntries([
          ...(majority === undefined ? [] : [[majorityColumn, figureIn(metric, majority)] as const]),
          ...beside.map(figureOf),
          ...earlier.flatMap(table => {
            const found = table.rows.find(other => sameFigure(other, row))
            return found === undefined ? [] : [[table.model, found.value] as const]
          }),
        ]),
      }
    })
  })
  const columns = [majorityColumn, ...beside.map(({ name }) => name), ...earlier.map(({ model }) => model)]
  const { id, title } = benchmark
  const { name: model, identity } = judged
  const about = { benchmark: id, title, data, model, identity, date: date.toISOString(), samples: items.length }
  return { table: { ...about, columns, rows }, scores }
}

const figureIn = (metric: Figure['metric'], answers: readonly Answered[]) =>
  // The interval of a figure that only stands beside is not shown: one resample is as good as a thousand.
  judge(metric, answers, { resamples: 1 }).value

const answersOf = (items: readonly BenchmarkItem[], { predictions }: AnswerSet) =>
  items.map(item => ({ item, prediction: predictions.get(item.id) ?? '' }))

const sameFigure = (
  a: Pick<TableRow, 'task' | 'language' | 'figure'>,
  b: Pick<TableRow, 'task' | 'language' | 'figure'>,
) => a.task === b.task && a.language === b.language && a.figure === b.figure

/**
 * The table in a text that `table.json` holds. Throws a BenchmarkError for another text, and for figures of other data:
 * they say nothing beside these.
 */
export function parseTable(
  text: string,
  source: string,
  like: { readonly benchmark: string; readonly data: string },
): Table {
  let table: Partial<Table> | null
  try {
    table = JSON.parse(text) as Partial<Table> | null
  } catch (cause) {
    throw new BenchmarkError(`${source} is not JSON: name the table.json of an evaluation`, { cause })
  }
  if (typeof table?.model !== 'string' || !Array.isArray(table.rows)) {
    throw new BenchmarkError(`${source} holds no table: name the table.json of an evaluation`)
  }
  if (table.benchmark !== like.benchmark || table.data !== like.data) {
    const what = table.benchmark === like.benchmark ? `other data of ${like.benchmark}` : `${table.benchmark}`
    throw new BenchmarkError(`${source} has figures of ${what}: evaluate that model anew, on the same items`)
  }
  return table as Table
}
