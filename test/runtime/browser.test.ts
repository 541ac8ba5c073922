import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OpenedPage, openPage } from '../browser/harness.ts'
import { find, needs } from '../requirements.ts'

const entry = 'test/browser/engine.ts'

describe('in a cross-origin isolated page', () => {
  let page: OpenedPage
  beforeAll(async () => {
    if (find('chromium')) page = await openPage(entry)
  })
  afterAll(() => page?.[Symbol.asyncDispose]())

  test('WebAssembly runs a graph in a worker', async context => {
    needs(context, 'chromium')
    expect(await page.call('isIsolated')).toBe(true)
    expect(await page.call('addsNumbers', {}, [1, 2], [10, 20])).toEqual([11, 22])
  })

  test('WebAssembly runs a graph in the page itself', async context => {
    needs(context, 'chromium')
    expect(await page.call('addsNumbers', { thread: 'caller' }, [1, 2], [10, 20])).toEqual([11, 22])
  })

  test('weights and outputs to be filled, with one thread and with two', async context => {
    needs(context, 'chromium')
    const one = await page.call<number[]>('usesWeights', { threads: 1 })
    expect(one).toHaveLength(16)
    expect(one.some(value => value !== 0)).toBe(true)
    expect(await page.call('usesWeights', { threads: 2 })).toEqual(one)
  })

  test('the page stays responsive while a graph runs', async context => {
    needs(context, 'chromium')
    expect(await page.call('turnsDuringRun', {})).toBeGreaterThan(10)
  })

  test('bad input is refused with the same errors as in Node', async context => {
    needs(context, 'chromium')
    expect(await page.call('refusals')).toEqual({
      device: { name: 'DeviceError', message: expect.stringMatching(/"cuda" is not there.*Available here: cpu/) },
      profile: { name: 'EngineError', message: expect.stringMatching(/measure in Node/) },
      model: { name: 'ModelError', message: expect.stringMatching(/truncated/) },
      shapes: { name: 'MismatchError', message: expect.stringMatching(/input "b" has shape \[2\].*n is 1 in "a"/) },
      numbers: { name: 'NumericsError', message: expect.stringMatching(/input "b" holds 1 NaN/) },
      cancelled: { name: 'AbortError', message: expect.any(String) },
      file: { name: 'EngineError', message: expect.stringMatching(/weight "w" lies in a file/) },
      operator: { name: 'ExecutionError', message: expect.stringMatching(/Gather/) },
      disposed: { name: 'DisposedError', message: expect.stringMatching(/runtime is disposed/) },
      output: { name: 'NumericsError', message: expect.stringMatching(/output "y" holds 1 NaN or infinite/) },
    })
  })

  test('sessions come and go', async context => {
    needs(context, 'chromium')
    expect(await page.call('cycles', 50)).toBe('done')
    expect(page.console.filter(line => line.startsWith('uncaught'))).toEqual([])
  })
})

test('a page without cross-origin isolation runs on one thread, without shared memory', async context => {
  needs(context, 'chromium')
  await using page = await openPage(entry, { isolated: false })
  expect(await page.call('isIsolated')).toBe(false)
  expect(await page.call('addsNumbers', { threads: 2 }, [1, 2], [10, 20])).toEqual([11, 22])
  expect(await page.call('usesWeights', {})).toHaveLength(16)
})

test('WebGPU computes what WebAssembly computes', async context => {
  needs(context, 'chromium')
  await using page = await openPage(entry, { webgpu: true })
  expect(await page.call('listDevices')).toEqual(['cpu', 'webgpu'])
  const cpu = await page.call<number[]>('usesWeights', {})
  const webgpu = await page.call<number[]>('usesWeights', { device: 'webgpu' })
  for (const [i, value] of cpu.entries()) expect(webgpu[i]).toBeCloseTo(value, 4)
})

test('a WebGPU device that disappears is told, and a new runtime finds it again', async context => {
  needs(context, 'chromium')
  await using page = await openPage(entry, { webgpu: true })
  expect(await page.call('losesDevice')).toEqual({
    told: expect.stringMatching(
      /^DeviceError: the device "webgpu" went away \(.*lost.*\): dispose of this runtime and open/,
    ),
    after: [3],
  })
})
