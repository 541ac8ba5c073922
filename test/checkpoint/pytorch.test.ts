import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type CheckpointTensor, memorySource, openCheckpoint, type StoredType } from '../../src/checkpoint/index.ts'
import { openPytorch } from '../../src/checkpoint/pytorch.ts'
import { fixture, readFixture, rejection } from './files.ts'

const open = (bytes: Uint8Array) => openPytorch(memorySource(bytes, 'pytorch_model.bin'))
const refusal = async (name: string) => (await rejection(open(readFixture(name)))).message

const expected = JSON.parse(readFileSync(fixture('expected.json'), 'utf8')) as Record<
  string,
  { dtype: StoredType; shape: number[]; values: string[] }
>

async function valuesOf(tensor: CheckpointTensor): Promise<number[]> {
  if (/float/.test(tensor.dtype)) return [...(await tensor.readAs('float32'))]
  const { buffer } = await tensor.read()
  if (tensor.dtype === 'int64') return [...new BigInt64Array(buffer)].map(Number)
  if (tensor.dtype === 'int32') return [...new Int32Array(buffer)]
  return tensor.dtype === 'int8' ? [...new Int8Array(buffer)] : [...new Uint8Array(buffer)]
}

const parse = (value: string) => Number(value.replace('inf', 'Infinity'))

test.each(Object.entries(expected))('%s has the type, shape and values that PyTorch saved', async (name, wanted) => {
  await using checkpoint = await openCheckpoint(fixture('tensors.bin'))
  const tensor = checkpoint.get(name)
  expect({ dtype: tensor.dtype, shape: tensor.shape }).toEqual({ dtype: wanted.dtype, shape: wanted.shape })
  expect(await valuesOf(tensor)).toEqual(wanted.values.map(parse))
})

test('a tensor in one piece says where it lies in the file; one in pieces does not', async () => {
  await using checkpoint = await openCheckpoint(fixture('tensors.bin'))
  const { region, bytes } = checkpoint.get('views.rows')
  const file = readFileSync(fixture('tensors.bin'))
  const part = file.subarray(region!.offset, region!.offset + region!.length)
  expect([...new Float32Array(new Uint8Array(part).buffer)]).toEqual([4, 5, 6, 7, 8, 9, 10, 11])
  expect(region).toMatchObject({ path: fixture('tensors.bin'), length: bytes })
  expect(checkpoint.get('views.transposed').region).toBeUndefined()
  expect(checkpoint.get('views.every_other').region).toBeUndefined()
})

test('a transposed tensor can be read in parts', async () => {
  await using checkpoint = await openCheckpoint(fixture('tensors.bin'))
  const tensor = checkpoint.get('views.transposed')
  const parts = [await tensor.read(0, 20), await tensor.read(20, 28)]
  expect(Buffer.concat(parts)).toEqual(Buffer.from(await tensor.read()))
})

test('tensors that share values lie in the same place', async () => {
  await using checkpoint = await openCheckpoint(fixture('tensors.bin'))
  const [first, second, part] = ['first', 'second', 'part'].map(name => checkpoint.get(`shared.${name}`).region!)
  expect(second).toEqual(first)
  expect(part).toEqual({ ...first, offset: first!.offset + 32, length: 32 })
})

test("a module's own state dict is read, in bfloat16", async () => {
  const tensors = await open(readFixture('module.bin'))
  expect(tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual([
    { name: '0.weight', dtype: 'bfloat16', shape: [2, 3] },
    { name: '0.bias', dtype: 'bfloat16', shape: [2] },
    { name: '1.weight', dtype: 'bfloat16', shape: [2] },
    { name: '1.bias', dtype: 'bfloat16', shape: [2] },
  ])
  expect([...(await tensors[2]!.readAs('float32'))]).toEqual([1, 1])
})

test('a checkpoint in several files with an index is one checkpoint', async () => {
  await using checkpoint = await openCheckpoint(fixture('sharded'))
  expect(checkpoint.format).toBe('pytorch')
  expect(checkpoint.names).toEqual(Object.keys(expected).slice(0, 6))
  expect(checkpoint.config).toEqual({ model_type: 'qwen' })
  expect(checkpoint.files.map(({ name }) => name)).toEqual([
    'pytorch_model-00001-of-00002.bin',
    'pytorch_model-00002-of-00002.bin',
  ])
  expect(await valuesOf(checkpoint.get('integers.int64'))).toEqual([-(2 ** 40), 7, 2 ** 50])
})

test.each([
  ['the old format', 'legacy.bin', 'it has the old format of PyTorch (before 1.6), which is not read: save it again'],
  ['a training state', 'training_state.bin', 'its entry "epoch" is number, not a tensor: save only model.state_dict()'],
  [
    'an element type that graphs do not have',
    'float64.bin',
    'it stores tensors as torch.DoubleStorage, which cannot be read',
  ],
  [
    'one value that is said to fill a matrix',
    'expanded.bin',
    'tensor "weight": it repeats 1 stored values to fill [1000, 1000]',
  ],
])('refuses %s, and says what helps', async (_, file, message) => {
  expect(await refusal(file)).toContain(message)
})

test('a file cut anywhere is refused', async () => {
  const file = readFixture('module.bin')
  for (let length = 0; length < file.length; length += 7) await expect(open(file.subarray(0, length))).rejects.toThrow()
  expect((await rejection(open(file.subarray(0, 1000)))).message).toContain('cut short, download it again')
})

test('a damaged list of tensors is noticed', async () => {
  const file = readFixture('module.bin')
  const at = Buffer.from(file).indexOf('0.weight')
  file[at] = 0x37
  expect((await rejection(open(file))).message).toContain('the checksum of its list of tensors is wrong')
})
