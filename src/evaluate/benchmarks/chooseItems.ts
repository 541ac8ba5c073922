/** Which items of a benchmark are asked. Knows no answers. */
import { type Benchmark, BenchmarkError, type BenchmarkItem, type OpenedBenchmark, taskOf } from './benchmark.ts'

export interface ItemChoice {
  /** Only these tasks, by their ids. */
  readonly tasks?: readonly string[]
  readonly language?: string
  /** At most so many items of each task and language: the first ones. */
  readonly limit?: number
}

/**
 * The items that are asked, in the benchmark's order. They hold texts and places of pictures, no pixels, so all of them
 * fit into memory. Throws a BenchmarkError for a task that there is not, or where nothing is left.
 */
export async function chooseItems(
  benchmark: Benchmark,
  opened: OpenedBenchmark,
  { tasks, language, limit = Number.POSITIVE_INFINITY }: ItemChoice,
): Promise<readonly BenchmarkItem[]> {
  const known = benchmark.tasks.map(({ id }) => id)
  const unknown = tasks?.find(task => !known.includes(task))
  if (unknown !== undefined) {
    throw new BenchmarkError(`${benchmark.id} has no task "${unknown}": choose of ${known.join(', ')}`)
  }
  const chosen: BenchmarkItem[] = []
  const counts = new Map<string, number>()
  const ids = new Set<string>()
  for await (const item of opened.items()) {
    if (ids.has(item.id)) throw new BenchmarkError(`two items are called ${item.id}: the data is there twice`)
    ids.add(item.id)
    taskOf(benchmark, item)
    if (tasks !== undefined && !tasks.includes(item.task)) continue
    if (language !== undefined && item.language !== language) continue
    const key = groupKey(item)
    const count = counts.get(key) ?? 0
    if (count >= limit) continue
    counts.set(key, count + 1)
    chosen.push(item)
  }
  if (chosen.length > 0) return chosen
  const asked = [...(tasks ?? []), ...(language === undefined ? [] : [language])].join(', ')
  throw new BenchmarkError(
    `${benchmark.id} has no items${asked === '' ? '' : ` of ${asked}`}: choose others, or other data`,
  )
}

/** Items of one task and one language make one row of the table. */
export const groupKey = ({ task, language }: Pick<BenchmarkItem, 'task' | 'language'>): string =>
  `${task} ${language ?? ''}`

/** Items by task and language: tasks in the order of the benchmark, languages in that of the alphabet. */
export function groupItems<Item extends Pick<BenchmarkItem, 'task' | 'language'>>(
  { tasks }: Pick<Benchmark, 'tasks'>,
  items: readonly Item[],
): readonly (readonly Item[])[] {
  const order = new Map(tasks.map(({ id }, at) => [id, at]))
  const place = ({ task }: Item) => order.get(task) ?? tasks.length
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(groupKey(item))
    if (group === undefined) groups.set(groupKey(item), [item])
    else group.push(item)
  }
  return [...groups.values()].sort(
    ([a], [b]) =>
      place(a as Item) - place(b as Item) ||
      ((a as Item).language ?? '').localeCompare((b as Item).language ?? '', 'en'),
  )
}
