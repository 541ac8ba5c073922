/** The worst answers to each task: what to look at to see why a figure is what it is. Knows no pages. */
import { type Benchmark, type BenchmarkItem, taskOf } from './benchmark.ts'
import { groupItems } from './chooseItems.ts'

export interface WorstAnswer {
  readonly item: BenchmarkItem
  readonly prediction: string
  /** By the task's first figure. */
  readonly score: number
}

export interface WorstOfTask {
  readonly task: string
  readonly language: string | undefined
  /** The figure that the scores are of, and that of a perfect answer. */
  readonly figure: string
  readonly best: number
  /** The worst first; none where all are perfect. */
  readonly answers: readonly WorstAnswer[]
}

/** The `count` worst answers of each task and language that are not perfect; of equals, the first. */
export function worstAnswers(
  benchmark: Benchmark,
  items: readonly BenchmarkItem[],
  predictions: ReadonlyMap<string, string>,
  scores: ReadonlyMap<string, Readonly<Record<string, number>>>,
  count: number,
): readonly WorstOfTask[] {
  return groupItems(benchmark, items).map(group => {
    const [{ language, ...first }] = group as [BenchmarkItem]
    const task = taskOf(benchmark, first)
    const { title: figure, metric } = task.figures(language)[0]!
    const answers = group
      .map(item => ({ item, prediction: predictions.get(item.id) ?? '', score: scores.get(item.id)?.[figure] ?? 0 }))
      .filter(({ score }) => score < metric.best)
      .sort((a, b) => a.score - b.score)
      .slice(0, count)
    return { task: task.id, language, figure, best: metric.best, answers }
  })
}
