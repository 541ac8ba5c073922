import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './test/summary.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', new SummaryReporter()],
    // Engine sessions use every core: two test files at once already fill the two cores we promise to fit in.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What a page shows is waited for as long as a busy machine may need.
    expect: { poll: { timeout: 15_000 } },
  },
})
