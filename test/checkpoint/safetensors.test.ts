import { expect, test } from 'vitest'
import { memorySource } from '../../src/checkpoint/index.ts'
import { openSafetensors } from '../../src/checkpoint/safetensors.ts'
import { readFixture, rejection, safetensorsFile } from './files.ts'

const open = (bytes: Uint8Array) => openSafetensors(memorySource(bytes, 'model.safetensors'))
const refusal = async (bytes: Uint8Array) => (await rejection(open(bytes))).message

const tensor = (dtype: string, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets })

test('tensors come with name, type, shape and place, and their values when they are asked for', async () => {
  const header = { __metadata__: { format: 'pt' }, b: tensor('U8', [2, 2], [4, 8]), a: tensor('F32', [1], [0, 4]) }
  const { tensors, metadata } = await open(safetensorsFile(header, 8))
  expect(metadata).toEqual({ format: 'pt' })
  expect(tensors.map(({ name, dtype, shape, bytes }) => ({ name, dtype, shape, bytes }))).toEqual([
    { name: 'b', dtype: 'uint8', shape: [2, 2], bytes: 4 },
    { name: 'a', dtype: 'float32', shape: [1], bytes: 4 },
  ])
  expect([...(await tensors[0]!.read())]).toEqual([4, 5, 6, 7])
  expect([...(await tensors[0]!.read(1, 2))]).toEqual([5, 6])
})

test('a file written by PyTorch code is read: every type and value', async () => {
  const { tensors } = await open(readFixture('gptq/sym.safetensors'))
  const types = Object.fromEntries(tensors.map(({ name, dtype }) => [name, dtype]))
  expect(types).toMatchObject({ qweight: 'int32', scales: 'float16', expected_weight: 'float32' })
  const groups = tensors.find(({ name }) => name === 'g_idx')!
  expect([...new Int32Array((await groups.read()).buffer)]).toEqual(Array.from({ length: 384 }, (_, i) => i >> 7))
})

test('scalars, empty tensors and spaces behind the header are allowed', async () => {
  const text = `${JSON.stringify({ s: tensor('I64', [], [0, 8]), e: tensor('F16', [0, 3], [8, 8]) })}     `
  const { tensors } = await open(safetensorsFile(text, 8))
  expect(tensors.map(({ bytes }) => bytes)).toEqual([8, 0])
  expect(await tensors[1]!.read()).toHaveLength(0)
})

test('floats are read as float32 and float16 from any float type; integers are not', async () => {
  const header = { h: tensor('F16', [2], [0, 4]), b: tensor('BF16', [2], [4, 8]), i: tensor('I32', [1], [8, 12]) }
  const file = safetensorsFile(header, 12)
  new DataView(file.buffer).setUint32(file.length - 12, 0x3c00c000, true) // float16 -2, 1
  new DataView(file.buffer).setUint32(file.length - 8, 0x3f80c000, true) // bfloat16 -2, 1
  const [half, brain, integer] = (await open(file)).tensors
  expect([...(await half!.readAs('float32'))]).toEqual([-2, 1])
  expect([...(await brain!.readAs('float32'))]).toEqual([-2, 1])
  expect(await brain!.readAs('float16')).toEqual(await half!.readAs('float16'))
  expect((await rejection(integer!.readAs('float32'))).message).toBe(
    'tensor "i" is int32 [1], and cannot be read as float32',
  )
})

test('a part beyond the end of a tensor is refused', async () => {
  const { tensors } = await open(safetensorsFile({ a: tensor('U8', [4], [0, 4]) }, 4))
  expect((await rejection(tensors[0]!.read(2, 3))).message).toContain('bytes 2 to 5 were asked for, but it has 4')
})

const f32 = (begin: number, end: number) => tensor('F32', [(end - begin) / 4], [begin, end])

test.each([
  [
    'a file that ends too early',
    { a: f32(0, 8) },
    4,
    'tensor "a": it needs bytes 0 to 8 of the data, but the file ends after 4',
  ],
  ['bytes that belong to no tensor', { a: f32(0, 8) }, 12, '4 bytes after the last tensor belong to no tensor'],
  [
    'tensors that overlap',
    { a: f32(0, 8), b: f32(4, 12) },
    12,
    'tensor "b": it begins at byte 4, inside tensor "a", which ends at 8',
  ],
  [
    'a gap between tensors',
    { a: f32(0, 4), b: f32(8, 12) },
    12,
    'tensor "b": it begins at byte 8, but nothing fills the bytes from 4 on',
  ],
  [
    'a wrong number of bytes',
    { a: tensor('F32', [3], [0, 8]) },
    8,
    'F32 [3] takes 12 bytes, but its entry covers bytes 0 to 8 (8)',
  ],
  [
    'offsets that run backwards',
    { a: tensor('F32', [1], [8, 4]) },
    8,
    'takes 4 bytes, but its entry covers bytes 8 to 4 (-4)',
  ],
  ['negative sizes', { a: tensor('F32', [-1], [0, 4]) }, 4, '[-1] is not a shape'],
  ['sizes beyond all numbers', { a: tensor('F32', [2 ** 50, 2 ** 50], [0, 4]) }, 4, 'is larger than any file'],
  [
    'an element type that nobody knows',
    { a: tensor('F64', [1], [0, 8]) },
    8,
    'tensor "a": the element type "F64" cannot be read: it must be F32,',
  ],
  ['an entry that is no entry', { a: 5 }, 0, 'tensor "a": its entry in the header is no object'],
  ['offsets that are none', { a: tensor('F32', [1], [0]) }, 4, '[0] are not two byte offsets'],
  ['metadata that is no text', { __metadata__: { a: 1 } }, 0, 'the metadata of the header must be texts'],
  [
    'the same tensor twice',
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
    1,
    'the key "a" appears twice',
  ],
  [
    'the same tensor twice, once in disguise',
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
    1,
    'the key "a" appears twice',
  ],
  ['a header that is no JSON', '{"a":', 8, 'it is not JSON'],
])('refuses %s', async (_, header, bytes, message) => {
  const text = await refusal(safetensorsFile(header, bytes))
  expect(text).toContain('model.safetensors')
  expect(text).toContain(message)
})

test.each([
  ['an empty file', new Uint8Array(0), 'it is empty: download it again'],
  ['a web page', Buffer.from('<!doctype html><html><body>Sign in</body></html>'), 'it is an HTML or XML page'],
  [
    'a pointer of Git LFS',
    Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n'),
    'run "git lfs pull" there',
  ],
  ['a zip archive', Buffer.from('PK\x03\x04 and so on and on'), 'it is a zip archive'],
  ['a download of zeros', new Uint8Array(1000), 'never finished'],
  [
    'noise',
    Buffer.from('\x10\x00\x00\x00\x00\x00\x00\x00noise noise noise'),
    'it is no safetensors file, or it is damaged',
  ],
])('says what %s is', async (_, bytes, message) => {
  expect(await refusal(new Uint8Array(bytes))).toContain(message)
})

test('a header longer than the file, or than allowed, is not read', async () => {
  const file = safetensorsFile({ a: tensor('U8', [1], [0, 1]) }, 1)
  const claim = (bytes: bigint) => {
    const copy = new Uint8Array(file)
    new DataView(copy.buffer).setBigUint64(0, bytes, true)
    return copy
  }
  expect(await refusal(claim(5000n))).toContain(
    `said to have 5000 bytes, but the file has ${file.length}: it is cut short`,
  )
  expect(await refusal(claim(2n ** 63n))).toContain('at most 100000000 are allowed')
})

test('a file cut anywhere is refused', async () => {
  const file = safetensorsFile({ a: f32(0, 8), b: f32(8, 16) }, 16)
  for (let length = 0; length < file.length; length++) await expect(open(file.subarray(0, length))).rejects.toThrow()
})
