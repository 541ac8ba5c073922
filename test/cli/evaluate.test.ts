/** `qwen-vl evaluate` as a person and as a program see it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { everyTask, type MadeRow, writeItems } from '../evaluate/benchmarks/made.ts'
import { writeScriptedModel } from '../tinyModel.ts'
import { ended, run, start, testFolder, written } from './process.ts'

const folder = testFolder()
const qwenVL = (...args: string[]) => run(args, { folder })
const evaluate = (...args: string[]) => qwenVL('evaluate', 'nano-bench', '--threads', '1', '--data', 'items', ...args)

beforeAll(async () => {
  await writeItems(join(folder, 'items/scenes/a.tar'), everyTask)
  const many = Array.from({ length: 400 }, (_, i): MadeRow => ({ task: 'name', question: `${i}?`, answer: 'cat' }))
  await writeItems(join(folder, 'many/a.tar'), many)
  await writeScriptedModel(join(folder, 'car'), 'car')
  await writeScriptedModel(join(folder, 'red'), 'red')
})

test('it prints a table with aims and what the majority would say, and leaves a report', async () => {
  const { status, stdout, stderr } = await evaluate('--model', 'car', '--out', 'judged', '--tasks', 'name,follow-up')
  expect(status).toBe(0)
  expect(stderr).toMatch(/^car: 3 items\n(\d\/3.*\n)+$/)
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/^task +language +figure +value +95% +n +aim +majority$/),
    expect.stringMatching(/^name +en +exact +100\.0 +20\.7–100\.0 +1 +90 ✓ +100\.0$/),
    expect.stringMatching(/^name +zh +exact +0\.0 +0\.0–79\.3 +1 +90 ✗ +100\.0$/),
    expect.stringMatching(/^follow-up +en +exact +0\.0 +0\.0–79\.3 +1 +85 ✗ +100\.0$/),
    '',
    '1 of 3 aims reached',
    '',
    'judged/report.md',
    'judged/worst.html',
    '',
  ])
  expect(readdirSync(join(folder, 'judged')).sort()).toEqual(['report.md', 'results.jsonl', 'table.json', 'worst.html'])
})

test('a model without sight, another model, and an earlier table become columns', async () => {
  const options = ['--tasks', 'name', '--language', 'en', '--baselines']
  await evaluate('--model', 'red', '--out', 'earlier', ...options)
  const beside = ['--beside', 'red', '--beside', 'earlier']
  const { status, stdout } = await evaluate('--model', 'car', '--out', 'compared', ...options, ...beside)
  expect(status).toBe(0)
  expect(stdout).toMatch(/ majority +no picture +red +earlier\n/)
  expect(stdout).toMatch(/^name +en .* 100\.0 +100\.0 +0\.0 +0\.0$/m)
})

test('programs get one line for each event, the table last', async () => {
  const { status, stdout, stderr } = await evaluate('--model', 'car', '--limit', '1', '--batch', '4', '--json')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const events = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events[0]).toMatchObject({ type: 'start', name: 'car', answered: 0 })
  expect(events.at(-1)).toMatchObject({ type: 'end', table: { benchmark: 'nano-bench', model: 'car' } })
  expect(Object.keys(events.at(-1))).toEqual(['type', 'table'])
})

test('Ctrl-C ends it, and the same command goes on from the answers so far', async () => {
  const args = ['evaluate', 'nano-bench', '--model', 'car', '--data', 'many', '--batch', '1', '--out', 'cut', '--json']
  const child = start(args, { folder })
  child.stdin.end()
  const end = ended(child)
  await written(child, /"answered":3,/)
  child.kill('SIGINT')
  const { status, stderr } = await end
  expect(stderr).toBe('qwen-vl: cancelled: the answers so far are in cut, and the same command goes on from them\n')
  expect(status).toBe(130)
  expect(existsSync(join(folder, 'cut/table.json'))).toBe(false)
  const again = await qwenVL(...args.slice(0, -1))
  expect(again.status).toBe(0)
  const [, before] = /^car: 400 items, (\d+) answered before$/m.exec(again.stderr)!
  expect(Number(before)).toBeGreaterThanOrEqual(3)
  expect(readFileSync(join(folder, 'cut/results.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(401)
})

test.each<[string, string[], number, RegExp]>([
  ['an unknown benchmark', ['nonsense'], 2, /there is no benchmark "nonsense": there is nano-bench/],
  ['a task that there is not', ['nano-bench', '--tasks', 'names'], 1, /has no task "names": choose of name, colour/],
  ['a folder without items', ['nano-bench', '--data', 'none'], 1, /there is no folder none: --data names one/],
  ['a table that is none', ['nano-bench', '--beside', 'car/config.json'], 1, /config\.json holds no table/],
  ['a model that is not there', ['nano-bench', '--model', './gone'], 1, /there is no folder .*gone/],
])('%s ends with one line that says what to do', async (_, args, wanted, line) => {
  const { status, stdout, stderr } = await qwenVL('evaluate', '--data', 'items', '--model', 'car', ...args)
  expect(stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(stderr).toMatch(line)
  expect({ status, stdout }).toEqual({ status: wanted, stdout: '' })
})
