import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  CheckpointError,
  openBrowserFiles,
  openCheckpoint,
  tensorFromMemory,
  tensorSource,
  writeCheckpoint,
} from '../../src/checkpoint/index.ts'
import type { WeightSource } from '../../src/runtime/runtime.ts'
import { fixture, folderOf, readFixture, rejection, safetensorsFile, temporaryFolder } from './files.ts'

const refusal = async (path: string) => {
  const error = await rejection(openCheckpoint(path))
  expect(error).toBeInstanceOf(CheckpointError)
  return error.message
}

const bytes = (begin: number, end: number) => ({ dtype: 'U8', shape: [end - begin], data_offsets: [begin, end] })
const model = safetensorsFile({ a: bytes(0, 2), b: bytes(2, 3) }, 3)
const index = (map: unknown) => JSON.stringify({ metadata: { total_size: 3 }, weight_map: map })
const first = 'model-00001-of-00002.safetensors'
const second = 'model-00002-of-00002.safetensors'

test('a folder gives tensors, configuration, files and sizes', async () => {
  const folder = folderOf({
    'model.safetensors': model,
    'config.json': '\ufeff{"model_type": "qwen"}',
    'generation_config.json': '{"top_p": 0.3}\r\n',
  })
  await using checkpoint = await openCheckpoint(folder)
  expect(checkpoint).toMatchObject({
    origin: folder,
    format: 'safetensors',
    names: ['a', 'b'],
    config: { model_type: 'qwen' },
    generationConfig: { top_p: 0.3 },
    files: [{ name: 'model.safetensors', bytes: model.length }],
    totalBytes: 3,
  })
  expect(checkpoint.has('a')).toBe(true)
  expect([...(await checkpoint.get('b').read())]).toEqual([2])
})

test('a file can be named instead of its folder, and an index too', async () => {
  await using checkpoint = await openCheckpoint(fixture('sharded/pytorch_model.bin.index.json'))
  await using part = await openCheckpoint(fixture('sharded/pytorch_model-00001-of-00002.bin'))
  expect([checkpoint.names.length, part.names.length]).toEqual([6, 3])
  expect(part.config).toEqual({ model_type: 'qwen' })
})

test('a tensor that is not there is answered with the most similar ones', async () => {
  await using checkpoint = await openCheckpoint(fixture('gptq/sym.safetensors'))
  expect(() => checkpoint.get('scale')).toThrow(/has no tensor "scale"; the most similar ones are "scales"/)
  expect(checkpoint.has('scale')).toBe(false)
})

test('an engine gets a region of the file where the type is right, and else the converted values', async () => {
  const folder = temporaryFolder()
  const half = tensorFromMemory('half', 'bfloat16', [2], Uint16Array.of(0x3f80, 0xc000))
  const full = tensorFromMemory('full', 'float32', [1], Float32Array.of(3))
  await writeCheckpoint(folder, [half, full])
  await using checkpoint = await openCheckpoint(folder)
  const sources: Record<string, WeightSource> = {
    mapped: await tensorSource(checkpoint.get('full'), 'float32'),
    widened: await tensorSource(checkpoint.get('half'), 'float32'),
    narrowed: await tensorSource(checkpoint.get('full'), 'float16'),
  }
  expect(sources).toEqual({
    mapped: checkpoint.get('full').region,
    widened: { type: 'float32', shape: [2], data: Float32Array.of(1, -2) },
    narrowed: { type: 'float16', shape: [1], data: Uint16Array.of(0x4200) },
  })
  await expect(tensorSource(checkpoint.get('full'), 'int32')).rejects.toThrow('cannot be read as int32')
})

test('the parts of a checkpoint are one checkpoint; the index decides where two files have the same tensor', async () => {
  const folder = folderOf({
    [first]: safetensorsFile({ a: bytes(0, 2), b: bytes(2, 4) }, 4),
    [second]: safetensorsFile({ b: bytes(0, 3), unlisted: bytes(3, 4) }, 4),
    'model.safetensors.index.json': index({ a: first, b: second }),
  })
  await using checkpoint = await openCheckpoint(folder)
  expect(checkpoint.names).toEqual(['a', 'b', 'unlisted'])
  expect(checkpoint.get('b').shape).toEqual([3])
})

test('every missing file of a checkpoint in parts is named', async () => {
  const folder = folderOf({ 'model.safetensors.index.json': index({ a: first, b: second }) })
  expect(await refusal(folder)).toContain(
    `2 of 2 files are missing: ${first}, ${second}. Pull or copy the checkpoint again`,
  )
})

test.each([
  [
    'tensors that are not in their files',
    { a: first, c: first, d: second },
    '2 tensors of model.safetensors.index.json are not in their files: "c" in ',
  ],
  [
    'files outside of the folder',
    { a: '../../etc/passwd' },
    'tensor "a" is said to lie in "../../etc/passwd", which is no file of a checkpoint',
  ],
  ['no map', undefined, 'it is no index of a checkpoint: it has no weight_map'],
  ['nothing', {}, 'it lists no tensors'],
])('refuses an index with %s', async (_, map, message) => {
  const folder = folderOf({ [first]: model, [second]: model, 'model.safetensors.index.json': index(map) })
  expect(await refusal(folder)).toContain(message)
})

test.each([
  ['an empty folder', {}, 'holds no checkpoint: there is no model.safetensors, '],
  ['a folder of other things', { 'notes.txt': '' }, 'It has notes.txt'],
  ['parts without an index', { [first]: model }, 'model.safetensors.index.json is missing beside model-00001-of-00002'],
  [
    'several checkpoints',
    { 'a.safetensors': model, 'b.safetensors': model },
    'several checkpoints (a.safetensors, b.safetensors): name the file',
  ],
  ['a damaged config', { 'model.safetensors': model, 'config.json': '{"a": ' }, 'config.json: it is not JSON'],
  [
    'a config that is a list',
    { 'model.safetensors': model, 'config.json': '[]' },
    'config.json: it holds no JSON object',
  ],
])('refuses %s', async (_, files, message) => {
  expect(await refusal(folderOf(files))).toContain(message)
})

test('paths that lead nowhere, or to other files, are refused in one line', async () => {
  const folder = folderOf({ 'photo.jpg': '' })
  expect(await refusal(join(folder, 'nothing'))).toContain('nothing cannot be opened: there is no such file or folder')
  expect(await refusal(join(folder, 'photo.jpg'))).toContain('is no checkpoint: a folder, or a file .safetensors')
  mkdirSync(join(folder, 'model.safetensors'))
  expect(await refusal(folder)).toContain('holds no checkpoint')
})

test('a single safetensors file of any name is found', async () => {
  await using checkpoint = await openCheckpoint(folderOf({ 'gptq_model-4bit-128g.safetensors': model }))
  expect(checkpoint.names).toEqual(['a', 'b'])
})

test('files are closed when a checkpoint is disposed of, and when opening it fails', async () => {
  const open = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0)
  const before = open()
  const checkpoint = await openCheckpoint(folderOf({ 'model.safetensors': model }))
  await checkpoint.dispose()
  await checkpoint.dispose()
  await expect(checkpoint.get('a').read()).rejects.toThrow('was read after its checkpoint was disposed of')
  const damaged = folderOf({
    [first]: model,
    [second]: 'no',
    'model.safetensors.index.json': index({ a: first, b: second }),
  })
  for (let i = 0; i < 20; i++) await expect(openCheckpoint(damaged)).rejects.toThrow(second)
  expect(open()).toBeLessThanOrEqual(before)
})

test('a file that shrinks while it is open is noticed', async () => {
  const folder = folderOf({ 'model.safetensors': model })
  await using checkpoint = await openCheckpoint(folder)
  writeFileSync(join(folder, 'model.safetensors'), model.subarray(0, 20))
  await expect(checkpoint.get('b').read()).rejects.toThrow('while it was read: it must not change')
})

test('a browser opens the same files from Blobs and buffers, and reads only what is asked for', async () => {
  let read = 0
  class CountingBlob extends Blob {
    override slice(from?: number, to?: number) {
      read += to! - from!
      return super.slice(from, to)
    }
  }
  const file = new CountingBlob([model, new Uint8Array(0)])
  const checkpoint = await openBrowserFiles({ 'model.safetensors': file, 'config.json': Buffer.from('{"a": 1}') })
  expect(checkpoint.config).toEqual({ a: 1 })
  const header = read
  expect([...(await checkpoint.get('a').read())]).toEqual([0, 1])
  expect(read - header).toBe(2)
  expect(checkpoint.get('a').region).toBeUndefined()
  const parts = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin', 'pytorch_model.bin.index.json']
  const pytorch = await openBrowserFiles(Object.fromEntries(parts.map(name => [name, readFixture(`sharded/${name}`)])))
  expect(pytorch.names).toHaveLength(6)
  await expect(openBrowserFiles({})).rejects.toThrow('the chosen files holds no checkpoint')
})
