/** `qwen-vl corpus` as people call it: what is said when something is wrong, and what programs get. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { picture, writeRows } from '../corpus/files.ts'
import { run, testFolder } from './process.ts'

const folder = testFolder()
const corpus = (...args: string[]) => run(['corpus', ...args], { folder })
const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

beforeAll(async () => {
  const rows = Array.from({ length: 12 }, (_, i) => ({ image: `${i % 3}.png`, caption: `Picture ${i}.` }))
  for (let i = 0; i < 3; i++) writeFileSync(join(folder, `${i}.png`), await picture(10, 10, 50 * i))
  writeRows(join(folder, 'pairs.jsonl'), rows)
  write('mix.yaml', 'data:\n  - pairs: pairs.jsonl\n')
})

test('a wrong recipe is told line by line, and nothing is made', async () => {
  write('wrong.yaml', 'seed: 1\ncount: 0\nlanguges: { en: 1 }\n')
  const { status, stderr } = await corpus('make', 'scenes', 'wrong.yaml', '--out', 'made')
  expect(stderr.split('\n').slice(0, -1)).toEqual([
    'qwen-vl: wrong.yaml:2:8: count is 0: it has to be a whole number of at least 1',
    'wrong.yaml:3:1: languges is no key of a recipe; did you mean languages?',
  ])
  expect(status).toBe(1)
  expect(existsSync(join(folder, 'made'))).toBe(false)
})

test.each<[string, string[], RegExp]>([
  ['an unknown kind', ['make', 'films', 'a.yaml', '--out', 'made'], /Allowed choices are scenes, text, documents/],
  ['no folder', ['make', 'scenes', 'a.yaml'], /required option '--out <folder>' not specified/],
  ['a page of another kind', ['show', 'pairs.jsonl', '--out', 'page.pdf'], /must end in \.html or \.htm/],
  ['no samples', ['show', 'pairs.jsonl', '-n', '0', '--out', 'page.html'], /whole number from 1 on/],
])('%s is wrong usage: status 2 and one line', async (_, args, line) => {
  const { status, stdout, stderr } = await corpus(...args)
  expect(stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(stderr).toMatch(line)
  expect(stdout).toBe('')
  expect(status).toBe(2)
})

test.each<[string, string[], RegExp]>([
  ['a recipe that is not there', ['make', 'text', 'none.yaml', '--out', 'made'], /none\.yaml: there is no such file/],
  ['data that is not there', ['stats', 'nothing'], /there is no file .*nothing/],
  ['a task that nothing has', ['show', 'pairs.jsonl', '--task', 'ocr', '--out', 'a.html'], /no samples of ocr/],
])('%s is a failure that is explained: status 1 and one line', async (_, args, line) => {
  const { status, stderr } = await corpus(...args)
  expect(stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(stderr).toMatch(line)
  expect(status).toBe(1)
  expect(readdirSync(folder).filter(name => /part|html/.test(name))).toEqual([])
})

test('programs get every event as a line of JSON, the report last', async () => {
  const { status, stdout } = await corpus('mix', 'mix.yaml', '--out', 'mixed', '--json')
  expect(status).toBe(0)
  const events = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events.map(({ type }) => type)).toEqual(['plan', 'shard', 'done'])
  expect(events.at(-1).report).toMatchObject({ train: 12, heldOut: 0, tasks: [{ task: 'caption', train: 12 }] })
})

test('people get a table', async () => {
  const { status, stdout } = await corpus('stats', 'mixed')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^ {2}caption raw +12 +\d+$/m)
  expect(stdout).toMatch(/^width: 10 to 10/m)
})
