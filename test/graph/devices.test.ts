/**
 * The operator suite, with gradients, on other devices: WebGPU in Node through SwiftShader, and WebAssembly in headless
 * Chromium. Each must give what the CPU gives. What one of them cannot run, or computes with less precision, is listed
 * here with the reason, and an entry that is no longer needed fails.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRuntime, type Runtime } from '../../src/runtime/node.ts'
import { type OpenedPage, openPage } from '../browser/harness.ts'
import { needs } from '../requirements.ts'
import { cases, type OperatorCase } from './cases.ts'
import { difference, type Outcome, runOn } from './device.ts'

/** As a share of the largest number: float32 everywhere, sums in another order, other polynomials for exp and erf. */
const TOLERANCE = 1e-5

interface Exceptions {
  /** By case: what the error says. */
  readonly cannotRun: Readonly<Record<string, { readonly error: RegExp; readonly reason: string }>>
  /** By case: how far it may be off. It must be further off than TOLERANCE, else the entry is not needed. */
  readonly coarser: Readonly<Record<string, { readonly tolerance: number; readonly reason: string }>>
}

const trigonometric = { tolerance: 5e-4, reason: 'WGSL asks for an absolute error of 2^-11 only, within ±π' }

const roundedInputs = { tolerance: 0.02, reason: 'only the native CPU engine rounds the inputs to int8 here' }

const webgpu: Exceptions = {
  cannotRun: {
    'pow, both sides': {
      error: /Pow .*raw_hash_map/,
      reason: 'Pow fails when both operands are repeated and the last axis is a multiple of 4',
    },
    'cast to float16 and back': { error: /f16/, reason: 'SwiftShader has no float16' },
  },
  coarser: {
    sin: trigonometric,
    cos: trigonometric,
    'quantisedLinear, int8 inputs': roundedInputs,
  },
}

const wasm: Exceptions = { cannotRun: {}, coarser: { 'quantisedLinear, int8 inputs': roundedInputs } }

let cpu: Runtime
beforeAll(async () => {
  cpu = await openRuntime({ thread: 'caller', threads: 1 })
})
afterAll(() => cpu.dispose())

async function expectAgreement(one: OperatorCase, outcome: Outcome, { cannotRun, coarser }: Exceptions): Promise<void> {
  const refused = cannotRun[one.name]
  if (refused) {
    expect(outcome.error, `it runs now: take its entry away (${refused.reason})`).toMatch(refused.error)
    return
  }
  expect(outcome.error).toBeUndefined()
  const apart = difference(await runOn(cpu, one), outcome)
  const allowed = coarser[one.name]
  if (allowed) expect(apart, `it is exact now: take its entry away (${allowed.reason})`).toBeGreaterThan(TOLERANCE)
  expect(apart).toBeLessThanOrEqual(allowed?.tolerance ?? TOLERANCE)
}

describe('WebGPU in Node gives what the CPU gives', () => {
  let runtime: Promise<Runtime> | undefined
  afterAll(async () => (await runtime)?.dispose())

  test.for(cases)('$name', async (one, context) => {
    process.env['VK_ICD_FILENAMES'] = needs(context, 'vulkan-swiftshader')
    runtime ??= openRuntime({ device: 'webgpu', thread: 'caller' })
    await expectAgreement(one, await runOn(await runtime, one), webgpu)
  })
})

describe('WebAssembly in a browser gives what the CPU gives', () => {
  let page: Promise<OpenedPage> | undefined
  afterAll(async () => (await page)?.[Symbol.asyncDispose]())

  test.for(cases)('$name', async (one, context) => {
    needs(context, 'chromium')
    page ??= openPage('test/graph/page.ts')
    await expectAgreement(one, await (await page).call<Outcome>('evaluateCase', one.name), wasm)
  })
})

test.each([...Object.entries({ ...webgpu.cannotRun, ...webgpu.coarser, ...wasm.cannotRun, ...wasm.coarser })])(
  'the exception "%s" is about a case that there is',
  name => {
    expect(cases.map(one => one.name)).toContain(name)
  },
)
