import { beforeAll, expect, test } from 'vitest'
import {
  blockTensors,
  type Checkpoint,
  checkGptqConfig,
  dequantiseBlocks,
  dequantiseGptq,
  gptqBlocks,
  gptqLayerNames,
  openCheckpoint,
  readGptqLayer,
  tensorFromMemory,
} from '../../src/checkpoint/index.ts'
import { compile, constant, gather, input, quantisedLinear, scope, transpose } from '../../src/graph/index.ts'
import { openRuntime, tensorValue } from '../../src/runtime/node.ts'
import { fixture } from './files.ts'

/** A fixture as a checkpoint has it: with the layer's name before its tensors. */
async function openLayer(name: string): Promise<Pick<Checkpoint, 'get' | 'names'>> {
  const checkpoint = await openCheckpoint(fixture(`gptq/${name}.safetensors`))
  return {
    names: checkpoint.names.map(part => `h.0.attn.${part}`),
    get: full => checkpoint.get(full.replace('h.0.attn.', '')),
  }
}

const kinds = ['sym', 'asym_actorder'] as const
let layers: Record<(typeof kinds)[number], Pick<Checkpoint, 'get' | 'names'>>

beforeAll(async () => {
  layers = { sym: await openLayer('sym'), asym_actorder: await openLayer('asym_actorder') }
})

const floats = (kind: (typeof kinds)[number], part: string) => layers[kind].get(`h.0.attn.${part}`).readAs('float32')

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0)

test('the quantised layers of a checkpoint are found by name', () => {
  expect(gptqLayerNames(layers.sym)).toEqual(['h.0.attn'])
})

test.each(kinds)('the floats of %s are exactly those that PyTorch computed', async kind => {
  const layer = await readGptqLayer(layers[kind], 'h.0.attn')
  expect(layer).toMatchObject({ in: 384, out: 48, groups: 3 })
  expect(dequantiseGptq(layer)).toEqual(await floats(kind, 'expected_weight'))
})

test.each(kinds)('the blocks of %s stand for exactly the same floats', async kind => {
  const blocks = gptqBlocks(await readGptqLayer(layers[kind], 'h.0.attn'))
  expect(blocks).toMatchObject({ bits: 4, blockSize: 128, in: 384, out: 48 })
  expect(dequantiseBlocks(blocks)).toEqual(await floats(kind, 'expected_weight'))
})

test('the symmetric layer needs no zero points and no other order of inputs; the other one needs both', async () => {
  const [symmetric, ordered] = await Promise.all(
    kinds.map(async kind => gptqBlocks(await readGptqLayer(layers[kind], 'h.0.attn'))),
  )
  expect([symmetric!.zeroPoints, symmetric!.inputOrder]).toEqual([undefined, undefined])
  expect(ordered!.zeroPoints).toHaveLength(48 * 2)
  expect([...ordered!.inputOrder!].sort((a, b) => a - b)).toEqual(Array.from({ length: 384 }, (_, i) => i))
})

test.each(kinds)('the engine multiplies with the blocks of %s as PyTorch did with the floats', async kind => {
  const blocks = gptqBlocks(await readGptqLayer(layers[kind], 'h.0.attn'))
  const tensors = blockTensors(blocks)
  const weight = scope('h.0.attn')
  const parameter = (part: keyof typeof tensors) => weight.parameter(part, tensors[part]!.shape, tensors[part]!.type)
  let x = input('x', 'float32', [5, 384])
  if (blocks.inputOrder) x = transpose(gather(transpose(x), constant(blocks.inputOrder, [384], 'int32')))
  const y = quantisedLinear(
    x,
    {
      bits: blocks.bits,
      blockSize: blocks.blockSize,
      values: parameter('values'),
      scales: parameter('scales'),
      ...(blocks.zeroPoints ? { zeroPoints: parameter('zeroPoints') } : {}),
    },
    weight.parameter('bias', [48]),
  )
  const bias = { type: 'float32', shape: [48], data: await floats(kind, 'bias') } as const
  await using runtime = await openRuntime({ threads: 1 })
  await using session = await runtime.openSession(compile({ y }), {
    weights: {
      ...Object.fromEntries(Object.entries(tensors).map(([part, value]) => [`h.0.attn.${part}`, value])),
      'h.0.attn.bias': bias,
    } as never,
  })
  const result = await session.run({ x: tensorValue('float32', [5, 384], await floats(kind, 'x')) })
  const expected = await floats(kind, 'expected_y')
  expect(largestDifference(result['y']!.data as Float32Array, expected)).toBeLessThan(2e-5 * Math.max(...expected))
})

/** A layer of one output-times-eight, with these groups. */
async function layerOf(groupOf: number[], groups: number, { zero = 7, out = 8 } = {}) {
  const words = groupOf.length / 8
  const tensors = [
    tensorFromMemory('l.qweight', 'int32', [words, out], new Int32Array(words * out).fill(0x76543210)),
    tensorFromMemory(
      'l.qzeros',
      'int32',
      [groups, out / 8],
      new Int32Array((groups * out) / 8).fill(zero * 0x11111111),
    ),
    tensorFromMemory('l.scales', 'float16', [groups, out], new Uint16Array(groups * out).fill(0x3c00)),
    tensorFromMemory('l.g_idx', 'int32', [groupOf.length], Int32Array.from(groupOf)),
  ]
  return readGptqLayer({ get: name => tensors.find(tensor => tensor.name === name)! }, 'l')
}

const grouped = (inputs: number, size: number) => Array.from({ length: inputs }, (_, i) => Math.floor(i / size))

test('one group for a whole row becomes blocks of 128, and groups of 96 become blocks of 32', async () => {
  const whole = await layerOf(grouped(512, 512), 1)
  const odd = await layerOf(grouped(192, 96), 2)
  expect([gptqBlocks(whole).blockSize, gptqBlocks(odd).blockSize]).toEqual([128, 32])
  for (const layer of [whole, odd]) expect(dequantiseBlocks(gptqBlocks(layer))).toEqual(dequantiseGptq(layer))
})

test('groups of unequal size, and zero points of 16, are left to floats', async () => {
  const uneven = await layerOf(
    [...grouped(64, 64), ...grouped(64, 32).map(group => group + 1)].map(g => g % 2),
    2,
  )
  expect(() => gptqBlocks(uneven)).toThrow('layer "l": group 0 has 96 inputs, but equal groups of 64 are needed')
  const sixteen = await layerOf(grouped(32, 32), 1, { zero: 15 })
  expect(() => gptqBlocks(sixteen)).toThrow('output 0 has the zero point 16 in group 0, which 4 bits cannot hold')
  expect(dequantiseGptq(sixteen)[0]).toBe(-16)
})

test('tensors that do not belong together are refused with both shapes', async () => {
  await expect(layerOf(grouped(64, 32), 1)).rejects.toThrow('tensor "l.g_idx": input 32 is in group 1')
  const wrong = tensorFromMemory('l.any', 'int32', [8, 8], new Int32Array(64))
  await expect(readGptqLayer({ get: () => wrong }, 'l')).rejects.toThrow(
    "is int32 [8, 8], but the layer's other tensors ask for int32 [8, 1]",
  )
})

test.each([
  [undefined, false],
  [{}, false],
  [{ quantization_config: { quant_method: 'gptq', bits: 4, group_size: 128 } }, true],
])('a config %j is GPTQ: %s', (config, answer) => expect(checkGptqConfig(config)).toBe(answer))

test.each([
  [{ quant_method: 'awq', bits: 4 }, '"awq": only "gptq" is read'],
  [{ quant_method: 'gptq', bits: 3 }, 'GPTQ weights of 3 bits'],
  [{ quant_method: 'gptq', bits: 4, checkpoint_format: 'gptq_v2' }, 'format "gptq_v2"'],
])('refuses the quantisation %j', (about, message) => {
  expect(() => checkGptqConfig({ quantization_config: about })).toThrow(message)
})
