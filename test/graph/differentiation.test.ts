/** What `gradient` promises besides right numbers: what it may be asked for, and what it does not compute. */
import { describe, expect, test } from 'vitest'
import * as graph from '../../src/graph/index.ts'
import { countOf, nodesOf, typesOf } from './decode.ts'
import { evaluate, useEngine } from './engine.ts'
import { numbers, type Values } from './instance.ts'

useEngine()

const x = graph.input('x', 'float32', [3])
const feeds: Values = { x: { type: 'float32', shape: [3], data: Float32Array.of(1, -2, 3) } }

async function gradients(loss: graph.Tensor, wrt: readonly graph.Tensor[], given: Values = feeds): Promise<number[][]> {
  const found = graph.gradient(loss, wrt)
  const outputs = Object.fromEntries(found.map((tensor, i) => [`g${i}`, tensor]))
  const values = await evaluate(graph.compile(outputs), given)
  return found.map((_, i) => numbers(values[`g${i}`]!))
}

describe('a gradient may be asked for', () => {
  test('with respect to a tensor in the middle', async () => {
    const middle = graph.mul(x, 2)
    const loss = graph.sum(graph.mul(middle, middle))
    expect(await gradients(loss, [middle, x])).toEqual([
      [4, -8, 12],
      [8, -16, 24],
    ])
  })

  test('with respect to the loss itself', async () => {
    expect(await gradients(graph.sum(x), [graph.sum(x)])).toEqual([[0]])
    const loss = graph.sum(x)
    expect(await gradients(loss, [loss, x])).toEqual([[1], [1, 1, 1]])
  })

  test('with respect to one output of several', async () => {
    const [first, second] = graph.split(graph.concat([x, x]), 2) as [graph.Tensor, graph.Tensor]
    const loss = graph.sum(graph.add(graph.mul(first, second), second))
    expect(await gradients(loss, [first, second])).toEqual([
      [1, -2, 3],
      [2, -1, 4],
    ])
  })

  test('with respect to the input of a composite and to what is made from it', async () => {
    const w = graph.constant([1, 1, 1])
    const scaled = graph.mul(x, 3)
    const loss = graph.sum(graph.mul(graph.softmax(graph.add(scaled, w)), x))
    const [inner, outer] = (await gradients(loss, [scaled, x])) as [number[], number[]]
    const [direct] = (await gradients(
      graph.sum(graph.mul(graph.softmax(graph.add(graph.stopGradient(scaled), w)), x)),
      [x],
    )) as [number[]]
    outer.forEach((value, i) => {
      expect(value).toBeCloseTo(3 * inner[i]! + direct[i]!, 6)
    })
  })

  test('with respect to a reshaped tensor that was reshaped again', async () => {
    const row = graph.reshape(x, [1, 3])
    const loss = graph.sum(graph.mul(graph.reshape(row, [3, 1]), 2))
    expect(await gradients(loss, [row])).toEqual([[2, 2, 2]])
  })

  test('with respect to a transposed tensor that was transposed again', async () => {
    const column = graph.transpose(graph.reshape(x, [1, 3]))
    const loss = graph.sum(graph.mul(graph.transpose(column), 2))
    expect(await gradients(loss, [column])).toEqual([[2, 2, 2]])
  })

  test('with respect to rows summed into zeros that were added to something', async () => {
    const rows = graph.scatterAddRows([3], graph.constant([0, 2], [2], 'int64'), graph.slice(x, { axis: 0, end: 2 }))
    expect(await gradients(graph.sum(graph.mul(graph.add(x, rows), x)), [rows])).toEqual([[1, -2, 3]])
  })

  test('of the gradient: a second derivative', async () => {
    const [slope] = graph.gradient(graph.sum(graph.pow(x, 3)), [x]) as [graph.Tensor]
    expect(await gradients(graph.sum(slope), [x])).toEqual([[6, -12, 18]])
  })
})

describe('where the loss does not depend on a tensor', () => {
  const other = graph.input('other', 'float32', [2, 2])

  test('its gradient is zeros of its shape', async () => {
    expect(await gradients(graph.sum(x), [other, x])).toEqual([
      [0, 0, 0, 0],
      [1, 1, 1],
    ])
  })

  test('because it comes later, too', async () => {
    const loss = graph.sum(x)
    expect(await gradients(loss, [graph.mul(loss, 2)])).toEqual([[0]])
  })

  test('because an integer lies between, too', async () => {
    const loss = graph.sum(graph.cast(graph.cast(x, 'int32'), 'float32'))
    expect(await gradients(loss, [x])).toEqual([[0, 0, 0]])
  })
})

describe('stopGradient', () => {
  test('passes the value and no gradient', async () => {
    const loss = graph.sum(graph.mul(x, graph.stopGradient(x)))
    const [slope] = graph.gradient(loss, [x])
    const values = await evaluate(graph.compile({ loss, slope: slope! }), feeds)
    expect(numbers(values['loss']!)).toEqual([14])
    expect(numbers(values['slope']!)).toEqual([1, -2, 3])
  })

  test('costs no node', () => {
    expect(typesOf(graph.compile({ y: graph.exp(graph.stopGradient(x)) }))).toEqual(['Exp'])
  })
})

describe('ties and kinks', () => {
  test('equal operands of a maximum share its gradient', async () => {
    const [a, b] = [graph.mul(x, 1.5), graph.mul(graph.abs(x), 1.5)]
    expect(await gradients(graph.sum(graph.maximum(a, b)), [a, b])).toEqual([
      [0.5, 0, 0.5],
      [0.5, 1, 0.5],
    ])
    expect(await gradients(graph.sum(graph.minimum(x, x)), [x])).toEqual([[1, 1, 1]])
  })

  test('elements that tie for the largest share its gradient', async () => {
    const twice = graph.concat([x, x])
    expect(await gradients(graph.max(twice), [twice])).toEqual([[0, 0, 0.5, 0, 0, 0.5]])
  })

  test('clip has the gradient 1 between its bounds and 0 beyond', async () => {
    expect(await gradients(graph.sum(graph.clip(x, -1, 1.5)), [x])).toEqual([[1, 0, 0]])
  })

  test('abs has none at 0', async () => {
    expect(await gradients(graph.sum(graph.abs(graph.mul(x, 0))), [x])).toEqual([[0, 0, 0]])
  })
})

describe('nothing is computed that nobody asked for', () => {
  const at = graph.scope()
  const hidden = graph.input('hidden', 'float32', ['n', 4])
  const weights = [0, 1, 2].map(i => at.parameter(`w${i}`, [4, 4]))
  const loss = graph.mean(weights.reduce((h, w) => graph.tanh(graph.linear(h, w)), hidden))

  /** Nodes that asking for these gradients adds to the graph of the loss. */
  const added = (wrt: readonly graph.Tensor[]): number => {
    const found = graph.gradient(loss, wrt).map((gradient, i) => [`g${i}`, gradient] as const)
    return (
      nodesOf(graph.compile({ loss, ...Object.fromEntries(found) })).length - nodesOf(graph.compile({ loss })).length
    )
  }

  test('asking for nothing adds nothing', () => {
    expect(added([])).toBe(0)
  })

  test('a frozen weight adds no product', () => {
    const products = (wrt: readonly graph.Tensor[]) => {
      const found = graph.gradient(loss, wrt).map((gradient, i) => [`g${i}`, gradient] as const)
      const compiled = graph.compile({ ...Object.fromEntries(found) })
      return countOf(compiled, 'FusedMatMul') + countOf(compiled, 'MatMul')
    }
    // Three products forward. Backward, the last weight takes one; the first takes three: its own and two on the way.
    expect(products([weights[2]!])).toBe(4)
    expect(products([weights[0]!])).toBe(6)
    expect(products(weights)).toBe(8)
  })

  test('the way back ends at the first tensor that was asked for', () => {
    expect(added([weights[2]!])).toBeLessThan(added([weights[1]!]))
    expect(added([weights[1]!])).toBeLessThan(added([weights[0]!]))
  })

  test('operators that take the inputs’ gradients only never see the frozen weights', () => {
    const [slope] = graph.gradient(graph.mean(graph.layerNorm(hidden, at.parameter('norm', [4]), undefined, 1e-5)), [
      hidden,
    ])
    const compiled = graph.compile({ slope: slope! })
    expect(compiled.outputs.map(({ name }) => name)).toEqual(['slope'])
    expect(countOf(compiled, 'ReduceSum')).toBe(0)
  })

  test('a composite that is differentiated is not computed twice', () => {
    const pixels = graph.input('pixels', 'float32', [1, 3, 4, 4])
    const kernel = at.parameter('kernel', [5, 3, 2, 2])
    const patches = graph.patchEmbedding(pixels, kernel)
    const [slope] = graph.gradient(graph.sum(graph.mul(patches, patches)), [kernel])
    expect(countOf(graph.compile({ patches, slope: slope! }), 'Conv')).toBe(0)
    expect(countOf(graph.compile({ patches }), 'Conv')).toBe(1)
  })
})

describe('what has no gradient', () => {
  test('is a loss of another type or shape', () => {
    expect(() => graph.gradient(x, [x])).toThrow(graph.ShapeError)
    expect(() => graph.gradient(graph.sum(graph.cast(x, 'float16')), [x])).toThrow(/float32 scalar/)
  })

  test('is an integer on the way: it gets zeros', async () => {
    const ids = graph.input('ids', 'int64', [2])
    const loss = graph.sum(graph.gather(x, ids))
    const given: Values = { ...feeds, ids: { type: 'int64', shape: [2], data: BigInt64Array.of(1n, 1n) } }
    expect(await gradients(loss, [x, ids], given)).toEqual([
      [0, 2, 0],
      [0, 0],
    ])
  })
})
