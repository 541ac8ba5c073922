/** Every intermediate tensor of the model, held against the reference numbers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareTraces, trace } from '../../src/generate/trace.ts'
import { compile, crossEntropy, input, slice } from '../../src/graph/index.ts'
import { openRuntime, type Runtime, type TensorValue, tensorValue } from '../../src/runtime/node.ts'
import { type Golden, type GoldenName, goldenNames, largestDifference, openGolden } from '../golden.ts'

let runtime: Runtime
const traces = new Map<GoldenName, Record<string, TensorValue>>()

beforeAll(async () => {
  runtime = await openRuntime({ threads: 1 })
  for (const name of goldenNames) traces.set(name, await traceGolden(openGolden(name)))
})
afterAll(() => runtime.dispose())

function traceGolden({ config, load, tokens, attentionMask, ...golden }: Golden) {
  const pixels = golden.pixels()
  return trace(runtime, config, load, { tokens, attentionMask, ...(pixels && { pixels }) })
}

/** Where a reference gives no noise of its own: that of the same tensor in the case with the same weights, doubled. */
const FALLBACK_NOISE = 1.5e-5

describe.each(goldenNames)('case %s', name => {
  const golden = openGolden(name)
  const names = golden.manifest.tensors.map(tensor => tensor.name).filter(tensor => !tensor.startsWith('gen'))

  test.each(names)('%s equals the reference within 20 times its own rounding noise', tensor => {
    const { data, shape, noise } = golden.tensor(tensor)
    const ours = traces.get(name)?.[tensor] as TensorValue<'float32'>
    expect(ours.shape).toEqual(shape)
    const isReal = (at: number) => !tensor.startsWith('l') || isToken(golden, shape, at)
    // Tables and embeddings have no noise: then one rounding of float32 is allowed for the largest value.
    const allowed = Math.max(20 * (noise ?? FALLBACK_NOISE / 20), 1.2e-7 * Math.max(...data.map(Math.abs)))
    expect(largestDifference(ours.data, data, isReal)).toBeLessThanOrEqual(allowed)
  })
})

/** Whether an element belongs to a token: what stands at padding is garbage, in the original as here. */
function isToken({ attentionMask }: Golden, shape: readonly number[], at: number): boolean {
  if (shape.length < 3) return true
  const width = shape[2] as number
  return attentionMask.flat()[Math.floor(at / width)] === 1
}

test.each(['A', 'B', 'C', 'D'] as const)('the loss equals the reference (case %s)', async name => {
  const golden = openGolden(name)
  const { shape, data } = traces.get(name)!['logits'] as TensorValue<'float32'>
  const [batch, sequence, vocabulary] = shape as [number, number, number]
  const logits = input('logits', 'float32', [batch, sequence, vocabulary])
  const labels = input('labels', 'int64', [batch, sequence - 1])
  const loss = crossEntropy(slice(logits, { axis: 1, end: sequence - 1 }), labels)
  await using session = await runtime.openSession(compile({ loss }))
  const next = golden.labels!.flatMap(row => row.slice(1))
  const feeds = {
    logits: tensorValue('float32', shape, data),
    labels: tensorValue('int64', [batch, sequence - 1], next),
  }
  const value = Number((await session.run(feeds))['loss']?.data[0])
  // The mean of logits' differences: their noise bounds that of the loss.
  expect(Math.abs(value - golden.manifest.eval_loss!)).toBeLessThanOrEqual(20 * golden.tensor('logits').noise!)
})

test('a trace compared with itself has no difference', () => {
  const ours = traces.get('A') as Record<string, TensorValue>
  expect(compareTraces(ours, ours)).toMatchObject({
    compared: Object.keys(ours).length,
    first: undefined,
    furthest: { relative: 0 },
  })
})

test('the first place where two traces part is named, with both values', () => {
  const ours = traces.get('A') as Record<string, TensorValue<'float32'>>
  const broken = { ...ours }
  for (const name of ['lm.layer.0', 'logits']) {
    const { shape, data } = ours[name] as TensorValue<'float32'>
    const changed = data.slice()
    changed[130] = 100
    broken[name] = tensorValue('float32', shape, changed)
  }
  const { first } = compareTraces(broken, ours)
  expect(first).toMatchObject({ name: 'lm.layer.0', kind: 'values', at: [0, 1, 2], ours: 100 })
})

test('tokens with a place for a picture need that picture', async () => {
  const { config, load, tokens } = openGolden('A')
  await expect(trace(runtime, config, load, { tokens })).rejects.toThrow(/places for 1 pictures, but 0 were given/)
})
