/** Losses of samples, added up by task and over all processes. */
import type { TaskLoss } from '../events.ts'
import type { SampleLoss } from '../objective/objective.ts'
import { exchange } from '../parallel/exchange.ts'
import type { Processes } from '../parallel/processes.ts'

export interface Tally {
  /** Mean over all supervised tokens; 0 where there are none. */
  readonly loss: number
  readonly tokens: number
  readonly tasks: Readonly<Record<string, TaskLoss>>
}

/** What all processes lost together. Every process calls it, and gets the same. */
export async function tally(losses: readonly SampleLoss[], processes: Processes): Promise<Tally> {
  const own = new Map<string, [sum: number, tokens: number]>()
  for (const { task, sum, tokens } of losses) add(own, task, sum, tokens)
  const all = new Map<string, [sum: number, tokens: number]>()
  for (const text of await exchange(processes, JSON.stringify([...own]))) {
    for (const [task, [sum, tokens]] of JSON.parse(text) as [string, [number | null, number]][])
      add(all, task, sum ?? Number.NaN, tokens)
  }
  let sum = 0
  let tokens = 0
  for (const part of all.values()) {
    sum += part[0]
    tokens += part[1]
  }
  const mean = (total: number, count: number) => (count === 0 ? 0 : total / count)
  const taught = [...all].filter(([, part]) => part[1] > 0)
  const tasks = taught.map(([task, part]) => [task, { loss: mean(...part), tokens: part[1] }])
  return { loss: mean(sum, tokens), tokens, tasks: Object.fromEntries(tasks) }
}

function add(totals: Map<string, [number, number]>, task: string, sum: number, tokens: number): void {
  const known = totals.get(task)
  if (known) {
    known[0] += sum
    known[1] += tokens
  } else totals.set(task, [sum, tokens])
}
