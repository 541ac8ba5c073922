import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compile, input, matmul, softmax } from '../../src/graph/index.ts'
import { formatProfile, mergeProfiles, openRuntime, tensorValue } from '../../src/runtime/node.ts'
import { readProfile } from '../../src/runtime/profile.ts'
import { sumFeeds, sumGraph } from './graphs.ts'

const line = (name: string, cat: string, dur: number, op_name?: string) =>
  JSON.stringify({ cat, name, dur, ph: 'X', args: op_name ? { op_name, provider: 'CPUExecutionProvider' } : {} })

const text = `[
${line('model_run', 'Session', 5000)},
${line('a_kernel_time', 'Node', 3000, 'MatMul')},
${line('b_kernel_time', 'Node', 500, 'Add')},
${line('a_kernel_time', 'Node', 500, 'MatMul')},
${line('a_kernel_time', 'Node', 500, 'MatMul').slice(0, -5)}`

test('a profile is read up to where it is cut off', () => {
  expect(readProfile(text)).toEqual({
    rows: [
      { operator: 'MatMul', device: 'cpu', calls: 2, ms: 3.5, share: 0.875 },
      { operator: 'Add', device: 'cpu', calls: 1, ms: 0.5, share: 0.125 },
    ],
    runs: 1,
    runMs: 5,
  })
})

test('profiles add up, and read as a table', () => {
  const table = formatProfile(mergeProfiles([readProfile(text), readProfile(text)]))
  expect(table).toBe(
    [
      'operator       device  calls     ms   share',
      'MatMul         cpu         4   7.00   87.5%',
      'Add            cpu         2   1.00   12.5%',
      'all operators              6   8.00  100.0%',
      '2 runs                        10.00',
    ].join('\n'),
  )
  expect(formatProfile(readProfile(''))).toMatch(/^operator +device +calls/)
})

test('a runtime that profiles tells every operator of all its sessions, and leaves no file behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'profile test '))
  process.env['TMPDIR'] = folder // other tests run beside this one, with temporary files of their own
  const runtime = await openRuntime({ profile: true })
  const x = input('x', 'float32', ['n', 'n'])
  const first = await runtime.openSession(compile({ y: softmax(matmul(x, x)) }))
  const second = await runtime.openSession(sumGraph())
  for (let i = 0; i < 3; i++) {
    await first.run({ x: tensorValue('float32', [2, 2], [1, 2, 3, 4]) })
    await second.run(sumFeeds([1], [2]))
  }
  await first.dispose()
  const { rows, runs, runMs } = await runtime.profile()
  expect(rows.map(({ operator, device, calls }) => `${operator} ${device} ${calls}`).sort()).toEqual([
    'Add cpu 3',
    'MatMul cpu 3',
    'Softmax cpu 3',
  ])
  expect(rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
  expect(runs).toBe(6)
  expect(runMs).toBeGreaterThan(0)
  await runtime.dispose()
  expect(readdirSync(folder).filter(name => name.startsWith('qwen-vl-'))).toEqual([])
  rmSync(folder, { recursive: true })
  delete process.env['TMPDIR']
})

test('a runtime that does not profile says how to', async () => {
  await using runtime = await openRuntime()
  const session = await runtime.openSession(sumGraph())
  await expect(session.profile()).rejects.toThrow(/open the runtime with { profile: true }/)
  await expect(runtime.profile()).rejects.toThrow(/open the runtime with { profile: true }/)
})
