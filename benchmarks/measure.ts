/**
 * How this project times things: many runs, their median and spread, and contestants in turn, so that a machine that
 * slows down slows all of them down.
 */
import { setTimeout } from 'node:timers/promises'

export interface Timing {
  /** Milliseconds. */
  readonly median: number
  readonly fastest: number
  readonly slowest: number
  readonly runs: number
}

export function summarise(milliseconds: readonly number[]): Timing {
  const sorted = [...milliseconds].sort((a, b) => a - b)
  return {
    median: medianOf(sorted),
    fastest: sorted[0] as number,
    slowest: sorted.at(-1) as number,
    runs: sorted.length,
  }
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** Times `run` for `rounds` runs, after `warmUp` that do not count. */
export async function time(run: () => Promise<unknown>, rounds: number, warmUp = 2): Promise<number[]> {
  const milliseconds: number[] = []
  for (let i = -warmUp; i < rounds; i++) {
    const start = performance.now()
    await run()
    if (i >= 0) milliseconds.push(performance.now() - start)
  }
  return milliseconds
}

/** Threads of one contestant still spin when it is done, in wait for more; the next one shall have the cores. ms */
const REST = 200

/** One contestant: takes some runs and tells the milliseconds of each. */
export type Contestant = (runs: number) => Promise<number[]>

/**
 * Lets contestants take turns, `rounds` times, `runs` runs each time. A round's figure is the median of its runs; the
 * first round warms up and does not count. Gives the figures of each contestant, round by round.
 */
export async function inTurn<Name extends string>(
  contestants: Readonly<Record<Name, Contestant>>,
  rounds: number,
  runs: number,
  onRound: (round: number) => void = () => {},
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contestants) as Name[]
  const figures = Object.fromEntries(names.map(name => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      await setTimeout(REST)
      const median = medianOf(await contestants[name](runs))
      if (round > 0) figures[name].push(median)
    }
    onRound(round)
  }
  return figures
}

/** Median of the ratios a/b, round by round: what noise both share drops out. */
export const medianRatio = (a: readonly number[], b: readonly number[]): number =>
  medianOf(a.map((value, round) => value / (b[round] as number)))
