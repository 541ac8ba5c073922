/** `qwen-vl quantize` as a person and as a program see it. */
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { root } from '../checkout.ts'
import { writeScriptedModel, writeTinyModel } from '../tinyModel.ts'
import { ended, run, start, testFolder, written } from './process.ts'

const folder = testFolder()
const qwenVL = (...args: string[]) => run(args, { folder })
const quantize = (...args: string[]) => qwenVL('quantize', ...args, '--threads', '1')

beforeAll(async () => {
  await writeTinyModel(join(folder, 'floats'), { layers: 2, dtype: 'bfloat16' })
  await writeScriptedModel(join(folder, 'scripted'), 'A cat')
  copyFileSync(join(root, 'examples/training/cat.jpg'), join(folder, 'cat.jpg'))
  const rows = Array.from({ length: 24 }, (_, i) => JSON.stringify({ image: 'cat.jpg', caption: `Cat number ${i}.` }))
  writeFileSync(join(folder, 'train.jsonl'), rows.join('\n'))
})

test('it says what it was calibrated with, and the scores before and after', async () => {
  const { status, stdout, stderr } = await quantize('floats', '--out', 'int4', '--calibration', 'train.jsonl')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^10 layers as int4 in groups of 32, [\d.]+ kB to [\d.]+ kB: int4$/),
    expect.stringMatching(
      /^calibrated with 19 samples and their 19 pictures: outputs .* by [\d.]+%, where .* [\d.]+%$/,
    ),
    expect.stringMatching(/^on 5 samples that were held back, \d+ tokens:$/),
    expect.stringMatching(/^ {2}before {18}loss [\d.]+ {2}perplexity [\d.]+ {2}same likeliest token 100%$/),
    expect.stringMatching(/^ {2}rounded to the nearest {2}loss /),
    expect.stringMatching(/^ {2}calibrated \(written\) {4}loss /),
  ])
  expect(readFileSync(join(folder, 'int4/README.md'), 'utf8')).toMatch(
    /\*\*int4 by GPTQ\*\* \(this model\) \| [\d.]+ \|/,
  )
})

test('without data it says that it rounded, and the model answers as before', async () => {
  const { status, stdout } = await quantize('scripted', '--out', 'rounded')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^every weight was rounded to the nearest, without data.* With --calibration more/m)
  const answer = await qwenVL('ask', 'cat.jpg', 'What is this?', '--model', 'rounded')
  expect(answer.stdout + answer.stderr).toBe('A cat\n')
})

test('programs get one line for each event, the report last', async () => {
  const data = ['--calibration', 'train.jsonl', '--samples', '4', '--evaluate', 'train.jsonl']
  const settings = ['--group', '16', '--activation-order', '--seed', '3', '--json']
  const { status, stdout, stderr } = await quantize('floats', '--out', 'ordered', ...data, ...settings)
  expect(status).toBe(0)
  expect(stderr).toBe('')
  const events = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events.find(({ type }) => type === 'plan')).toMatchObject({ calibration: { samples: 4 }, layers: 10 })
  expect(events.filter(({ type }) => type === 'layer')).toHaveLength(10)
  const report = { group: 16, activationOrder: true, seed: 3, evaluation: { heldBack: false, samples: 24 } }
  expect(events.at(-1)).toMatchObject({ type: 'done', report })
})

test.each<[string, string[], number, RegExp]>([
  ['no folder to write', ['floats'], 2, /required option '--out <folder>' not specified/],
  ['a group that is none', ['floats', '--out', 'x', '--group', '24'], 1, /block size 24 is not a power of two from 16/],
  ['no model', ['nothing', '--out', 'x'], 1, /there is no folder nothing/],
  ['no data', ['floats', '--out', 'x', '--calibration', 'none.jsonl'], 1, /there is no file .*none\.jsonl/],
  ['a folder that holds something', ['floats', '--out', 'scripted'], 1, /scripted is not empty.*--force/],
  ['a model of integers', ['rounded', '--out', 'x'], 1, /rounded has 5 layers as int4 already/],
])('%s ends with one line that says what to do', async (_, args, wanted, line) => {
  const { status, stdout, stderr } = await quantize(...args)
  expect(stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(stderr).toMatch(line)
  expect({ status, stdout }).toEqual({ status: wanted, stdout: '' })
  expect(existsSync(join(folder, 'x'))).toBe(false)
})

test('Ctrl-C cancels: status 130, one line, and nothing is left behind', async () => {
  const before = readdirSync(folder)
  const args = ['quantize', 'floats', '--out', 'cancelled', '--calibration', 'train.jsonl', '--json']
  const child = start(args, { folder })
  child.stdin.end()
  const end = ended(child)
  await written(child, /"type":"plan"/)
  child.kill('SIGINT')
  const { status, stderr } = await end
  expect(stderr).toBe('qwen-vl: cancelled: nothing was written\n')
  expect(status).toBe(130)
  expect(readdirSync(folder)).toEqual(before)
})
