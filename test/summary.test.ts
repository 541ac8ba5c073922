/**
 * What a program that starts the tests relies on: the closing line and the exit status.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './checkout.ts'

/** Runs test files in a folder of their own, under this project's configuration. */
function run(files: Record<string, string>): { status: number | null; lines: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'qwen-vl-summary-'))
  try {
    mkdirSync(join(folder, 'test'))
    for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, 'test', name), source)
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const options = ['run', '--globals', '--root', folder, '--config', join(root, 'vitest.config.ts')]
    const { status, stdout } = spawnSync(process.execPath, [vitest, ...options], { encoding: 'utf8' })
    return { status, lines: stdout.trimEnd().split('\n') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a run that passes ends with its counts and status 0', () => {
  const { status, lines } = run({ 'a.test.ts': `test('one', () => {}); test('two', () => {})` })
  expect(lines.at(-1)).toBe('2 passed, 0 failed')
  expect(status).toBe(0)
})

test('skipped tests are counted, with their reasons', () => {
  const { status, lines } = run({
    'a.test.ts': `test('one', () => {}); for (const name of ['two', 'three']) test(name, t => t.skip('needs a moon'))`,
  })
  expect(lines.slice(-2)).toEqual(['skipped: needs a moon (2 tests)', '1 passed, 0 failed, 2 skipped'])
  expect(status).toBe(0)
})

test('failures of a test, a hook, a file, and outside of tests are all counted, and the status says so', () => {
  const { status, lines } = run({
    'test.test.ts': `test('passes', () => {}); test('fails', () => expect(1).toBe(2))`,
    'hook.test.ts': `describe('suite', () => { beforeAll(() => { throw new Error('hook') }); test('never', () => {}) })`,
    'file.test.ts': `throw new Error('does not load')`,
    'outside.test.ts': `test('passes', () => { Promise.reject(new Error('outside')) })`,
  })
  expect(lines.at(-1)).toBe('2 passed, 4 failed, 1 skipped')
  expect(status).toBe(1)
})
