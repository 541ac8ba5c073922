/**
 * evaluate/: benchmarks and the metrics that they are scored by. `benchmarks/index.ts` and `metrics/index.ts` give the
 * reading orders.
 */
export * from './benchmarks/index.ts'
export * from './metrics/index.ts'
