/** What `devices.test.ts` runs in a browser page: a case of the operator suite by name, on one runtime for all. */
import { openRuntime } from '../../src/runtime/browser.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { cases } from './cases.ts'
import { type Outcome, runOn } from './device.ts'

let runtime: Promise<Runtime> | undefined

export async function evaluateCase(name: string): Promise<Outcome> {
  runtime ??= openRuntime({ device: 'cpu', threads: 1 })
  return runOn(await runtime, cases.find(one => one.name === name)!)
}
