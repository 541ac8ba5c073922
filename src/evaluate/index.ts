/**
 * evaluate/: benchmarks and the metrics that they are scored by. `metrics/index.ts` gives the reading order of the
 * metrics.
 */
export * from './metrics/index.ts'
