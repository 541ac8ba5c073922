/** The example and the benchmark, run as a person runs them. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { read, root } from './checkout.ts'

const run = (...args: string[]) => promisify(execFile)('npx', ['tsx', ...args], { cwd: root, encoding: 'utf8' })

const failure = (...args: string[]) =>
  run(...args).then(
    () => expect.fail('it succeeded'),
    (error: { code: number; stderr: string }) => error,
  )

test('the training example learns: its loss falls, and it answers what it is asked', async () => {
  const { stdout } = await run('examples/train-a-transformer.ts', '--steps', '200', '--profile')
  const losses = [...stdout.matchAll(/loss (\d+\.\d+)/g)].map(([, loss]) => Number(loss))
  expect(losses.at(-1)).toBeLessThan(1.3) // guessing among 13 characters costs 2.6
  expect(stdout).toMatch(/\d+\+\d+=\d+/)
  expect(stdout).toMatch(/\d+ of 1000 sums that it never saw are right/)
  expect(stdout).toMatch(/FusedMatMul +cpu +\d+/)
})

test('a flag of the example that makes no sense is refused with status 2', async () => {
  const { code, stderr } = await failure('examples/train-a-transformer.ts', '--steps', 'many')
  expect(code).toBe(2)
  expect(stderr).toContain('--steps must be a whole number above 0, not "many"')
})

test('the engine benchmark prints one JSON object, and its README explains every key', async () => {
  const { stdout } = await run('benchmarks/run.ts', 'engine', '--json', '--rounds', '1', '--runs', '1')
  const page = read('benchmarks/README.md')
  const explained = (path: string) =>
    page.includes(`\`${path}\``) ||
    page.includes(`\`${path.split('.').at(-1)}\``) ||
    page.includes(`.${path.split('.').at(-1)}\``)
  const result = JSON.parse(stdout)
  expect(result.products.length).toBeGreaterThan(5)
  expect(keysOf(result).filter(path => !explained(path))).toEqual([])
}, 180_000)

test('a benchmark that does not exist is refused with the list of those that do', async () => {
  const { code, stderr } = await failure('benchmarks/run.ts', 'nonsense')
  expect(code).toBe(2)
  expect(stderr).toContain('there is no benchmark "nonsense"')
  expect(stderr).toMatch(/^ {2}engine /m)
})

/** Paths of the values of an object, `machine.cores`; the elements of a list count as one. */
function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return keysOf(value[0], path)
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, inner]) => keysOf(inner, path === '' ? key : `${path}.${key}`))
}
