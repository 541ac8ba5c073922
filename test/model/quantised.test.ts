/** Layers of small integers in the place of plain ones. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blockTensors, dequantiseBlocks, type QuantisedBlocks, quantise } from '../../src/checkpoint/index.ts'
import { type CompiledGraph, compile, gradient, input, scope, sum, type Tensor, tanh } from '../../src/graph/index.ts'
import { describeWhole, isLanguageLayer, languageLayers, parseConfig, quantisedLayers } from '../../src/model/index.ts'
import { openRuntime, type Runtime, type TensorValue, tensorValue } from '../../src/runtime/node.ts'
import { publishedConfig } from '../checkpoint/published.ts'
import { largestDifference } from '../golden.ts'

const [OUT, IN] = [24, 96]
let runtime: Runtime

beforeAll(async () => {
  runtime = await openRuntime({ threads: 1 })
})
afterAll(() => runtime.dispose())

const wave = (count: number, step: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * step))

/** Every seventh input after the other. */
const inputOrder = Int32Array.from({ length: IN }, (_, i) => (7 * i) % IN)

/** Blocks with zero points, and inputs in an order of their own. */
const blocks: QuantisedBlocks = {
  ...quantise(wave(OUT * IN, 0.7), [OUT, IN], { bits: 4, blockSize: 32, symmetric: false }).weight,
  inputOrder,
}
const bias = wave(OUT, 0.3)
const x = tensorValue('float32', [2, 3, IN], wave(6 * IN, 1.3))

function valuesFor({ weights }: CompiledGraph): Record<string, TensorValue> {
  const all: Record<string, TensorValue> = {
    ...Object.fromEntries(
      Object.entries(blockTensors(blocks)).map(([part, value]) => [`l.weight.${part}`, value as TensorValue]),
    ),
    'l.weight.inputOrder': tensorValue('int32', [IN], inputOrder),
    'l.weight': tensorValue('float32', [OUT, IN], dequantiseBlocks(blocks)),
    'l.bias': tensorValue('float32', [OUT], bias),
  }
  return Object.fromEntries(weights.map(({ name }) => [name, all[name]!]))
}

/** A layer, and the gradient that reaches its input. */
async function run(linear?: Parameters<typeof describeWhole>[1] & {}) {
  const given = input('x', 'float32', [2, 3, IN])
  const y = scope('', linear).at('l').linear(given, { out: OUT })
  const [slope] = gradient(sum(tanh(y)), [given]) as [Tensor]
  const graph = compile({ y, slope })
  await using session = await runtime.openSession(graph, { weights: valuesFor(graph) })
  const outputs = await session.run({ x })
  return { names: graph.weights.map(({ name }) => name).sort(), outputs }
}

test('a layer with zero points and inputs in its own order equals the plain layer of the same floats, and so do its gradients', async () => {
  const format = { bits: 4, blockSize: 32, zeroPoints: true, inputOrder: true } as const
  const [plain, small] = [await run(), await run({ linear: quantisedLayers(() => format) })]
  expect(plain.names).toEqual(['l.bias', 'l.weight'])
  const parts = ['l.bias', 'l.weight.inputOrder', 'l.weight.scales', 'l.weight.values', 'l.weight.zeroPoints']
  expect(small.names).toEqual(parts)
  for (const name of ['y', 'slope']) {
    const [ours, theirs] = [small, plain].map(({ outputs }) => outputs[name]!.data as Float32Array)
    expect(largestDifference(ours!, theirs!)).toBeLessThan(2e-5)
  }
})

test('the published model has 160 layers to make small; all others stay as they are, without parameters of integers', () => {
  const config = parseConfig(publishedConfig)
  const layers = languageLayers(config)
  expect(layers.size).toBe(5 * 32)
  expect(layers.get('transformer.h.31.mlp.c_proj')).toEqual({ in: 11008, out: 4096 })
  const format = { bits: 4, blockSize: 128, bias: true } as const
  const linear = quantisedLayers(path => (isLanguageLayer(path) ? format : undefined))
  const { parameters } = describeWhole(config, { linear })
  expect(parameters.size).toBe(853 + 160 + 4 * 32) // values and scales for a weight, and four more biases a block
  const integers = [...parameters].filter(([, { type }]) => type === 'uint8').map(([name]) => name)
  expect(integers).toEqual([...layers.keys()].map(path => `${path}.weight.values`))
  expect(parameters.get('transformer.h.0.mlp.w1.weight.values')?.shape).toEqual([11008, 32, 64])
  expect(parameters.has('transformer.h.0.mlp.w1.bias')).toBe(true)
})

test('only the linear layers of language model blocks are meant', () => {
  const others = [
    'lm_head',
    'transformer.wte',
    'transformer.h.0.ln_1',
    'transformer.visual.transformer.resblocks.0.mlp.c_proj',
  ]
  expect(others.filter(isLanguageLayer)).toEqual([])
})

test('blocks that do not fill the rows are refused', async () => {
  await expect(run({ linear: quantisedLayers(() => ({ bits: 4, blockSize: 64 })) })).rejects.toThrow(/1\.5/)
})
