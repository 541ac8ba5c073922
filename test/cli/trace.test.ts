/** Traces through the command line: against the reference numbers, and against each other. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/folder.ts'
import { tensorFromMemory } from '../../src/checkpoint/tensor.ts'
import { writeSafetensors } from '../../src/checkpoint/write.ts'
import { readTrace } from '../../src/cli/traceFile.ts'
import { root } from '../checkout.ts'
import { type Golden, type GoldenName, largestDifference, openGolden } from '../golden.ts'
import { writeScriptedModel } from '../tinyModel.ts'
import { run, testFolder } from './process.ts'

const folder = testFolder()
const qwenVL = (...args: string[]) => run(args, { folder })
const goldenFolder = (name: GoldenName) => join(root, 'test/fixtures/golden', name)

/** The options that trace a reference case: its tokens, and its pictures in their order. */
function caseOptions(name: GoldenName): string[] {
  const pictures = readdirSync(goldenFolder(name)).filter(file => file.endsWith('.png'))
  return [
    ...['--model', goldenFolder(name), '--prompt-ids', openGolden(name).tokens.join(',')],
    ...pictures.sort().flatMap(file => ['--image', join(goldenFolder(name), file)]),
  ]
}

/** What is compared: of the reference's tensors, those of one reading. */
const names = ({ manifest }: Golden) => manifest.tensors.map(({ name }) => name).filter(name => !name.startsWith('gen'))

/** Writes the reference numbers of a case as a trace, perhaps changed. */
async function writeReference(name: GoldenName, file: string, change?: (data: Float32Array, tensor: string) => void) {
  const golden = openGolden(name)
  const tensors = names(golden).map(each => {
    const { shape, data } = golden.tensor(each)
    change?.(data, each)
    return tensorFromMemory(each, 'float32', shape, data)
  })
  await writeSafetensors(join(folder, file), tensors)
}

beforeAll(async () => {
  await writeScriptedModel(join(folder, 'scripted'), 'Hi')
  mkdirSync(join(folder, 'empty'))
  await writeReference('A', 'reference.safetensors')
  copyFileSync(join(goldenFolder('A'), '0.png'), join(folder, 'street.png'))
  const { status } = await qwenVL('trace', ...caseOptions('A'), '--out', 'a.safetensors')
  expect(status).toBe(0)
})

describe.each<GoldenName>(['A', 'B', 'C', 'D'])('case %s', name => {
  test('every tensor equals the reference within 20 times its own rounding noise', async () => {
    const file = `${name}.safetensors`
    const { status, stdout, stderr } = await qwenVL('trace', ...caseOptions(name), '--out', file)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const golden = openGolden(name)
    expect(stdout).toContain(`tensors of ${golden.tokens[0]?.length} tokens: ${file}`)
    const ours = await readTrace(join(folder, file))
    for (const each of names(golden)) {
      const { data, shape, noise = 0 } = golden.tensor(each)
      expect(ours[each]?.shape, each).toEqual(shape)
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const allowed = Math.max(20 * noise, 1.2e-7 * largest)
      expect(largestDifference(ours[each]?.data as Float32Array, data), each).toBeLessThanOrEqual(allowed)
    }
  })
})

test('the file says what it is a trace of', async () => {
  await using file = await openCheckpoint(join(folder, 'a.safetensors'))
  expect(file.metadata).toMatchObject({ model: goldenFolder('A'), tokens: openGolden('A').tokens.join(',') })
})

test('--compare says that all tensors agree, and how far off the furthest is', async () => {
  const { status, stdout } = await qwenVL('trace', ...caseOptions('A'), '--compare', 'reference.safetensors')
  expect(stdout).toMatch(
    /^all 20 tensors agree to \d\.\de-\d+ \([\w.]+\); allowed is 0\.0001 of a tensor's largest value$/m,
  )
  expect(status).toBe(0)
})

test('--compare names the first place where two traces part, with both values: status 1', async () => {
  await writeReference('A', 'changed.safetensors', (data, tensor) => {
    if (['lm.layer.0', 'logits'].includes(tensor)) data[130] = 100
  })
  const { status, stderr } = await qwenVL('trace', '--from', 'a.safetensors', '--compare', 'changed.safetensors')
  expect(stderr).toMatch(
    /^qwen-vl: the traces part at lm\.layer\.0 \(tensor 17 .*\): furthest at \[0, 1, 2\], -?\d\S* here, 100 in changed\.safetensors, \d+(\.\d+)? apart; .*\n$/,
  )
  expect(status).toBe(1)
})

test('--json gives tokens, tensors and the comparison', async () => {
  const { status, stdout } = await qwenVL(
    ...['trace', ...caseOptions('A'), '--compare', 'changed.safetensors', '--json'],
  )
  const { tokens, tensors, comparison } = JSON.parse(stdout)
  expect(tokens).toEqual(openGolden('A').tokens[0])
  expect(tensors[0]).toEqual({ name: 'pixels', shape: [1, 3, 56, 56] })
  expect(comparison).toMatchObject({ agree: false, tolerance: 1e-4, first: { name: 'lm.layer.0', theirs: 100 } })
  expect(status).toBe(1)
})

test('a tolerance can be given; tensors that one of the two lacks are named, not compared', async () => {
  const near = ['trace', '--from', 'a.safetensors', '--compare', 'near.safetensors']
  await writeReference('A', 'near.safetensors', (data, tensor) => {
    if (tensor === 'vis.out') data[0] = (data[0] as number) * 1.001 + 0.001
  })
  expect((await qwenVL(...near)).stderr).toContain('part at vis.out')
  expect((await qwenVL(...near, '--tolerance', '0.1')).stdout).toContain('all 20 tensors agree')
  const golden = openGolden('A')
  const part = ['logits', 'vis.out'].map(name => golden.tensor(name))
  const tensors = part.map(({ name, shape, data }) => tensorFromMemory(name, 'float32', shape, data))
  await writeSafetensors(join(folder, 'part.safetensors'), tensors)
  const { stdout } = await qwenVL('trace', '--from', 'a.safetensors', '--compare', 'part.safetensors')
  expect(stdout).toMatch(/not compared, since part\.safetensors lacks them: pixels, .* and 12 more/)
  expect(stdout).toMatch(/all 2 tensors agree/)
})

test('--prompt reads special tokens, and pictures come before the text', async () => {
  const text = '<|im_start|>user\nHi<|im_end|>'
  const traced = ['trace', '--prompt', text, '--image', 'street.png', '--model', 'scripted']
  const { stdout } = await qwenVL(...traced, '--out', 'text.safetensors', '--json')
  const picture = [470, '1'.charCodeAt(0), ...Array<number>(15).fill(472), 471]
  expect(JSON.parse(stdout).tokens).toEqual([...picture, 257, ...Buffer.from('user\nHi'), 258])
})

test.each<[string, string[], RegExp]>([
  [
    'a token that is none',
    ['--prompt-ids', '1,480'],
    /token 480 \(number 2 of the prompt\) is none: the model has 0 to 479/,
  ],
  [
    'a picture without its place',
    ['--prompt-ids', '1,2', '--image', 'street.png'],
    /places for 0 pictures .* gives 1 picture/,
  ],
  [
    'a place without its picture',
    ['--prompt-ids', `470,${Array(16).fill(1)},471`],
    /places for 1 picture .* gives 0 pictures/,
  ],
  [
    'a place that is cut off',
    ['--prompt-ids', '1,470,5'],
    /begins with token number 2 needs 16 slots .* 1 tokens? follow/,
  ],
  ['a folder to compare with', ['--prompt-ids', '1', '--compare', 'empty'], /empty holds no checkpoint/],
  ['nothing to compare with', ['--prompt-ids', '1', '--compare', 'no.safetensors'], /there is no such file/],
])('%s: one line, status 1, no file', async (_, args, line) => {
  const { status, stdout, stderr } = await qwenVL('trace', '--model', 'scripted', '--out', 'never.safetensors', ...args)
  expect(stderr).toMatch(line)
  expect(stderr.match(/\n/g)).toHaveLength(1)
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(existsSync(join(folder, 'never.safetensors'))).toBe(false)
})

test('ids that are no numbers are wrong usage', async () => {
  const { status, stderr } = await qwenVL(
    ...['trace', '--model', 'scripted', '--prompt-ids', '1,two', '--out', 'never.safetensors'],
  )
  expect(stderr).toContain('"two" is none')
  expect(status).toBe(2)
})
