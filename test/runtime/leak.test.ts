import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compile, input, linear, scope } from '../../src/graph/index.ts'
import { openRuntime, type Runtime, tensorValue } from '../../src/runtime/node.ts'
import { sumFeeds, sumGraph, tableGraph } from './graphs.ts'

const width = 512 // a weight of 1 MB: one that is kept each time would show
const graph = compile({ y: linear(input('x', 'float32', ['n', width]), scope().parameter('w', [width, width])) })
const weights = { w: tensorValue('float32', [width, width], new Float32Array(width * width).fill(0.5)) }
const feeds = { x: tensorValue('float32', [8, width], new Float32Array(8 * width).fill(1)) }

async function cycle(runtime: Runtime, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await using session = await runtime.openSession(graph, { weights })
    await session.run(feeds)
  }
}

const linux = process.platform === 'linux'
const threads = () => readdirSync('/proc/self/task').length
const files = () => readdirSync('/proc/self/fd').length
const mappedWeights = () => readFileSync('/proc/self/maps', 'utf8').split('qwen-vl-weights').length - 1
const megabytes = () => process.memoryUsage().rss / 2 ** 20

test.skipIf(!linux)('a session maps its weights, as long as it lives', async () => {
  await using runtime = await openRuntime()
  const session = await runtime.openSession(tableGraph(40_000, 4), {
    weights: { table: tensorValue('float32', [40_000, 4], new Float32Array(160_000)) },
  })
  expect(mappedWeights()).toBe(1)
  await session.dispose()
  expect(mappedWeights()).toBe(0)
})

test('200 sessions, created, run and disposed of, leave memory, threads and files as they were', async () => {
  await using runtime = await openRuntime({ threads: 2 })
  await cycle(runtime, 50)
  const before = { megabytes: megabytes(), ...(linux && { threads: threads(), files: files() }) }
  await cycle(runtime, 200)
  expect(megabytes() - before.megabytes).toBeLessThan(20)
  if (linux) {
    expect(threads()).toBe(before.threads)
    expect(files()).toBe(before.files)
    expect(mappedWeights()).toBe(0)
  }
})

test.skipIf(!linux)('runtimes leave no thread behind, whether they open, fail or are disposed of twice', async () => {
  const open = async () => {
    await using runtime = await openRuntime({ threads: 2 })
    const session = await runtime.openSession(sumGraph())
    await session.run(sumFeeds([1], [2]))
    await runtime.openSession({ ...sumGraph(), onnx: new Uint8Array(3) }).catch(() => {})
    await openRuntime({ device: 'cuda' }).catch(() => {})
  }
  await open()
  const before = threads()
  for (let i = 0; i < 3; i++) await open()
  expect(threads()).toBe(before)
})

test('2,000 runs leave memory as it was', async () => {
  await using runtime = await openRuntime({ threads: 1 })
  await using session = await runtime.openSession(graph, { weights })
  const run = async (times: number) => {
    for (let i = 0; i < times; i++) await session.run(feeds)
  }
  await run(500)
  const before = megabytes()
  await run(2000)
  expect(megabytes() - before).toBeLessThan(20)
})
