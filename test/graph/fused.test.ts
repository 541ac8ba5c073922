/**
 * Fused forms equal decompositions: every case compiled for ONNX Runtime's own operators and as plain ones, with and
 * without gradients in the graph.
 */
import { describe, expect, test } from 'vitest'
import { compile, decompose } from '../../src/graph/index.ts'
import { randomFrom } from './cases/define.ts'
import { cases, type OperatorCase } from './cases.ts'
import { evaluate, useEngine } from './engine.ts'
import { distance, type Instance, instantiate, type Values } from './instance.ts'

useEngine()

/**
 * As a share of the largest number. Both forms are float32 throughout and differ in the order of their sums and in how
 * they approximate exp, erf and tanh: some tens of roundings of 6e-8.
 */
const TOLERANCE = 1e-5

const sizesOf = ({ sizes }: OperatorCase): number[][] => {
  const random = randomFrom(sizes)
  const drawn = () => Array.from({ length: sizes }, () => 1 + Math.floor(random() * 5))
  return sizes === 0 ? [[]] : [Array<number>(sizes).fill(1), drawn(), drawn()]
}

function expectEqual(one: OperatorCase, fused: Values, plain: Values): void {
  expect(Object.keys(fused)).toEqual(Object.keys(plain))
  for (const [name, value] of Object.entries(fused)) {
    expect(distance(value, plain[name]!), `${one.name}: ${name}`).toBeLessThanOrEqual(one.fusedTolerance ?? TOLERANCE)
  }
}

const instances = (one: OperatorCase): Instance[] => sizesOf(one).map((sizes, i) => instantiate(one, sizes, 100 + i))

describe('fused equals decomposed, outputs and gradients', () => {
  for (const one of cases) {
    test(one.name, async () => {
      for (const { forward, withGradients, feeds, weights } of instances(one)) {
        const plain = await evaluate(forward({ fused: false }), feeds, weights)
        expectEqual(one, await evaluate(forward(), feeds, weights), plain)
        const plainGradients = await evaluate(withGradients({ fused: false }), feeds, weights)
        expectEqual(one, await evaluate(withGradients(), feeds, weights), plainGradients)
      }
    })
  }
})

describe('decompose gives the same values by other operators', () => {
  const composites = cases.filter(one => {
    const [{ outputs }] = instances(one) as [Instance]
    return outputs[0]!.node.operator.decompose !== undefined && !one.fusedTolerance
  })
  for (const one of composites) {
    test(one.name, async () => {
      for (const { outputs, feeds, weights } of instances(one)) {
        const output = outputs[0]!
        const [whole, parts] = [output, decompose(output.node).outputs[output.index]!]
        expect(parts.node.operator.name).not.toBe(output.node.operator.name)
        expect([parts.type, parts.shape]).toEqual([whole.type, whole.shape])
        const both = await evaluate(compile({ whole, parts }), feeds, weights)
        expect(distance(both['whole']!, both['parts']!)).toBeLessThanOrEqual(TOLERANCE)
      }
    })
  }

  test('there are composites to compare', () => {
    expect(composites.length).toBeGreaterThan(30)
  })
})
