/**
 * How many steps a number of passes over the data makes: the schedule has to know before the data has been read. Small
 * data is counted by planning all of it; of large data the beginning is planned, and the rest taken to be like it.
 */
import type { OpenedSource } from '../../corpus/sources/openSources.ts'

/** What plans steps without opening pictures: `StepPlanner`. */
export interface Planner {
  next(): Promise<object | undefined>
  /** Entries used so far. */
  readonly entries: number
}

/** Milliseconds that planning may take before the first step. */
const PATIENCE = 5_000

/** Shards whose entries are counted; of more, the others are taken to be like them. */
const COUNTED_SHARDS = 8

export interface StepCount {
  readonly steps: number
  /** Whether all of the data was planned. */
  readonly exact: boolean
}

/** `planner` begins at the first entry and ends after `epochs` passes. Throws what planning throws. */
export async function countSteps(
  planner: Planner,
  sources: readonly OpenedSource[],
  epochs: number,
  patience = PATIENCE,
): Promise<StepCount> {
  const deadline = performance.now() + patience
  let steps = 0
  while (await planner.next()) {
    steps++
    if (performance.now() > deadline && planner.entries > 0) {
      const all = epochs * (await countEntries(sources))
      return { steps: Math.max(steps, Math.round((steps * all) / planner.entries)), exact: false }
    }
  }
  return { steps: Math.max(1, steps), exact: true }
}

/** About how many entries there are: of many shards, some are counted. */
export async function countEntries(sources: readonly OpenedSource[]): Promise<number> {
  let total = 0
  for (const { source } of sources) {
    const counted = Math.min(source.shards, COUNTED_SHARDS)
    let entries = 0
    for (let shard = 0; shard < counted; shard++) {
      const opened = await source.open(shard)
      entries += opened.length
      await opened.close()
    }
    total += (entries * source.shards) / counted
  }
  return total
}
