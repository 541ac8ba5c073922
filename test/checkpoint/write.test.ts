import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  convertTensor,
  DiskSpaceError,
  openCheckpoint,
  type ReadableTensor,
  tensorFromMemory,
  writeCheckpoint,
  writeSafetensors,
} from '../../src/checkpoint/index.ts'
import { divide, layOut } from '../../src/checkpoint/safetensorsLayout.ts'
import { rejection, temporaryFolder } from './files.ts'

const floats = (name: string, ...values: number[]) =>
  tensorFromMemory(name, 'float32', [values.length], Float32Array.from(values))
const bytes = (name: string, ...values: number[]) =>
  tensorFromMemory(name, 'uint8', [values.length], Uint8Array.from(values))

test('what is written is read again: names, types, shapes, values, metadata', async () => {
  const path = join(temporaryFolder(), 'adapter.safetensors')
  const half = tensorFromMemory('half', 'bfloat16', [1, 3], Uint16Array.of(0x3f80, 0xc020, 0x7f80))
  const long = tensorFromMemory('long', 'int64', [], BigInt64Array.of(-(2n ** 60n)))
  await writeSafetensors(path, [bytes('b"\\ü', 1, 2, 3), half, long, floats('empty')], { metadata: { note: 'ü' } })
  await using checkpoint = await openCheckpoint(path)
  expect(checkpoint.metadata).toEqual({ note: 'ü' })
  expect(checkpoint.names).toEqual(['long', 'empty', 'half', 'b"\\ü'])
  expect(checkpoint.get('half')).toMatchObject({ dtype: 'bfloat16', shape: [1, 3], bytes: 6 })
  expect([...(await checkpoint.get('half').readAs('float32'))]).toEqual([1, -2.5, Number.POSITIVE_INFINITY])
  expect(new BigInt64Array((await checkpoint.get('long').read()).buffer)[0]).toBe(-(2n ** 60n))
  expect([...(await checkpoint.get('b"\\ü').read())]).toEqual([1, 2, 3])
})

test('the same tensors give the same bytes, in whatever order they come', async () => {
  const folder = temporaryFolder()
  const tensors = [floats('a', 1, 2), bytes('c', 3), floats('b', 4), bytes('10', 5), bytes('9', 6)]
  await writeSafetensors(join(folder, 'one'), tensors, { metadata: { x: '1', a: '2' } })
  await writeSafetensors(join(folder, 'two'), tensors.toReversed(), { metadata: { a: '2', x: '1' } })
  expect(readFileSync(join(folder, 'one'))).toEqual(readFileSync(join(folder, 'two')))
})

test('every tensor lies aligned to its elements, and the values begin on a border of 64 bytes', () => {
  const tensors = [bytes('a', 1), floats('b', 1), tensorFromMemory('c', 'int64', [1], BigInt64Array.of(1n))]
  const { header, tensors: ordered } = layOut(tensors, {})
  expect(header.byteLength % 64).toBe(0)
  expect(ordered.map(({ name }) => name)).toEqual(['c', 'b', 'a'])
})

test('transformers finds the format that it asks for in the metadata', async () => {
  const path = join(temporaryFolder(), 'model.safetensors')
  await writeSafetensors(path, [bytes('a', 1)])
  await using checkpoint = await openCheckpoint(path)
  expect(checkpoint.metadata).toEqual({ format: 'pt' })
})

test('a checkpoint larger than a file may be comes in several, with an index that others understand', async () => {
  const folder = temporaryFolder()
  const tensors = [floats('x', 1, 2), floats('y', 3), bytes('z', 4, 5, 6, 7)]
  const files = await writeCheckpoint(folder, tensors, { maxFileBytes: 8 })
  expect(files).toEqual([
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model.safetensors.index.json',
  ])
  expect(readdirSync(folder).sort()).toEqual(files)
  expect(JSON.parse(readFileSync(join(folder, files[2]!), 'utf8'))).toEqual({
    metadata: { total_size: 16 },
    weight_map: { x: files[0], y: files[1], z: files[1] },
  })
  await using checkpoint = await openCheckpoint(folder)
  expect(checkpoint.totalBytes).toBe(16)
  expect([...(await checkpoint.get('y').readAs('float32'))]).toEqual([3])
})

test('a checkpoint saved over another leaves nothing of the old one that could be read', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'config.json'), '{}')
  writeFileSync(join(folder, 'other.safetensors'), 'not ours')
  await writeCheckpoint(folder, [floats('x', 1, 2), floats('y', 3)], { maxFileBytes: 8 })
  await writeCheckpoint(folder, [floats('x', 9)])
  expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors', 'other.safetensors'])
  await writeCheckpoint(folder, [floats('x', 1, 2), floats('y', 3)], { maxFileBytes: 8 })
  expect(readdirSync(folder).filter(name => name.startsWith('model'))).toHaveLength(3)
})

test('an open checkpoint is copied in another float type, part by part', async () => {
  const folder = temporaryFolder()
  await writeCheckpoint(folder, [floats('x', 1, 1 / 3), bytes('z', 4)])
  await using source = await openCheckpoint(folder)
  const path = join(folder, 'half.safetensors')
  const tensors = source.tensors.map(each => (each.dtype === 'float32' ? convertTensor(each, 'float16') : each))
  await writeSafetensors(path, tensors)
  await using copy = await openCheckpoint(path)
  expect(copy.get('x').dtype).toBe('float16')
  expect([...(await copy.get('x').readAs('float32'))]).toEqual([1, 0.333251953125])
  expect(copy.totalBytes).toBe(5)
})

test('progress ends at the size of the files', async () => {
  const path = join(temporaryFolder(), 'model.safetensors')
  const seen: [number, number][] = []
  await writeSafetensors(path, [floats('x', 1, 2)], { onProgress: (done, total) => void seen.push([done, total]) })
  expect(seen.at(-1)).toEqual([statSync(path).size, statSync(path).size])
})

const failing = (name: string, failure: () => never): ReadableTensor => ({
  name,
  dtype: 'uint8',
  shape: [3],
  read: async () => failure(),
})

test('when reading fails, or the writing is cancelled, the old checkpoint stays and nothing half-written is left', async () => {
  const folder = temporaryFolder()
  await writeCheckpoint(folder, [floats('x', 7)])
  const before = readFileSync(join(folder, 'model.safetensors'))
  const broken = failing('y', () => {
    throw new Error('the disk broke')
  })
  await expect(writeCheckpoint(folder, [floats('x', 1), broken], { maxFileBytes: 4 })).rejects.toThrow('the disk broke')
  const controller = new AbortController()
  const cancelling = failing('y', () => {
    controller.abort()
    throw controller.signal.reason
  })
  await expect(writeCheckpoint(folder, [cancelling], controller)).rejects.toThrow(/abort/)
  expect(readdirSync(folder)).toEqual(['model.safetensors'])
  expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(before)
})

test('a disk without room is noticed before anything is written', async () => {
  const folder = temporaryFolder()
  const huge: ReadableTensor = {
    name: 'x',
    dtype: 'float32',
    shape: [2 ** 50],
    read: () => Promise.reject(new Error('read')),
  }
  const error = await rejection(writeSafetensors(join(folder, 'huge.safetensors'), [huge]))
  expect(error).toBeInstanceOf(DiskSpaceError)
  expect(error.message).toMatch(
    /has room for .*, but 4503\.6 TB are needed: free .*, or choose a folder on another disk/,
  )
  expect(readdirSync(folder)).toEqual([])
})

test('names that appear twice, and tensors larger than a file may be, are refused', async () => {
  const path = join(temporaryFolder(), 'model.safetensors')
  await expect(writeSafetensors(path, [bytes('a', 1), bytes('a', 2)])).rejects.toThrow(
    'cannot hold the tensor "a" twice',
  )
  await expect(writeSafetensors(path, [bytes('__metadata__', 1)])).rejects.toThrow('__metadata__')
  expect(() => divide([floats('x', 1, 2)], 'model', 4)).toThrow('tensor "x" has 8 bytes, more than a file may have')
  expect(() => tensorFromMemory('a', 'float32', [3], Float32Array.of(1))).toThrow('takes 12 bytes, but 4 were given')
})

test('tensors larger than what is read and written at once keep every value', async () => {
  const path = join(temporaryFolder(), 'large.safetensors')
  const values = Uint16Array.from({ length: 18_000_001 }, (_, i) => 0x3f80 + (i % 100))
  await writeSafetensors(path, [tensorFromMemory('large', 'bfloat16', [values.length], values)])
  await using checkpoint = await openCheckpoint(path)
  const tensor = checkpoint.get('large')
  const floats = await tensor.readAs('float32')
  expect(floats.findIndex((value, i) => value !== 1 + (i % 100) / 128)).toBe(-1)
  const halves = await convertTensor(tensor, 'float16').readAs('float16')
  const same = (await tensor.readAs('float16')).every((bits, i) => bits === halves[i])
  expect(same).toBe(true)
  expect(halves.at(-1)).toBe(0x3c00)
})
