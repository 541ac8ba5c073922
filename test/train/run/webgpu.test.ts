/** Training on a graphics card, or on what stands in for one, gives the losses of the processor. */
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { testFolder } from '../../cli/process.ts'
import { needs } from '../../requirements.ts'
import { lossesOf, prepare } from './tinyRun.ts'
import { trainBy } from './trainBy.ts'

const folder = testFolder()

beforeAll(() => prepare(folder))

test('some steps on WebGPU', async context => {
  const environment = { VK_ICD_FILENAMES: needs(context, 'vulkan-swiftshader') }
  const keys = { steps: 2, data: [{ pairs: 'captions.jsonl', limit: 2 }], batch: 1 }
  const device = await trainBy({ folder, environment }, 'webgpu', keys, ['--device', 'webgpu'])
  expect(device.status, device.stderr).toBe(0)
  expect((await trainBy({ folder }, 'cpu', keys)).status).toBe(0)
  const [found, wanted] = ['webgpu', 'cpu'].map(name => lossesOf(join(folder, 'runs', name)))
  expect(found).toHaveLength(2)
  for (const [i, loss] of wanted!.entries()) expect(Math.abs(found![i]! - loss)).toBeLessThan(1e-4)
})
