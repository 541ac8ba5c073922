/** Several processes in one, for tests: each operation waits until all have called it. */
import { type Processes, singleProcess } from '../../../src/train/parallel/processes.ts'

type Values = Float32Array | Float64Array

/** As many views of one group of processes, to be used at the same time. */
export function togetherProcesses(size: number): Processes[] {
  let waiting: { readonly rank: number; readonly values: Values; done(): void }[] = []
  const meet = (rank: number, values: Values, combine: (all: readonly Values[]) => void) =>
    new Promise<void>(done => {
      waiting.push({ rank, values, done })
      if (waiting.length < size) return
      const met = waiting.sort((a, b) => a.rank - b.rank)
      waiting = []
      combine(met.map(({ values }) => values))
      for (const { done } of met) done()
    })
  return Array.from({ length: size }, (_, rank) => ({
    ...singleProcess,
    rank,
    size,
    allReduce: values =>
      meet(rank, values, all => {
        const total = all[0]?.map((_, i) => all.reduce((sum, { [i]: value }) => sum + (value as number), 0)) as Values
        for (const values of all) values.set(total)
      }),
    allGather: (values, borders) =>
      meet(rank, values, all => {
        for (const [from, values] of all.entries())
          for (const other of all) other.set(values.slice(borders[from], borders[from + 1]), borders[from] as number)
      }),
  }))
}
