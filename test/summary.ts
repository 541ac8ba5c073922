/**
 * Closes a test run with what was skipped, and why, and with one line to read by eye or by program:
 * `12 passed, 0 failed, 3 skipped`.
 */
import type { Reporter, TestModule } from 'vitest/node'

type Module = Pick<TestModule, 'children' | 'errors'>

/**
 * The closing lines. A file or a suite that failed outside its tests (it did not load, or a hook threw) and an error
 * outside any test each count as one failure.
 */
export function summary(modules: readonly Module[], unhandledErrors: readonly unknown[] = []): string[] {
  let passed = 0
  let failed = unhandledErrors.length
  const skipped = new Map<string, number>() // reason → tests
  for (const module of modules) {
    failed += module.errors().length > 0 ? 1 : 0
    for (const suite of module.children.allSuites()) failed += suite.errors().length > 0 ? 1 : 0
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') passed++
      else if (result.state === 'failed') failed++
      else {
        const reason = ('note' in result ? result.note : undefined) ?? 'no reason given'
        skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
      }
    }
  }
  const skippedCount = [...skipped.values()].reduce((sum, count) => sum + count, 0)
  return [
    ...[...skipped].map(([reason, count]) => `skipped: ${reason} (${count} ${count === 1 ? 'test' : 'tests'})`),
    `${passed} passed, ${failed} failed${skippedCount > 0 ? `, ${skippedCount} skipped` : ''}`,
  ]
}

export class SummaryReporter implements Reporter {
  onTestRunEnd: NonNullable<Reporter['onTestRunEnd']> = (modules, unhandledErrors) => {
    process.stdout.write(`${summary(modules, unhandledErrors).join('\n')}\n`)
  }
}
