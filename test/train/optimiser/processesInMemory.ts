/** Several processes in one: each rank waits for all others at every operation, as over MPI. For tests. */
import type { Processes } from '../../../src/train/parallel/processes.ts'

type Values = Float32Array | Float64Array | Uint8Array

/** The processes of a run of `size`. */
export function processesInMemory(size: number): Processes[] {
  const calls: { operation: string; values: Values }[][] = []
  const counts = Array<number>(size).fill(0)
  const waiting: (() => void)[][] = []

  /** Settles when all have come; the last one to come does the work for all. */
  const meet = (rank: number, operation: string, values: Values, work: (all: Values[]) => void): Promise<void> => {
    const turn = counts[rank]!++
    calls[turn] ??= []
    waiting[turn] ??= []
    calls[turn][rank] = { operation, values }
    if (waiting[turn].length < size - 1) return new Promise(resolve => waiting[turn]!.push(resolve))
    const all = calls[turn]
    if (all.some(call => call.operation !== operation || call.values.length !== values.length))
      throw new Error(`turn ${turn}: ${all.map(call => `${call.operation} of ${call.values.length}`).join(', ')}`)
    work(all.map(call => call.values))
    for (const resolve of waiting[turn]) resolve()
    return Promise.resolve()
  }

  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    allReduce: (values, operation = 'sum') =>
      meet(rank, `allReduce ${operation}`, values, all => {
        for (let i = 0; i < values.length; i++) {
          const numbers = all.map(each => each[i]!)
          const result = operation === 'max' ? Math.max(...numbers) : numbers.reduce((sum, number) => sum + number, 0)
          for (const each of all) each[i] = result
        }
      }),
    broadcast: (values, root) =>
      meet(rank, `broadcast ${root}`, values, all => {
        for (const each of all) each.set(all[root]!)
      }),
    allGather: (values, borders) =>
      meet(rank, `allGather ${borders.join(' ')}`, values, all => {
        for (const each of all) {
          for (let r = 0; r < size; r++) each.set(all[r]!.slice(borders[r], borders[r + 1]), borders[r])
        }
      }),
    barrier: () => meet(rank, 'barrier', new Uint8Array(), () => {}),
    abort: () => {},
    dispose: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }))
}
