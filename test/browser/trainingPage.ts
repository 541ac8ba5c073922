/** `training.ts` as a page runs it. */
import { openRuntime, type RuntimeOptions } from '../../src/runtime/browser.ts'
import { train } from './training.ts'

export async function trainHere(options: RuntimeOptions, steps: number): Promise<number[]> {
  await using runtime = await openRuntime(options)
  return await train(runtime, steps)
}
