/** One description, three lives: what Node trains, a browser trains to the same losses. */
import { expect, test } from 'vitest'
import { openRuntime } from '../../src/runtime/node.ts'
import { needs } from '../requirements.ts'
import { openPage } from './harness.ts'
import { train } from './training.ts'

const STEPS = 6

async function lossesInNode(): Promise<number[]> {
  await using runtime = await openRuntime()
  return await train(runtime, STEPS)
}

const homes = { WebAssembly: { device: 'cpu', webgpu: false }, WebGPU: { device: 'webgpu', webgpu: true } } as const

for (const [home, { device, webgpu }] of Object.entries(homes))
  test(`the transformer of the example learns in a page on ${home} as it does in Node`, async context => {
    needs(context, 'chromium')
    const losses = await lossesInNode()
    expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] as number))
    await using page = await openPage('test/browser/trainingPage.ts', { webgpu })
    const inPage = await page.call<number[]>('trainHere', { device }, STEPS)
    // Six steps carry the rounding of each into the next.
    inPage.forEach((loss, step) => void expect(loss).toBeCloseTo(losses[step] as number, 3))
  }, 120_000)
