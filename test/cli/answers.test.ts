/** Captions, questions, places and texts through the command line, as a person and as a program get them. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { root } from '../checkout.ts'
import {
  tinyTensors,
  writeBabblingModel,
  writeScriptedModel,
  writeTinyCompanions,
  writeTinyModel,
} from '../tinyModel.ts'
import { writeTorchShards } from '../torchFile.ts'
import { ended, run, start, testFolder, written } from './process.ts'

const folder = testFolder()
const script = 'A <ref>cat</ref><box>12,34;56:789</box>'

beforeAll(async () => {
  copyFileSync(join(root, 'test/fixtures/golden/B/0.png'), join(folder, 'street.png')) // 37×101
  await writeScriptedModel(join(folder, 'scripted'), script)
})

const qwenVL = (...args: string[]) => run(args, { folder })

/** What the scripted model answers about street.png, in its pixels. */
const answer = {
  text: 'A cat',
  raw: script,
  boxes: [{ label: 'cat', box: { left: 0, top: 3, right: 2, bottom: 79 }, raw: [12, 34, 56, 789] }],
  quads: [],
  finishReason: 'stop',
  model: 'scripted',
}

describe('a tiny checkpoint with all 853 tensors', () => {
  const formats = ['one', 'shards', 'torch']

  beforeAll(async () => {
    await writeTinyModel(join(folder, 'one'))
    await writeTinyModel(join(folder, 'shards'), { maxFileBytes: 5e6 })
    await writeTinyCompanions(join(folder, 'torch'))
    await writeTorchShards(join(folder, 'torch'), tinyTensors(), 3)
  })

  test('lies there as one file, as shards of safetensors, and as shards of PyTorch', () => {
    const weights = (model: string) => readdirSync(join(folder, model)).filter(name => /safetensors|bin/.test(name))
    expect(weights('one')).toEqual(['model.safetensors'])
    expect(weights('shards')).toHaveLength(4)
    expect(weights('torch')).toHaveLength(4)
    expect(tinyTensors()).toHaveLength(853)
  })

  test('loads and answers the same from each of them', async () => {
    const answers = await Promise.all(
      formats.map(async model => {
        const { status, stdout, stderr } = await qwenVL(
          ...['ask', 'street.png', 'What is this?', '--greedy', '--json', '--model', model],
        )
        expect(stderr).toBe('')
        expect(status).toBe(0)
        const { seconds, model: name, ...rest } = JSON.parse(stdout)
        expect(name).toBe(model)
        expect(seconds).toBeGreaterThan(0)
        return rest
      }),
    )
    expect(answers[0]).toMatchObject({ usage: { imageTokens: 18, completionTokens: 24 }, finishReason: 'length' })
    expect(answers[0].raw).not.toBe('')
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })

  test('is inspected: all its parts, and what it takes to run it', async () => {
    const { status, stdout } = await qwenVL('inspect', 'torch', '--json', '--tensors')
    expect(status).toBe(0)
    const { total, parts, types, config, running, tensors, format } = JSON.parse(stdout)
    const names = ['language model', 'vision tower', 'adapter', 'vision output']
    expect(parts.map(({ name }: { name: string }) => name)).toEqual(names)
    expect(total.tensors).toBe(853)
    expect(tensors).toHaveLength(853)
    expect(types).toMatchObject([{ dtype: 'float32', bytes: 4 * total.parameters }])
    expect(config).toMatchObject({ layers: 32, hidden: 128, vision: { layers: 48, tokensPerImage: 16 } })
    expect(running).toMatchObject({ runs: true, weightBytes: 4 * total.parameters, windowTokens: 1024 })
    expect(format).toBe('pytorch')
  })
})

test('ask prints the answer, then its boxes in pixels of the picture', async () => {
  const { status, stdout, stderr } = await qwenVL('ask', 'street.png', 'Where?', '--model', 'scripted')
  expect(stdout).toBe('A cat\ncat: 0,3 – 2,79\n')
  expect(stderr).toBe('')
  expect(status).toBe(0)
})

test('a model can be named by its file of tensors', async () => {
  const { stdout } = await qwenVL('ask', 'street.png', 'Where?', '--model', 'scripted/model.safetensors')
  expect(stdout).toBe('A cat\ncat: 0,3 – 2,79\n')
})

test('ask takes several pictures; boxes are in the last one', async () => {
  copyFileSync(join(root, 'test/fixtures/golden/B/1.png'), join(folder, 'second.png'))
  const asked = ['ask', 'second.png', 'street.png', 'What has changed?', '--system', 'Be brief.']
  const { stdout } = await qwenVL(...asked, '--json', '--model', 'scripted')
  expect(JSON.parse(stdout)).toMatchObject({ ...answer, usage: { imageTokens: 36 } })
})

test('locate prints one JSON object for programs, and draws', async () => {
  const { status, stdout } = await qwenVL(
    ...['locate', 'street.png', 'the cat', '--draw', 'out.png', '--json', '--model', 'scripted'],
  )
  expect(status).toBe(0)
  expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  expect(JSON.parse(stdout)).toMatchObject({ ...answer, drawn: 'out.png' })
  expect(readFileSync(join(folder, 'out.png')).subarray(1, 4).toString()).toBe('PNG')
})

test('caption asks for a language and for boxes', async () => {
  const usage = async (...options: string[]) => {
    const { stdout } = await qwenVL('caption', 'street.png', ...options, '--json', '--model', 'scripted')
    return JSON.parse(stdout).usage.promptTokens as number
  }
  const [english, chinese, grounded] = await Promise.all([
    usage(),
    usage('--language', 'zh'),
    usage('--language', 'zh', '--grounded'),
  ])
  // One byte is one token here.
  expect(chinese - english).toBe('Chinese'.length - 'English'.length)
  expect(grounded - chinese).toBe(' with grounding'.length)
})

test('read draws an overlay, and names the file', async () => {
  const { stdout } = await qwenVL('read', 'street.png', '--draw', 'places.svg', '--model', 'scripted')
  expect(stdout).toBe('A cat\ncat: 0,3 – 2,79\ndrawn: places.svg\n')
  expect(readFileSync(join(folder, 'places.svg'), 'utf8')).toMatch(/^<svg/)
})

test('generation options reach the model: where it stops, how much it writes', async () => {
  const ask = ['ask', 'street.png', 'What?', '--model', 'scripted']
  const [stopped, cut] = await Promise.all([qwenVL(...ask, '--stop', 'cat'), qwenVL(...ask, '--max-new-tokens', '3')])
  expect(stopped.stdout).toBe('A \n')
  expect(cut.stdout).toBe('A \n')
  expect(cut.stderr).toBe('(the answer was cut off after 3 tokens: --max-new-tokens allows more)\n')
  expect(existsSync(join(folder, 'huggingface'))).toBe(false)
})

test('a model is found by the name under which it was pulled', async () => {
  const cached = join(folder, 'cache/models--owner--name')
  const snapshot = join(cached, 'snapshots/0123456789abcdef0123456789abcdef01234567')
  mkdirSync(join(cached, 'refs'), { recursive: true })
  await writeScriptedModel(snapshot, 'Hi')
  const { writeFile } = await import('node:fs/promises')
  await writeFile(join(cached, 'refs/main'), '0123456789abcdef0123456789abcdef01234567')
  const { stdout } = await qwenVL('ask', 'street.png', 'What?', '--model', 'owner/name', '--cache', 'cache')
  expect(stdout).toBe('Hi\n')
})

test('a reader that has had enough is no failure', async () => {
  const child = start(['inspect', 'scripted', '--tensors'], { folder })
  child.stdout.destroy()
  const { status, stderr } = await ended(child)
  expect(stderr).toBe('')
  expect(status).toBe(0)
})

test('Ctrl-C cancels: status 130, one line, and nothing is left behind', async () => {
  await writeBabblingModel(join(folder, 'babbling'))
  const before = readdirSync(folder)
  const endless = ['--temperature', '1', '--max-new-tokens', '900', '--draw', 'never.png', '--model', 'babbling']
  const child = start(['ask', 'street.png', 'go on', ...endless], { folder })
  child.stdin.end()
  const end = ended(child)
  await written(child, /[a-z]{3}/)
  child.kill('SIGINT')
  const { status, stdout, stderr } = await end
  expect(stdout).toMatch(/^[a-z]+\n$/) // it was shown as it was written
  expect(stderr).toBe('qwen-vl: cancelled\n')
  expect(status).toBe(130)
  expect(readdirSync(folder)).toEqual(before)
})
