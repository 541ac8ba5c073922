/** Models of small integers, and models with an adapter, through the command line. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { writeAdapter } from '../../src/checkpoint/peftWrite.ts'
import { tensorFromMemory } from '../../src/checkpoint/tensor.ts'
import { root } from '../checkout.ts'
import { writeScriptedModel, writeTinyInt4Model } from '../tinyModel.ts'
import { run, testFolder } from './process.ts'

const folder = testFolder()
const qwenVL = (...args: string[]) => run(args, { folder })
const ask = ['ask', 'street.png', 'What is this?', '--greedy']

beforeAll(async () => {
  copyFileSync(join(root, 'test/fixtures/golden/B/0.png'), join(folder, 'street.png'))
  await writeTinyInt4Model(join(folder, 'int4'))
  await writeScriptedModel(join(folder, 'scripted'), 'A cat')
  // Its matrices are zeros: answers stay what they are.
  await writeAdapter(join(folder, 'adapter'), {
    rank: 1,
    alpha: 1,
    targets: ['w1'],
    base: { name: 'somebody/else', fingerprint: 'f'.repeat(64) },
    tensors: [
      tensorFromMemory('transformer.h.0.mlp.w1.lora_A.weight', 'float32', [1, 128], new Float32Array(128)),
      tensorFromMemory('transformer.h.0.mlp.w1.lora_B.weight', 'float32', [32, 1], new Float32Array(32)),
    ],
  })
})

test('a folder in the published Int4 layout, all 1461 tensors, is inspected and answers', async () => {
  const inspected = await qwenVL('inspect', 'int4', '--json')
  const { total, quantisation, running } = JSON.parse(inspected.stdout)
  expect([inspected.status, total.tensors, quantisation, running.runs]).toEqual([0, 1461, 'gptq int4', true])
  expect(running.weightBytes).toBeLessThan(4 * total.parameters)
  const { status, stdout, stderr } = await qwenVL(...ask, '--json', '--model', 'int4')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const answer = JSON.parse(stdout)
  expect(answer).toMatchObject({ weights: 'int4 (GPTQ, groups of 32)', model: 'int4', usage: { imageTokens: 18 } })
  expect(answer.raw).not.toBe('')
  expect(answer).not.toHaveProperty('rounding')
})

test.each(['int8', 'int4'])('--weights %s rounds, and says by how much', async weights => {
  const { status, stdout, stderr } = await qwenVL(...ask, '--weights', weights, '--json', '--model', 'scripted')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const { text, weights: description, rounding } = JSON.parse(stdout)
  expect(text).toBe('A cat')
  expect(description).toMatch(new RegExp(`^${weights} \\(rounded here`))
  expect(rounding.layers).toBe(5)
  expect(rounding.worst).toBeGreaterThanOrEqual(rounding.mean)
})

test('an adapter of another base is used, and that is said on standard error', async () => {
  const { status, stdout, stderr } = await qwenVL(...ask, '--adapter', 'adapter', '--model', 'scripted')
  expect(stdout).toBe('A cat\n')
  expect(stderr).toMatch(/^\(the adapter was trained on another base \(somebody\/else\)[^\n]*\)\n$/)
  expect(status).toBe(0)
})

test('a trace takes the same options', async () => {
  const traced = ['trace', '--prompt-ids', '72,105', '--model', 'scripted']
  await qwenVL(...traced, '--out', 'floats.safetensors')
  const { status, stdout } = await qwenVL(...traced, '--weights', 'int4', '--compare', 'floats.safetensors')
  expect(stdout).toMatch(/agree/) // its blocks add nothing, whatever their weights are
  expect(status).toBe(0)
})

test('what cannot be done is one line: another quantisation, int8 of integers, no adapter there', async () => {
  const config = JSON.parse(readFileSync(join(folder, 'int4/config.json'), 'utf8'))
  const say = async (...options: string[]) => {
    const { status, stdout, stderr } = await qwenVL(...ask, ...options, '--model', 'int4')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    return stderr
  }
  expect(await say('--weights', 'int8')).toMatch(/^qwen-vl: [^\n]*int4 \(GPTQ\)[^\n]*Choose int4, or float32\n$/)
  expect(await say('--adapter', 'nowhere')).toMatch(/^qwen-vl: nowhere is no adapter[^\n]*\n$/)
  config.quantization_config.quant_method = 'bitsandbytes'
  writeFileSync(join(folder, 'int4/config.json'), JSON.stringify(config))
  expect(await say()).toMatch(/^qwen-vl: [^\n]*quantised with "bitsandbytes": only "gptq" is read\n$/)
})
