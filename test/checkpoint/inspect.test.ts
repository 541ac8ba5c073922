import { expect, test } from 'vitest'
import { inspect, inspectCheckpoint, openCheckpoint, openFiles } from '../../src/checkpoint/index.ts'
import { layOut } from '../../src/checkpoint/safetensorsLayout.ts'
import { fixture } from './files.ts'
import { publishedConfig, publishedInt4, publishedTensors } from './published.ts'

test('the published model has 9,656,935,168 parameters in the parts that its authors count', () => {
  const { total, parts, types, quantisation } = inspect(publishedTensors, publishedConfig)
  expect(total).toEqual({ tensors: 853, parameters: 9_656_935_168, bytes: 19_313_870_336 })
  expect(Object.fromEntries(parts.map(({ name, parameters }) => [name, parameters]))).toEqual({
    'language model': 7_721_324_544,
    'vision tower': 1_842_770_688,
    adapter: 76_054_528,
    'vision output': 16_785_408,
  })
  expect(types).toEqual([{ dtype: 'bfloat16', ...total }])
  expect(quantisation).toBe('none')
})

test('the published Int4 model has the size of its index, and the weights that it stands for', () => {
  const { total, parts, types, quantisation, memory } = inspect(publishedInt4, publishedConfig)
  expect(total).toMatchObject({ tensors: 1461, bytes: 9_731_786_240 })
  expect(quantisation).toBe('gptq int4')
  expect(types.map(({ dtype }) => dtype)).toEqual(['float16', 'int32'])
  // Biases of zeros, which only this form has: c_proj, w1, w2 and c_proj of 32 layers.
  const added = 32 * (4096 + 2 * 11008 + 4096)
  expect(parts[0]!.parameters).toBe(7_721_324_544 + added)
  expect(memory.weights.float16).toBe(2 * (9_656_935_168 + added))
})

test('what it takes to run the published model follows from its config', () => {
  const { memory, config } = inspect(publishedTensors, publishedConfig)
  const linear = 32 * (12288 * 4096 + 4096 * 4096 + 3 * 11008 * 4096) + 151936 * 4096
  const rest = 9_656_935_168 - linear
  expect(memory.weights).toEqual({
    float32: 4 * 9_656_935_168,
    float16: 2 * 9_656_935_168,
    int8: 1.125 * linear + 2 * rest,
    int4: 0.625 * linear + 2 * rest,
  })
  expect(memory.cachePerThousandTokens).toEqual({ float32: 1_048_576_000, float16: 524_288_000 })
  expect(config).toEqual({
    architecture: 'QWenLMHeadModel',
    modelType: 'qwen',
    storedType: 'bfloat16',
    vocabulary: 151936,
    hidden: 4096,
    layers: 32,
    heads: 32,
    headSize: 128,
    contextTokens: 2048,
    vision: { imagePixels: 448, patchPixels: 14, width: 1664, layers: 48, heads: 16, tokensPerImage: 256 },
  })
})

test('a checkpoint without a config is inspected too', () => {
  const { parts, memory, config } = inspect([{ name: 'encoder.weight', dtype: 'float32', shape: [2, 3] }], undefined)
  expect(parts).toEqual([{ name: 'other', tensors: 1, parameters: 6, bytes: 24 }])
  expect(memory.cachePerThousandTokens).toBeUndefined()
  expect(config.vision).toBeUndefined()
})

test('a file of 19 GB is opened and inspected by reading its header alone', async () => {
  const tensors = publishedTensors.map(tensor => ({ ...tensor, read: () => Promise.reject(new Error('not read')) }))
  const { header, bytes } = layOut(tensors, { format: 'pt' })
  let read = 0
  const source = {
    name: 'model.safetensors',
    size: bytes,
    close: async () => {},
    async read(offset: number, length: number) {
      read += length
      return header.slice(offset, offset + length)
    },
  }
  const checkpoint = await openFiles({
    origin: 'test',
    names: new Set(['model.safetensors']),
    open: async () => source,
  })
  expect(inspectCheckpoint(checkpoint).total.parameters).toBe(9_656_935_168)
  expect(checkpoint.names).toHaveLength(853)
  expect(read).toBeLessThan(header.byteLength + 100)
})

test('the types of a real file are listed, the largest first', async () => {
  await using checkpoint = await openCheckpoint(fixture('tensors.bin'))
  const { types, total } = inspectCheckpoint(checkpoint)
  expect(types.map(({ dtype }) => dtype)).toContain('bfloat16')
  expect(types.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(total.bytes)
  expect(total.bytes).toBe(checkpoint.totalBytes)
})
