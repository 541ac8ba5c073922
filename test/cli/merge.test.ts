/** `qwen-vl merge` as a person and as a program see it. */
import { copyFileSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { root } from '../checkout.ts'
import { writeScriptedModel, writeTinyModel } from '../tinyModel.ts'
import { LAYERS, makeAdapter, writeInt4Model } from '../train/lora/made.ts'
import { ended, run, start, testFolder, written } from './process.ts'

const folder = testFolder()
const qwenVL = (...args: string[]) => run(args, { folder })

beforeAll(async () => {
  await writeTinyModel(join(folder, 'base'), { layers: LAYERS, dtype: 'bfloat16' })
  await writeScriptedModel(join(folder, 'scripted'), 'A cat')
  await makeAdapter(join(folder, 'adapter'))
  copyFileSync(join(root, 'test/fixtures/golden/B/0.png'), join(folder, 'street.png'))
})

test('it says how much changed, what survives, and how far the logits are apart', async () => {
  const { status, stdout, stderr } = await qwenVL('merge', 'adapter', '--into', 'base', '--out', 'merged')
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toEqual([
    '8 of 8 matrices changed: merged',
    expect.stringMatching(
      /^by [\d.]+% as a whole, most by [\d.]+% \(transformer\.h\.\d\..*\); one value by up to 0\.\d+ /,
    ),
    expect.stringMatching(/^\d\d\.\d% of the changed values are others as bfloat16$/),
    expect.stringMatching(
      /^logits of base with adapter and merged model: .* the same likeliest token at \d+ of \d+ positions$/,
    ),
  ])
})

test('the merged model answers', async () => {
  // The adapter changes what a layer sees of itself, and this model's layers add nothing.
  await makeAdapter(join(folder, 'harmless'), { targets: ['h.0.attn.c_attn', 'h.0.mlp.w1'] })
  await qwenVL('merge', 'harmless', '--into', 'scripted', '--out', 'answering')
  const { stdout, stderr } = await qwenVL('ask', 'street.png', 'What is this?', '--model', 'answering')
  expect(stdout + stderr).toBe('A cat\n')
})

test('an int4 base stays one, and the error of rounding is told', async () => {
  await writeInt4Model(join(folder, 'int4'))
  await makeAdapter(join(folder, 'strong'), { size: 1 })
  const { status, stdout } = await qwenVL('merge', 'strong', '--into', 'int4', '--out', 'int4 merged')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^quantised again with an error of [\d.]+%, at worst [\d.]+% \(transformer\./m)
})

test('programs get one line for each event, the report last', async () => {
  const args = ['--into', 'base', '--out', 'for programs', '--dtype', 'float32', '--no-compare', '--json']
  const { status, stdout, stderr } = await qwenVL('merge', 'adapter', ...args)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const events = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events[0]).toMatchObject({ type: 'plan', matrices: 8 })
  expect(events.filter(({ type }) => type === 'matrix')).toHaveLength(8)
  expect(events.at(-1)).toMatchObject({ type: 'done', report: { stored: 'float32', changed: 8, out: 'for programs' } })
  expect(events.at(-1).report).not.toHaveProperty('logits')
})

test('what is not as it seems is said on standard error', async () => {
  await makeAdapter(join(folder, 'untrained'), { size: 0 })
  const { status, stdout, stderr } = await qwenVL(
    'merge',
    'untrained',
    '--into',
    'base',
    '--out',
    'unchanged',
    '--no-compare',
  )
  expect(status).toBe(0)
  expect(stdout).toBe('0 of 8 matrices changed: unchanged\n')
  expect(stderr).toMatch(/^the adapter changes nothing: B is zero/)
})

test.each<[string, string[], number, RegExp]>([
  ['no base', ['adapter', '--out', 'x'], 2, /required option '--into <model>' not specified/],
  ['no folder to write', ['adapter', '--into', 'base'], 2, /required option '--out <folder>' not specified/],
  [
    'a type that is none',
    ['adapter', '--into', 'base', '--out', 'x', '--dtype', 'int3'],
    2,
    /Allowed choices are float32/,
  ],
  ['no adapter', ['base', '--into', 'base', '--out', 'x'], 1, /base is no adapter: it has no adapter_config\.json/],
  ['no model', ['adapter', '--into', 'nothing', '--out', 'x'], 1, /there is no folder nothing/],
  [
    'a folder that holds something',
    ['adapter', '--into', 'base', '--out', 'scripted'],
    1,
    /scripted is not empty.*--force/,
  ],
  [
    'an adapter of a larger model',
    ['adapter', '--into', 'scripted', '--out', 'x'],
    1,
    /no linear layer transformer\.h\.1/,
  ],
])('%s ends with one line that says what to do', async (_, args, wanted, line) => {
  const { status, stdout, stderr } = await qwenVL('merge', ...args)
  expect(stderr).toMatch(/^qwen-vl: [^\n]+\n$/)
  expect(stderr).toMatch(line)
  expect({ status, stdout }).toEqual({ status: wanted, stdout: '' })
  expect(existsSync(join(folder, 'x'))).toBe(false)
})

test('Ctrl-C cancels: status 130, one line, and nothing is left behind', async () => {
  const before = readdirSync(folder)
  const child = start(['merge', 'adapter', '--into', 'base', '--out', 'cancelled', '--json'], { folder })
  child.stdin.end()
  const end = ended(child)
  await written(child, /"type":"plan"/)
  child.kill('SIGINT')
  const { status, stderr } = await end
  expect(stderr).toBe('qwen-vl: cancelled: nothing was written\n')
  expect(status).toBe(130)
  expect(readdirSync(folder)).toEqual(before)
})
