/**
 * Batches whose rows end at about the same time: items of one task, of about the same length. A batch takes as long as
 * its longest row. Knows no model.
 */

import { PromptTooLongError } from '../../text/index.ts'
import type { Answerer } from './answerer.ts'
import { type Benchmark, type BenchmarkItem, taskOf } from './benchmark.ts'

export interface ItemBatch {
  readonly items: readonly BenchmarkItem[]
  readonly maxNewTokens: number
}

/** Batches that are looked at together, so that each task fills some. */
const windowBatches = 64

/**
 * All items in batches of at most `size`. Those that the answerer has no room for come out by `refuse`, with the reason,
 * before the batches of their part of the items.
 */
export function* itemBatches(
  benchmark: Pick<Benchmark, 'id' | 'tasks'>,
  items: readonly BenchmarkItem[],
  {
    answerer,
    size,
    refuse,
  }: {
    readonly answerer: Pick<Answerer, 'promptLength'>
    readonly size: number
    readonly refuse: (item: BenchmarkItem, reason: Error) => void
  },
): Generator<ItemBatch> {
  for (let from = 0; from < items.length; from += windowBatches * size) {
    const measured = items.slice(from, from + windowBatches * size).flatMap(item => {
      try {
        return [{ item, length: answerer.promptLength(item), maxNewTokens: taskOf(benchmark, item).maxNewTokens }]
      } catch (error) {
        if (!(error instanceof PromptTooLongError)) throw error
        refuse(item, error)
        return []
      }
    })
    const tasks = [...new Set(measured.map(({ item }) => item.task))]
    for (const task of tasks) {
      const same = measured.filter(({ item }) => item.task === task).sort((a, b) => a.length - b.length)
      for (let at = 0; at < same.length; at += size) {
        const part = same.slice(at, at + size)
        yield { items: part.map(({ item }) => item), maxNewTokens: part[0]!.maxNewTokens }
      }
    }
  }
}
