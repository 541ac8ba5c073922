/** Recomputed blocks: the same gradients, computed from activations that were not kept. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import * as graph from '../../src/graph/index.ts'
import type { NodeProto } from '../../src/graph/onnx/onnx_pb.ts'
import { normal, randomFrom, whole } from './cases/define.ts'
import { countOf, nodesOf } from './decode.ts'
import { evaluate, useEngine } from './engine.ts'
import { assemble, distance } from './instance.ts'

useEngine()

type Wrap = <Result>(build: () => Result) => Result
const plainly: Wrap = build => build()

const WIDTH = 4

/** Blocks of a small transformer on rows of WIDTH, with dropout; each wrapped in `wrap`. */
function blocks(x: graph.Tensor, seed: graph.Tensor, at: graph.Scope, wrap: Wrap, count = 2): graph.Tensor {
  return Array.from({ length: count }, (_, i) => i).reduce((h, i) => {
    const part = at.at(i)
    return wrap(() => {
      const inner = graph.rmsNorm(h, part.parameter('norm', [WIDTH]), 1e-2)
      const rows = graph.reshape(inner, [1, 3, 1, WIDTH])
      const mixed = graph.reshape(graph.attention(rows, rows, rows), [3, WIDTH])
      const wide = graph.gelu(graph.linear(mixed, part.parameter('up', [8, WIDTH])))
      return graph.add(h, graph.dropout(graph.linear(wide, part.parameter('down', [WIDTH, 8])), 0.25, seed, i))
    })
  }, x)
}

describe('a recomputed block', () => {
  test.each([true, false])('has the gradients of one that is not (fused: %s)', async fused => {
    const inputs = { x: normal([3, WIDTH]), seed: whole([], 0, 1000), p: normal([3, WIDTH]) }
    const results = []
    for (const wrap of [plainly, graph.recompute]) {
      const at = graph.scope()
      const { tensors, feeds } = assemble(inputs, t => t['x']!, randomFrom(3))
      const y = blocks(graph.tanh(tensors['x']!), tensors['seed']!, at, wrap)
      const loss = graph.sum(graph.mul(y, tensors['p']!))
      const wrt = [tensors['x']!, ...at.parameters.values()]
      const found = graph.gradient(loss, wrt).map((gradient, i) => [`g${i}`, gradient] as const)
      const random = randomFrom(5)
      const weights = Object.fromEntries(
        [...at.parameters].map(([name, { shape }]) => {
          const sizes = shape as readonly number[]
          return [
            name,
            { type: 'float32', shape: sizes, data: Float32Array.from(normal(sizes).values(random)) } as const,
          ]
        }),
      )
      results.push(await evaluate(graph.compile({ loss, ...Object.fromEntries(found) }, { fused }), feeds, weights))
    }
    const [kept, recomputed] = results
    for (const name of Object.keys(kept!)) expect(distance(kept![name]!, recomputed![name]!), name).toBeLessThan(1e-6)
  })

  const loss = (wrap: Wrap, entry: graph.Tensor) => {
    const w = graph.scope().parameter('w', [WIDTH, WIDTH])
    const h = wrap(() => graph.tanh(graph.erf(graph.linear(entry, w))))
    const value = graph.sum(graph.sin(h))
    return { value, slope: graph.gradient(value, [w])[0]! }
  }
  const x = graph.input('x', 'float32', ['n', WIDTH])

  test.each([
    ['something computed', () => graph.exp(x)],
    ['an input of the graph', () => x],
  ])('computes its inside a second time, after the gradient has arrived, when it reads %s', (_, entry) => {
    const { slope } = loss(graph.recompute, entry())
    const compiled = graph.compile({ slope })
    expect(countOf(compiled, 'Erf')).toBe(2)
    const [first, second] = nodesOf(compiled).filter(({ opType }) => opType === 'Erf')
    // The gradient comes back through the cosine of what the first computation gave.
    expect(ancestors(nodesOf(compiled), first!)).not.toContain('Cos')
    expect(ancestors(nodesOf(compiled), second!)).toContain('Cos')
  })

  test('is computed once where no gradient is asked for', () => {
    const { value } = loss(graph.recompute, graph.exp(x))
    expect(countOf(graph.compile({ value }), 'Erf')).toBe(1)
  })

  test('reads parameters where they lie', () => {
    const compiled = graph.compile({ slope: loss(graph.recompute, graph.exp(x)).slope })
    const readers = nodesOf(compiled).filter(({ input }) => input.includes('w'))
    expect(readers.every(({ opType }) => opType.includes('MatMul'))).toBe(true)
  })

  test('inside another belongs to the outer one', () => {
    const nested = loss(build => graph.recompute(() => graph.recompute(build)), graph.exp(x))
    const single = loss(graph.recompute, graph.exp(x))
    expect(graph.compile({ slope: nested.slope }).onnx).toEqual(graph.compile({ slope: single.slope }).onnx)
  })

  test('may fail to build and leaves the next one whole', () => {
    expect(() =>
      graph.recompute(() => {
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(countOf(graph.compile({ slope: loss(plainly, graph.exp(x)).slope }), 'Erf')).toBe(1)
  })
})

/** ONNX types of everything that a node's value depends on. */
function ancestors(nodes: readonly NodeProto[], node: NodeProto): Set<string> {
  const makers = new Map(nodes.flatMap(one => one.output.map(value => [value, one] as const)))
  const found = new Set<NodeProto>()
  const visit = (one: NodeProto) => {
    for (const value of one.input) {
      const maker = makers.get(value)
      if (maker && !found.has(maker)) {
        found.add(maker)
        visit(maker)
      }
    }
  }
  visit(node)
  return new Set([...found].map(({ opType }) => opType))
}

test('recomputation lowers the peak of memory', { timeout: 120_000 }, async () => {
  const script = fileURLToPath(new URL('recomputeMemory.ts', import.meta.url))
  const peak = async (mode: string) => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, mode])
    return JSON.parse(stdout) as { peakMiB: number; slope: number }
  }
  const kept = await peak('keep')
  const recomputed = await peak('recompute')
  expect(recomputed.slope).toBeCloseTo(kept.slope, 4)
  // The activations of 12 layers are 2 · 16 MiB each; recomputed, those of one layer at a time.
  expect(kept.peakMiB - recomputed.peakMiB).toBeGreaterThan(150)
})
