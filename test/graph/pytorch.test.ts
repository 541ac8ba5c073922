/**
 * Values and gradients against PyTorch's, which `test/fixtures/operators/make_fixtures.py` computed in float64 from the
 * same float32 inputs.
 */
import { describe, expect, test } from 'vitest'
import { typedArray } from '../../src/graph/elementType.ts'
import * as graph from '../../src/graph/index.ts'
import { read } from '../checkout.ts'
import { evaluate, useEngine } from './engine.ts'
import { distance, type Value } from './instance.ts'

useEngine()

interface Stored {
  readonly type: graph.ElementType
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

interface Entry {
  readonly operator: string
  readonly options: Readonly<Record<string, number>>
  readonly inputs: Readonly<Record<string, Stored>>
  readonly projection: Stored
  readonly output: Stored
  readonly gradients: Readonly<Record<string, Stored>>
}

/**
 * As a share of the largest number. Float32 sums of a few dozen products, and exponentials, on our side: some tens of
 * roundings of 6e-8.
 */
const TOLERANCE = 4e-6

type Tensors = Readonly<Record<string, graph.Tensor>>
type Build = (tensors: Tensors, options: Entry['options']) => graph.Tensor

const builds: Readonly<Record<string, Build>> = {
  gelu: ({ x }) => graph.gelu(x!),
  silu: ({ x }) => graph.silu(x!),
  erf: ({ x }) => graph.erf(x!),
  softmax: ({ x }) => graph.softmax(x!),
  logSoftmax: ({ x }) => graph.logSoftmax(x!),
  logSumExp: ({ x }) => graph.logSumExp(x!),
  layerNorm: ({ x, weight, bias }, { epsilon }) => graph.layerNorm(x!, weight!, bias, epsilon!),
  rmsNorm: ({ x, weight }, { epsilon }) => graph.rmsNorm(x!, weight!, epsilon!),
  resizeBicubic: ({ grid }, { rows, columns }) => graph.resizeBicubic(grid!, { rows: rows!, columns: columns! }),
  patchEmbedding: ({ pixels, weight }) => graph.patchEmbedding(pixels!, weight!),
  attention: ({ q, k, v, mask, keys, values }) =>
    graph.attention(q!, k!, v!, { ...(mask && { mask }), ...(keys && values && { past: { keys, values } }) }),
  rotary: ({ x, cosines, sines }) => graph.rotary(x!, cosines!, sines!),
  crossEntropy: ({ logits, labels, weights }) => graph.crossEntropy(logits!, labels!, weights ? { weights } : {}),
  linearCrossEntropy: ({ hidden, weight, labels, weights }, options) =>
    graph.linearCrossEntropy(hidden!, weight!, labels!, { ...options, ...(weights && { weights }) }),
  gather: ({ table, positions }) => graph.gather(table!, positions!),
  quantisedLinear: ({ x, values, scales, zeros }, { bits, blockSize }) =>
    graph.quantisedLinear(x!, {
      bits: bits as 4 | 8,
      blockSize: blockSize!,
      values: values!,
      scales: scales!,
      ...(zeros && { zeroPoints: zeros }),
    }),
}

const toValue = ({ type, shape, values }: Stored): Value => ({ type, shape, data: typedArray(values, type) })

const entries = JSON.parse(read('test/fixtures/operators/operators.json')) as readonly Entry[]

async function compute({ operator, options, inputs, projection, gradients }: Entry, fused: boolean) {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { type, shape }]) => [name, graph.input(name, type, shape)]),
  )
  const output = builds[operator]!(tensors, options)
  const loss = graph.sum(graph.mul(output, graph.input('projection', 'float32', projection.shape)))
  const names = Object.keys(gradients)
  const found = graph.gradient(
    loss,
    names.map(name => tensors[name]!),
  )
  const feeds = Object.fromEntries(Object.entries({ ...inputs, projection }).map(([name, one]) => [name, toValue(one)]))
  const outputs = { output, ...Object.fromEntries(names.map((name, i) => [`gradient.${name}`, found[i]!])) }
  const alone = await evaluate(graph.compile({ output }, { fused }), feeds)
  return { alone: alone['output']!, together: await evaluate(graph.compile(outputs, { fused }), feeds) }
}

describe.each([
  { form: 'fused', fused: true },
  { form: 'decomposed', fused: false },
])('$form operators agree with PyTorch', ({ fused }) => {
  entries.forEach((entry, i) => {
    const shapes = Object.values(entry.inputs).map(({ shape }) => `[${shape.join(', ')}]`)
    test(`${entry.operator} ${shapes.join(' ')} (entry ${i})`, async () => {
      const { alone, together } = await compute(entry, fused)
      expect(alone.shape).toEqual(entry.output.shape)
      expect(distance(alone, toValue(entry.output)), 'output').toBeLessThan(TOLERANCE)
      expect(distance(together['output']!, toValue(entry.output)), 'output beside gradients').toBeLessThan(TOLERANCE)
      for (const [name, expected] of Object.entries(entry.gradients)) {
        const actual = together[`gradient.${name}`]!
        expect(distance(actual, toValue(expected)), `gradient of ${name}`).toBeLessThan(TOLERANCE)
      }
    })
  })
})

test('every operator that is held against PyTorch has an entry', () => {
  expect(new Set(entries.map(({ operator }) => operator))).toEqual(new Set(Object.keys(builds)))
})
