import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FormatError, memorySource, UnsafePickleError } from '../../src/checkpoint/index.ts'
import { openPytorch } from '../../src/checkpoint/pytorch.ts'
import { pytorchFile, readFixture, rejection, zipFile } from './files.ts'

const open = (bytes: Uint8Array) => openPytorch(memorySource(bytes, 'model.bin'))

/** A pickle from texts and bytes. */
const pickle = (...parts: (string | number | Uint8Array)[]) =>
  new Uint8Array(
    Buffer.concat(
      parts.map(part => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as string, 'latin1'))),
    ),
  )

const PROTOCOL = '\x80\x02'
const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`
const number32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes.toString('latin1')
}

test.each([
  ['os.system', 'attack_os_system.bin', 'posix.system'],
  ['eval', 'attack_eval.bin', '__builtin__.eval'],
  ['getattr', 'attack_getattr.bin', '__builtin__.getattr'],
])('a file that PyTorch made to call %s is refused by name, and nothing runs', async (_, file, name) => {
  const error = await rejection(open(readFixture(file)))
  expect(error).toBeInstanceOf(UnsafePickleError)
  expect((error as UnsafePickleError).refused).toBe(name)
  expect(error.message).toContain(
    `model.bin: It wants to load "${name}", which no list of tensors needs. It was refused`,
  )
  expect(existsSync('broken_into')).toBe(false)
})

const globals = [
  'os system',
  'builtins eval',
  'builtins getattr',
  'subprocess Popen',
  'torch load',
  'torch._utils _rebuild_tensor_v3',
  'torch._utils __import__',
  'collections OrderedDict.__init__',
  'torch FloatStorage.__class__',
  'torch.storage UntypedStorage',
  '__main__ Model',
]

test.each(globals)('the global "%s" is refused by name', async name => {
  const [module, qualified] = name.split(' ')
  const error = await rejection(open(pytorchFile(pickle(PROTOCOL, `c${module}\n${qualified}\n`, ')R.'))))
  expect(error).toBeInstanceOf(UnsafePickleError)
  expect((error as UnsafePickleError).refused).toBe(`${module}.${qualified}`)
})

test.each([
  ['INST', `(iposix\nsystem\n.`],
  ['OBJ', '(o.'],
  ['NEWOBJ', ')\x81.'],
  ['NEWOBJ_EX', '\x92.'],
  ['STACK_GLOBAL', `${text('os')}${text('system')}\x93.`],
  ['EXT1', '\x82\x01.'],
])('the instruction %s, which makes objects of any class, is refused by name', async (name, code) => {
  const error = await rejection(open(pytorchFile(pickle(PROTOCOL, code))))
  expect(error).toBeInstanceOf(UnsafePickleError)
  expect((error as UnsafePickleError).refused).toBe(name)
})

test.each([
  ['a memory of four thousand million values', `}r${number32(0xfffffff0)}.`, 'it remembers value number 4294967280'],
  ['lists in lists without end', '('.repeat(100_000), 'more than 100 lists lie in one another'],
  ['tuples in tuples without end', `)${'\x85'.repeat(100_000)}.`, 'more than 100 lists lie in one another'],
  [
    'a list that holds itself, again and again',
    `]q\0${'h\0a'.repeat(1000)}.`,
    'more than 100 lists lie in one another',
  ],
  ['a text longer than the file', `X${number32(0xffffffff)}abc.`, 'its list of tensors ends too early'],
  ['a number of 2000 bits', `\x8a\xff${'\x7f'.repeat(255)}.`, 'too large for a tensor'],
  ['values that are not there', '\x87.', 'it takes a value that is not there'],
  ['an end without a beginning', '}t.', 'it ends a list that never began'],
  ['a memory that is not there', 'h\x05.', 'it recalls value number 5, which it never remembered'],
  ['a call of a text', `${text('eval')})R.`, 'it calls what is no function'],
  ['a call of a storage', 'ctorch\nFloatStorage\n)R.', 'it calls torch.FloatStorage, which is no function'],
  ['a state for a tensor', `${text('a')}}b.`, 'it sets the state of an object that has none'],
  ['an instruction that nobody knows', '\xee.', 'the instruction 0xee at byte 2'],
  ['no end', '}', 'its list of tensors ends too early'],
  ['a list that appends to nothing', ']a.', 'it appends to what is no list'],
  [
    'a dictionary of what is no pairs',
    `ccollections\nOrderedDict\n]K\x01a\x85R.`,
    'it fills a table with what is no pair',
  ],
  ['no table at all', ').', 'it holds no tensors by name'],
  ['a storage that is none', `(${text('storage')}tQ.`, 'it refers to something that is no storage'],
])('refuses %s', async (_, code, message) => {
  const error = await rejection(open(pytorchFile(pickle(PROTOCOL, code))))
  expect(error).toBeInstanceOf(FormatError)
  expect(error.message).toContain(message)
})

test('other protocols are refused with advice', async () => {
  const error = await rejection(open(pytorchFile(pickle('\x80\x04', '}.'))))
  expect(error.message).toContain("pickle protocol 4 is not read: save it again with torch.save's own default")
})

/** `{"w": _rebuild_tensor_v2(storage of 4 floats, offset, shape, strides, False, OrderedDict())}` */
function oneTensor(offset: number, shape: number, stride: number, stored = 4) {
  const byte = (value: number) => `K${String.fromCharCode(value)}`
  const id = `(${text('storage')}ctorch\nFloatStorage\n${text('0')}${text('cpu')}${byte(stored)}tQ`
  const ordered = 'ccollections\nOrderedDict\n)R'
  const given = `(${id}${byte(offset)}${byte(shape)}\x85${byte(stride)}\x85\x89${ordered}t`
  return pickle(PROTOCOL, `}${text('w')}ctorch._utils\n_rebuild_tensor_v2\n${given}Rs.`)
}

test('a tensor by hand is read, also from an archive in the zip64 form', async () => {
  const storage = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)
  for (const zip64 of [false, true]) {
    const [tensor] = await open(pytorchFile(oneTensor(1, 3, 1), [storage], { zip64 }))
    expect([...(await tensor!.readAs('float32'))]).toEqual([2, 3, 4])
  }
})

test.each([
  ['beyond its storage', oneTensor(2, 3, 1), 'it reaches to element 4, but its storage has only 4'],
  ['with strides beyond its storage', oneTensor(0, 3, 2), 'it reaches to element 4, but its storage has only 4'],
  ['from a storage that is too short', oneTensor(0, 3, 1, 9), 'its storage has 16 bytes, but 9 × 4 are needed'],
])('refuses a tensor %s', async (_, code, message) => {
  expect((await rejection(open(pytorchFile(code, [new Uint8Array(16)])))).message).toContain(message)
})

test('refuses a tensor without its storage', async () => {
  expect((await rejection(open(pytorchFile(oneTensor(0, 1, 1))))).message).toContain('data/0 is not in the archive')
})

const list = { name: 'archive/data.pkl', bytes: pickle(PROTOCOL, '}.') }
const small = { name: 'archive/data/0', bytes: new Uint8Array(64) }

test.each([
  ['a compressed entry', [list, { ...small, method: 8 }], 'its entry "archive/data/0" is compressed (method 8)'],
  [
    'an entry that grows',
    [list, { ...small, claims: { stored: 64, bytes: 2 ** 31 } }],
    'is said to grow from 64 to 2147483648 bytes',
  ],
  ['an entry larger than the file', [list, { ...small, claims: { bytes: 2 ** 31 } }], 'lies beyond the end'],
  [
    'entries over one another',
    [list, small, { ...small, name: 'archive/data/1', claims: { offset: 50 } }],
    'overlap: this is a zip bomb, or damaged',
  ],
  ['two entries of one name', [list, small, small], 'it has two entries of the name "archive/data/0"'],
  ['an entry in the wrong place', [list, { ...small, claims: { offset: 3 } }], 'is not where the directory says'],
  ['no list of tensors', [small], 'has no list of tensors (data.pkl)'],
  [
    'values of the other byte order',
    [list, { name: 'archive/byteorder', bytes: pickle('big') }],
    'its values are big-endian',
  ],
])('refuses a zip archive with %s', async (_, parts, message) => {
  expect((await rejection(open(zipFile(parts)))).message).toContain(message)
})
