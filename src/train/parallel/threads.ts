/** How many threads each of several processes should compute with. Knows cores, and nothing of engines. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import type { Processes } from './processes.ts'

export interface ThreadShare {
  /** For this process: its cores, divided by the processes that may use the same ones. At least 1. */
  readonly threads: number
  /**
   * Cores of this machine that the launcher had, and gave to none of its processes. Worth a word to the user: mpirun
   * gives each of two processes one core, however many there are, unless told otherwise (--bind-to none).
   */
  readonly idle: number
}

/**
 * Shares the cores of each machine among its processes, bound to cores of their own or not. Called by all at the same
 * point. Cores are those that the scheduler lets the process use (`sched_getaffinity`), whatever the machine has.
 */
export async function shareThreads(processes: Processes): Promise<ThreadShare> {
  const own = availableParallelism()
  const { rank, size } = processes
  if (size === 1) return { threads: own, idle: 0 }
  const facts = new Float64Array(3 * size)
  const allowed = allowedCores('self')
  facts.set([numberOf(hostname()), numberOf(allowed ?? ''), own], 3 * rank)
  await processes.allReduce(facts)

  /** Of this machine: set of cores → how many of them, how many processes. */
  const sets = new Map<number, { cores: number; processes: number }>()
  for (let process = 0; process < size; process++) {
    const [host, set, cores] = facts.subarray(3 * process, 3 * process + 3) as unknown as [number, number, number]
    if (host !== facts[3 * rank]) continue
    const known = sets.get(set) ?? { cores, processes: 0 }
    known.processes++
    sets.set(set, known)
  }
  const mine = sets.get(facts[3 * rank + 1]!)!
  const launchers = countCores(allowedCores(process.ppid))
  const given = [...sets.values()].reduce((sum, { cores }) => sum + cores, 0)
  return { threads: Math.max(1, Math.floor(own / mine.processes)), idle: Math.max(0, (launchers ?? given) - given) }
}

/** Linux: `0-3,8`, the cores that a process may use. Undefined elsewhere. */
function allowedCores(process: number | 'self'): string | undefined {
  try {
    return /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/** `0-3,8` → 5. */
function countCores(list: string | undefined): number | undefined {
  return list?.split(',').reduce((sum, range) => {
    const [first, last = first] = range.split('-').map(Number)
    return sum + (last! - first!) + 1
  }, 0)
}

/** The beginning of a hash, as a whole number that float64 holds. */
const numberOf = (text: string): number => createHash('sha256').update(text).digest().readUIntBE(0, 6)
