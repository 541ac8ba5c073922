/** The same model in floats and in small integers, stored or rounded, with and without an adapter. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gptqConfigOf, gptqTensors } from '../../src/checkpoint/gptqWrite.ts'
import { dequantiseBlocks, fingerprint, openCheckpoint, quantise } from '../../src/checkpoint/index.ts'
import { writeAdapter } from '../../src/checkpoint/peftWrite.ts'
import { tensorFromMemory } from '../../src/checkpoint/tensor.ts'
import { writeCheckpoint } from '../../src/checkpoint/write.ts'
import { type OpenOptions, openModel } from '../../src/generate/load.ts'
import { trace } from '../../src/generate/trace.ts'
import { modelWeights } from '../../src/generate/weights.ts'
import { QwenVL } from '../../src/index.ts'
import { languageLayers, parseConfig } from '../../src/model/index.ts'
import { openRuntime, type Runtime, type TensorValue } from '../../src/runtime/node.ts'
import { largestDifference } from '../golden.ts'
import {
  TINY_GROUP,
  tinyConfig,
  tinyConfigOf,
  tinyTensors,
  writeTinyCompanions,
  writeTinyInt4Model,
  writeTinyModel,
} from '../tinyModel.ts'

const layers = 3
const picture = new URL('../fixtures/golden/A/0.png', import.meta.url).pathname
const tokens = [...Buffer.from('A tiny model reads this sentence, and says what follows each letter.')]
let runtime: Runtime
let folder: string
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  runtime = await openRuntime({ threads: 1 })
  folder = await mkdtemp(join(tmpdir(), 'qwen-vl-weights-'))
  await writeTinyModel(at('floats'), { layers })
  await writeTinyInt4Model(at('int4'), { layers })
  await writeOrdered()
})
afterAll(async () => {
  await runtime?.dispose()
  await rm(folder, { recursive: true, force: true })
})

/** The model once more, in two folders: as GPTQ with activation order, zero points and biases, and as its floats. */
async function writeOrdered(): Promise<void> {
  const options = { layers }
  const linear = languageLayers(parseConfig(tinyConfigOf(options)))
  const tensors = tinyTensors(options)
  const floats = []
  const integers = []
  for (const { name, shape, values } of tensors) {
    const path = name.replace(/\.weight$/, '')
    const size = linear.get(path)
    if (!size) {
      const tensor = tensorFromMemory(name, 'float32', shape, values)
      floats.push(tensor)
      if (!linear.has(name.replace(/\.bias$/, ''))) integers.push(tensor)
      continue
    }
    const { weight } = quantise(values, shape, {
      bits: 4,
      blockSize: TINY_GROUP,
      symmetric: false,
      scaleType: 'float16',
    })
    const inputOrder = Int32Array.from({ length: size.in }, (_, i) => (5 * i + 3) % size.in)
    // The layout cannot store the zero point 0.
    const zeroPoints = weight.zeroPoints!.map(pair => Math.max(1, pair & 15) | (Math.max(1, pair >> 4) << 4))
    // A group lists its inputs in their own order, which is the order that they are read back in.
    for (let from = 0; from < size.in; from += TINY_GROUP) inputOrder.subarray(from, from + TINY_GROUP).sort()
    const blocks = { ...weight, zeroPoints, inputOrder }
    const bias = tensors.find(tensor => tensor.name === `${path}.bias`)?.values
    integers.push(...gptqTensors(path, blocks, bias))
    floats.push(tensorFromMemory(name, 'float32', shape, dequantiseBlocks(blocks)))
  }
  for (const name of ['ordered', 'ordered floats']) await writeTinyCompanions(at(name), options)
  const config = { ...tinyConfigOf(options), quantization_config: { ...gptqConfigOf(TINY_GROUP), desc_act: true } }
  await writeFile(join(at('ordered'), 'config.json'), JSON.stringify(config))
  await writeCheckpoint(at('ordered'), integers)
  await writeCheckpoint(at('ordered floats'), floats)
}

async function logitsOf(name: string, options: OpenOptions = {}): Promise<Float32Array> {
  await using opened = await openModel(at(name), options)
  const { config, load, weights } = opened
  const traced = await trace(runtime, config, load, { tokens: [tokens] }, weights.linear)
  return (traced['logits'] as TensorValue<'float32'>).data
}

/** Root mean square of the difference, as a part of that of the reference. */
function distance(ours: Float32Array, reference: Float32Array): number {
  const squares = (values: Float32Array) => values.reduce((all, value) => all + value * value, 0)
  return Math.sqrt(squares(ours.map((value, i) => value - reference[i]!)) / squares(reference))
}

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

test('an Int4 checkpoint computes what the floats that its integers stand for compute', async () => {
  const [integers, floats] = [await logitsOf('int4'), await logitsOf('int4', { weights: 'float32' })]
  expect(largestDifference(integers, floats)).toBeLessThan(1e-4 * largest(floats))
})

test('so does one with activation order and zero points', async () => {
  const [integers, floats] = [await logitsOf('ordered'), await logitsOf('ordered floats')]
  expect(largestDifference(integers, floats)).toBeLessThan(1e-4 * largest(floats))
  const back = await logitsOf('ordered', { weights: 'float32' })
  expect(largestDifference(back, floats)).toBeLessThan(2e-3 * largest(floats)) // biases are float16
})

test('a checkpoint of floats is rounded to int8 or int4 as it is loaded, and nearly the same is computed', async () => {
  const floats = await logitsOf('floats')
  const int8 = distance(await logitsOf('floats', { weights: 'int8' }), floats)
  const int4 = distance(await logitsOf('floats', { weights: 'int4' }), floats)
  const quick = distance(await logitsOf('floats', { weights: 'int8', accuracy: 'int8' }), floats)
  expect(int8).toBeLessThan(0.02)
  expect(quick).toBeLessThan(0.03)
  expect(int4 / int8).toBeGreaterThan(8)
  expect(int4).toBeLessThan(0.3)
})

test('a loaded model says what its weights are, and what rounding changed', async () => {
  const tell = async (name: string, options: OpenOptions = {}) => {
    await using model = await QwenVL.load(at(name), { ...options, threads: 1 })
    const answer = await model.ask(picture, 'What is this?')
    expect(answer.usage.completionTokens).toBeGreaterThan(0)
    return [model.weights, model.rounding?.layers, model.remarks]
  }
  expect(await tell('int4')).toEqual(['int4 (GPTQ, groups of 32)', undefined, []])
  expect(await tell('floats')).toEqual(['float32', undefined, []])
  expect(await tell('floats', { weights: 'int4' })).toEqual(['int4 (rounded here, blocks of 32)', 5 * layers, []])
})

test('rounding is told layer by layer: 8 bits change a sixteenth of what 4 bits change', async () => {
  const roundingOf = async (weights: 'int8' | 'int4') => {
    await using opened = await openModel(at('floats'), { weights })
    await opened.load([{ name: 'transformer.h.1.mlp.w2.weight.values', shape: [], type: 'uint8' }])
    return opened.weights.rounding()!
  }
  const [eight, four] = [await roundingOf('int8'), await roundingOf('int4')]
  expect(four).toMatchObject({ layers: 1, path: 'transformer.h.1.mlp.w2', mean: four.worst })
  expect(four.mean / eight.mean).toBeGreaterThan(12)
  expect(four.mean / eight.mean).toBeLessThan(20)
})

test('a layer that cannot be divided into blocks stays float32, and that is said', async () => {
  const config = parseConfig({ ...tinyConfig, num_hidden_layers: 2, intermediate_size: 40 })
  const nothing = { origin: 'm', config: {}, names: [], has: () => false } as never
  const { remarks, description } = await modelWeights(nothing, config, { weights: 'int4' })
  expect(description).toBe('int4 (rounded here, blocks of 32)')
  expect(remarks).toEqual([
    'the inputs of 2 layers cannot be divided into blocks of 16, so they stay float32 instead of int4: transformer.h.0.mlp.c_proj (20 inputs) and others',
  ])
})

/** A copy of the Int4 model with something changed. */
async function changed(
  name: string,
  edit: (config: Record<string, unknown>) => void,
  without = /^-$/,
): Promise<string> {
  await using checkpoint = await openCheckpoint(at('int4'))
  await writeTinyCompanions(at(name), { layers })
  await writeCheckpoint(
    at(name),
    checkpoint.tensors.filter(tensor => !without.test(tensor.name)),
  )
  const config = JSON.parse(await readFile(join(at('int4'), 'config.json'), 'utf8'))
  edit(config)
  await writeFile(join(at(name), 'config.json'), JSON.stringify(config))
  return at(name)
}

const quantisation = (changes: object) => (config: Record<string, unknown>) =>
  void Object.assign(config['quantization_config'] as object, changes)

test.each<[string, (config: Record<string, unknown>) => void, RegExp]>([
  ['another quantisation', quantisation({ quant_method: 'awq' }), /quantised with "awq": only "gptq" is read/],
  ['another number of bits', quantisation({ bits: 8 }), /GPTQ weights of 8 bits: only 4 are read/],
  ['a group size that is none', quantisation({ group_size: 'all' }), /group_size "all"/],
  [
    'another group size',
    quantisation({ group_size: 64 }),
    /\{0-2\}\.mlp\.w1\.qzeros int32 \[4, 4\] instead of int32 \[2, 4\]/,
  ],
])('%s is refused', async (what, edit, message) => {
  await expect(openModel(await changed(what, edit))).rejects.toThrow(message)
})

test.each([
  ['zero points', /\.mlp\.w1\.qzeros$/, /missing \(3\):\n.*h\.\{0-2\}\.mlp\.w1\.qzeros int32 \[4, 4\]/],
  ['integers', /h\.1\.attn\.c_proj\.qweight$/, /missing \(1\):\n.*h\.1\.attn\.c_proj\.qweight int32 \[16, 128\]/],
  ['a bias of the model', /h\.2\.attn\.c_attn\.bias$/, /missing \(1\):\n.*h\.2\.attn\.c_attn\.bias \[384\]/],
])('missing %s are told by name and shape', async (what, without, message) => {
  await expect(openModel(await changed(`no ${what}`, () => {}, without))).rejects.toThrow(message)
})

test('a checkpoint without the biases that the model does without, or without a word on its quantisation, runs too', async () => {
  const same = await logitsOf('int4')
  await changed('no biases', () => {}, /transformer\.h\.\d+\.(attn\.c_proj|mlp\.\w+)\.bias$/)
  await changed('silent', config => void delete config['quantization_config'])
  expect(await logitsOf('no biases')).toEqual(same)
  expect(await logitsOf('silent')).toEqual(same)
})

test('int8 of an Int4 checkpoint is refused: it would gain nothing', async () => {
  await expect(openModel(at('int4'), { weights: 'int8' })).rejects.toThrow(
    /has its weights as int4 \(GPTQ\).*Choose int4, or float32/,
  )
})

/** An adapter for two layers that replaces the output embeddings, and what it makes of the floats. */
async function writeAdapted(name: string, baseFingerprint?: string): Promise<void> {
  const wave = (count: number, step: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * step) / 8)
  const [rank, width] = [4, 128]
  const head = wave(480 * width, 0.37)
  const matrices = (['attn.c_attn', 'mlp.w1'] as const).map((part, i) => {
    const [path, out] = [`transformer.h.${i}.${part}`, part === 'mlp.w1' ? 32 : 384]
    return { path, out, a: wave(rank * width, 0.11 + i), b: wave(out * rank, 0.23 + i) }
  })
  await writeAdapter(at(name), {
    rank,
    alpha: 8,
    targets: ['c_attn', 'w1'],
    base: { name: 'floats', ...(baseFingerprint && { fingerprint: baseFingerprint }) },
    tensors: [
      ...matrices.flatMap(({ path, out, a, b }) => [
        tensorFromMemory(`${path}.lora_A.weight`, 'float32', [rank, width], a),
        tensorFromMemory(`${path}.lora_B.weight`, 'float32', [out, rank], b),
      ]),
      tensorFromMemory('lm_head.weight', 'float32', [480, width], head),
    ],
  })
  const merged = tinyTensors({ layers }).map(({ name, shape, values }) => {
    const layer = matrices.find(({ path }) => name === `${path}.weight`)
    if (layer) {
      for (let o = 0; o < layer.out; o++) {
        for (let i = 0; i < width; i++) {
          for (let r = 0; r < rank; r++) values[o * width + i]! += 2 * layer.b[o * rank + r]! * layer.a[r * width + i]!
        }
      }
    }
    return tensorFromMemory(name, 'float32', shape, name === 'lm_head.weight' ? head : values)
  })
  await writeTinyCompanions(at('merged'), { layers })
  await writeCheckpoint(at('merged'), merged)
}

test('an adapter beside floats computes what the merged model computes; beside integers, nearly that', async () => {
  await writeAdapted('adapter')
  const [merged, plain] = [await logitsOf('merged'), await logitsOf('floats')]
  const adapter = at('adapter')
  expect(largestDifference(await logitsOf('floats', { adapter }), merged)).toBeLessThan(1e-4 * largest(merged))
  expect(distance(plain, merged)).toBeGreaterThan(0.3)
  expect(distance(await logitsOf('floats', { adapter, weights: 'int8' }), merged)).toBeLessThan(0.02)
  expect(distance(await logitsOf('int4', { adapter }), merged)).toBeLessThan(0.25)
})

test('a model with an adapter says so, and that the adapter was made for another base', async () => {
  await using checkpoint = await openCheckpoint(at('floats'))
  await writeAdapted('own adapter', await fingerprint(checkpoint))
  const tell = async (name: string) => {
    await using model = await QwenVL.load(at(name), { adapter: at('own adapter'), threads: 1 })
    return [model.weights, model.remarks.length]
  }
  expect(await tell('floats')).toEqual(['float32, with an adapter (2 layers, 1 tensor whole)', 0])
  expect(await tell('int4')).toEqual(['int4 (GPTQ, groups of 32), with an adapter (2 layers, 1 tensor whole)', 1])
})
