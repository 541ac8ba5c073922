/** The benchmarks that there are. One more is one file and one line here. */
import type { Benchmark } from './benchmark.ts'
import { nanoBench } from './nano/nanoBench.ts'

/** In the order of the documentation. */
export const benchmarks: readonly Benchmark[] = [nanoBench]
