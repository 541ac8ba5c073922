import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { add, compile, gather, input, scope } from '../../src/graph/index.ts'
import { MismatchError, openRuntime, type Runtime, tensorValue } from '../../src/runtime/node.ts'
import { indices, numbers, tableGraph } from './graphs.ts'

let runtime: Runtime
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weights test ü '))
  process.env['TMPDIR'] = folder // other tests run beside this one, with temporary files of their own
  runtime = await openRuntime()
})

afterAll(async () => {
  await runtime.dispose()
  rmSync(folder, { recursive: true })
})

const counting = (length: number) => Float32Array.from({ length }, (_, i) => i)
const leftovers = () => readdirSync(folder).filter(name => name.startsWith('qwen-vl-weights-'))

test.each([
  { size: 'small', rows: 4 },
  { size: 'large', rows: 40_000 },
])('$size weights in memory', async ({ rows }) => {
  const data = counting(rows * 4)
  await using session = await runtime.openSession(tableGraph(rows, 4), {
    weights: { table: tensorValue('float32', [rows, 4], data) },
  })
  expect(leftovers()).toEqual([])
  data.fill(0) // the session must not need them any more
  const answer = await session.run(indices(rows - 1, 1))
  expect(numbers(answer['rows'])).toEqual([...counting(rows * 4).slice(-4), 4, 5, 6, 7])
})

test('weights on shared memory, and on a part of an array', async () => {
  const rows = 40_000
  const shared = new Float32Array(new SharedArrayBuffer(rows * 16 + 64), 64, rows * 4)
  shared.set(counting(rows * 4))
  await using session = await runtime.openSession(tableGraph(rows, 4), {
    weights: { table: tensorValue('float32', [rows, 4], shared) },
  })
  expect(numbers((await session.run(indices(30_000)))['rows'])).toEqual([120_000, 120_001, 120_002, 120_003])
})

test.each([
  { name: 'aligned', offset: 4096 },
  { name: 'in the middle of a page', offset: 1000 },
  { name: 'at an odd byte', offset: 1003 },
])('weights inside a file, $name', async ({ offset }) => {
  const path = join(folder, `table ${offset}.safetensors`)
  writeFileSync(path, Buffer.concat([Buffer.alloc(offset, 255), Buffer.from(counting(80_000).buffer), Buffer.alloc(9)]))
  await using session = await runtime.openSession(tableGraph(20_000, 4), {
    weights: { table: { path, offset, length: 320_000 } },
  })
  expect(numbers((await session.run(indices(19_999)))['rows'])).toEqual([79_996, 79_997, 79_998, 79_999])
})

test('weights from several files, through links, beside weights in memory', async () => {
  const files = ['a', 'b'].map(name => join(folder, name))
  for (const path of files) writeFileSync(path, new Uint8Array(counting(80_000).buffer))
  symlinkSync(files[1]!, join(folder, 'link'))
  const index = input('index', 'int64', ['n'])
  const rows = ['a', 'b', 'c'].map(name => gather(scope().parameter(name, [20_000, 4]), index))
  const graph = compile({ rows: add(add(rows[0]!, rows[1]!), rows[2]!) })
  await using session = await runtime.openSession(graph, {
    weights: {
      a: { path: files[0]!, offset: 0, length: 320_000 },
      b: { path: join(folder, 'link'), offset: 0, length: 320_000 },
      c: tensorValue('float32', [20_000, 4], counting(80_000)),
    },
  })
  expect(numbers((await session.run(indices(2)))['rows'])).toEqual([24, 27, 30, 33])
})

test('files that are missing or too short are all named', async () => {
  const path = join(folder, 'short')
  writeFileSync(path, new Uint8Array(100))
  const index = input('index', 'int64', ['n'])
  const graph = compile({
    rowsOfA: gather(scope().parameter('a', [8, 4]), index),
    rowsOfB: gather(scope().parameter('b', [8, 4]), index),
  })
  const weights = { a: { path, offset: 0, length: 128 }, b: { path: join(folder, 'none'), offset: 0, length: 128 } }
  const error = await runtime.openSession(graph, { weights }).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(MismatchError)
  expect((error as MismatchError).mismatches).toEqual([
    `weight "a" is said to lie at bytes 0 to 128 of ${path}, which has 100: the file is truncated, or another one`,
    `weight "b": the file ${join(folder, 'none')} cannot be opened`,
  ])
})

test('wrong weights are refused before anything is opened', async () => {
  const weights = { table: tensorValue('float32', [4, 2], counting(8)), bias: tensorValue('float32', [1], [0]) }
  await expect(runtime.openSession(tableGraph(2, 4), { weights })).rejects.toThrow(
    /weights do not fit the graph:\n.*no weight "bias".*\n.*\[4, 2\], but the graph takes \[2, 4\]/,
  )
  await expect(runtime.openSession(tableGraph(2, 4))).rejects.toThrow(/weight "table" is missing: float32 \[2, 4\]/)
})

test('a folder for temporary files that does not exist is told', async () => {
  process.env['TMPDIR'] = join(folder, 'nowhere')
  try {
    const weights = { table: tensorValue('float32', [40_000, 4], counting(160_000)) }
    await expect(runtime.openSession(tableGraph(40_000, 4), { weights })).rejects.toThrow(/set TMPDIR to a folder/)
  } finally {
    process.env['TMPDIR'] = folder
  }
})

test('more than 2 GB of weights', async () => {
  // A file of holes: it takes no room on the disk and, mapped, none in memory.
  const path = join(folder, 'large')
  writeFileSync(path, '')
  const bytes = 2 ** 30
  truncateSync(path, 3 * bytes)
  const index = input('index', 'int64', ['n'])
  const names = ['a', 'b', 'c']
  const graph = compile(
    Object.fromEntries(names.map(name => [`${name}Rows`, gather(scope().parameter(name, [2 ** 18, 1024]), index)])),
  )
  const weights = Object.fromEntries(names.map((name, i) => [name, { path, offset: i * bytes, length: bytes }]))
  await using session = await runtime.openSession(graph, { weights })
  const answer = await session.run(indices(2 ** 18 - 1))
  expect(Object.values(answer).map(({ shape }) => shape)).toEqual([
    [1, 1024],
    [1, 1024],
    [1, 1024],
  ])
})

/** Megabytes of memory that only this process has, and the most it ever had, after each step of `memory.ts`. */
function memoryOf(how: string): { anonymous: number; peak: number }[] {
  const script = new URL('memory.ts', import.meta.url).pathname
  const output = execFileSync(process.execPath, ['--import', 'tsx', script, how, folder], { encoding: 'utf8' })
  return output
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

const linux = process.platform === 'linux'

test.skipIf(!linux)('256 MB of weights in a file take no memory of their own', () => {
  const [before, after] = memoryOf('file')
  expect(after!.anonymous - before!.anonymous).toBeLessThan(40)
})

test.skipIf(!linux)('256 MB of weights in memory are not copied', () => {
  const [before, after] = memoryOf('memory')
  expect(before!.anonymous).toBeGreaterThan(256)
  expect(after!.anonymous - before!.anonymous).toBeLessThan(40)
})
