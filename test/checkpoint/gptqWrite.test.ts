/** Layers in GPTQ's layout, written and read again. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  dequantiseBlocks,
  dequantiseGptq,
  gptqBlocks,
  gptqTensors,
  lazyGptqTensors,
  openCheckpoint,
  type QuantisedBlocks,
  quantise,
  quantiseToGptq,
  type ReadableTensor,
  readGptqLayer,
  tensorFromMemory,
  writeSafetensors,
} from '../../src/checkpoint/index.ts'
import { fixture, temporaryFolder } from './files.ts'

/** Tensors as a checkpoint gives them. */
const among = (tensors: readonly ReadableTensor[]) => ({
  get: (name: string) => tensors.find(tensor => tensor.name === name) as never,
})

const floatsOf = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 0.1)

test.each(['sym', 'asym_actorder'])('the published layer %s is written as it was read, byte for byte', async kind => {
  await using checkpoint = await openCheckpoint(fixture(`gptq/${kind}.safetensors`))
  const get = (name: string) => checkpoint.get(name.replace('l.', ''))
  const bias = await get('l.bias').readAs('float32')
  const written = gptqTensors('l', gptqBlocks(await readGptqLayer({ get }, 'l')), bias)
  for (const tensor of written.slice(0, 4)) {
    const { dtype, shape } = get(tensor.name)
    expect(tensor).toMatchObject({ dtype, shape })
    expect(await tensor.read()).toEqual(await get(tensor.name).read())
  }
  expect(written[4]).toMatchObject({ name: 'l.bias', dtype: 'float16', shape: [48] })
})

const layer = fc
  .record({
    out: fc.integer({ min: 1, max: 20 }),
    groups: fc.integer({ min: 1, max: 4 }),
    groupSize: fc.constantFrom(16, 32, 256),
    seed: fc.integer({ min: 1, max: 1e6 }),
    ordered: fc.boolean(),
    symmetric: fc.boolean(),
  })
  .map(({ out, groups, groupSize, seed, ordered, symmetric }) => {
    const width = groups * groupSize
    let state = seed
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const groupOf = Int32Array.from({ length: width }, (_, i) => Math.floor(i / groupSize))
    for (let i = width - 1; ordered && i > 0; i--) {
      const j = random(i + 1)
      ;[groupOf[i], groupOf[j]] = [groupOf[j]!, groupOf[i]!]
    }
    const words = Math.ceil(out / 8)
    const qzeros = new Int32Array(groups * words)
    for (let group = 0; group < groups; group++) {
      for (let o = 0; o < out; o++) qzeros[group * words + (o >> 3)]! |= (symmetric ? 7 : random(15)) << (4 * (o & 7))
    }
    const tensors = [
      tensorFromMemory(
        'l.qweight',
        'int32',
        [width / 8, out],
        Int32Array.from({ length: (width / 8) * out }, () => random(2 ** 32) | 0),
      ),
      tensorFromMemory('l.qzeros', 'int32', [groups, words], qzeros),
      tensorFromMemory(
        'l.scales',
        'float16',
        [groups, out],
        Uint16Array.from({ length: groups * out }, () => random(0x4000)),
      ),
      tensorFromMemory('l.g_idx', 'int32', [width], groupOf),
    ]
    return { tensors, groupSize }
  })

test('any layer is written as it was read: with activation order, zero points, and groups larger than blocks', async () => {
  await fc.assert(
    fc.asyncProperty(layer, async ({ tensors, groupSize }) => {
      const written = gptqTensors('l', gptqBlocks(await readGptqLayer(among(tensors), 'l')), undefined, { groupSize })
      for (const tensor of tensors) expect(await among(written).get(tensor.name)).toMatchObject({ shape: tensor.shape })
      for (const tensor of tensors)
        expect(await written.find(({ name }) => name === tensor.name)!.read()).toEqual(await tensor.read())
    }),
    { numRuns: 60 },
  )
})

test.each([16, 128, -1])('floats in groups of %d are read back as what quantising made of them', async groupSize => {
  const floats = floatsOf(24 * 256)
  const { tensors, error } = quantiseToGptq('l', floats, { in: 256, out: 24, groupSize })
  const blockSize = groupSize === -1 ? 256 : groupSize
  const expected = quantise(floats, [24, 256], { bits: 4, blockSize, scaleType: 'float16' })
  expect(dequantiseGptq(await readGptqLayer(among(tensors), 'l'))).toEqual(dequantiseBlocks(expected.weight))
  expect(error).toEqual(expected.error)
})

test('a layer that is quantised while it is written is the same layer, and its bias is kept', async () => {
  const path = `${temporaryFolder()}/model.safetensors`
  const [floats, bias] = [floatsOf(16 * 256), Float32Array.from({ length: 16 }, (_, i) => i / 16)]
  const shape = { in: 256, out: 16, groupSize: 64 }
  const errors: number[] = []
  let asked = 0
  const lazy = lazyGptqTensors({
    ...shape,
    name: 'l',
    bias,
    floats: async () => {
      asked++
      return floats
    },
    onError: ({ relative }) => errors.push(relative),
  })
  expect(asked).toBe(0)
  await writeSafetensors(path, lazy)
  expect(asked).toBe(2)
  const { tensors, error } = quantiseToGptq('l', floats, shape, bias)
  expect(errors).toEqual([error.relative])
  await using checkpoint = await openCheckpoint(path)
  expect([...checkpoint.names].sort()).toEqual(tensors.map(({ name }) => name).sort())
  for (const tensor of tensors) expect(await checkpoint.get(tensor.name).read()).toEqual(await tensor.read())
  expect(await checkpoint.get('l.bias').readAs('float32')).toEqual(bias)
})

const blocks = (changes: Partial<QuantisedBlocks>): QuantisedBlocks => ({
  ...quantise(floatsOf(8 * 64), [8, 64], { bits: 4, blockSize: 32 }).weight,
  ...changes,
})

test.each<[string, () => unknown, string]>([
  ['8 bits', () => gptqTensors('l', { ...blocks({}), bits: 8 }), 'layer "l" has 8 bits'],
  [
    'a zero point of 0',
    () => gptqTensors('l', blocks({ zeroPoints: new Uint8Array(8) })),
    'output 0 has the zero point 0',
  ],
  [
    'scales beyond float16',
    () => gptqTensors('l', blocks({ scales: new Float32Array(16).fill(1e6) })),
    '1000000 is too large for float16',
  ],
  [
    'different scales in one group',
    () => gptqTensors('l', blocks({}), undefined, { groupSize: 64 }),
    'blocks of different scales in one group of 64: write groups of 32',
  ],
  [
    'groups that do not fill the rows',
    () => lazyGptqTensors({ name: 'l', in: 96, out: 8, floats: async () => floatsOf(1) }),
    '96 inputs cannot be divided into blocks of 128: blocks of 32, 16 would fit',
  ],
])('%s cannot be written', (_, write, message) => {
  expect(write).toThrow(message)
})
