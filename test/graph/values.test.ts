/** Values of operators against their definitions, computed in double precision. */
import { describe, expect, test } from 'vitest'
import * as graph from '../../src/graph/index.ts'
import { apart, type CaseInput, nonzero, normal, positive, randomFrom, scaled, whole } from './cases/define.ts'
import { evaluate, useEngine } from './engine.ts'
import { assemble, numbers, outputName } from './instance.ts'
import { broadcast, erf, type Grid, gridOf, reduce, total } from './reference.ts'

useEngine()

/**
 * As a share of the value itself, or of 1 if that is less. One function value is right to one or two roundings of 6e-8;
 * sums of a few terms to a few more.
 */
const TOLERANCE = 1e-6

/** Evaluates a graph of these inputs; gives the inputs and the first output, as doubles. */
async function values(
  inputs: readonly CaseInput[],
  build: (...tensors: graph.Tensor[]) => graph.Tensor,
): Promise<{ given: Grid[]; result: Grid }> {
  const named = Object.fromEntries(inputs.map((one, i) => [`x${i}`, one]))
  const instance = assemble(named, tensors => build(...Object.values(tensors)), randomFrom(42))
  const outputs = await evaluate(instance.forward(), instance.feeds)
  const output = outputs[outputName(0)]!
  const given = Object.keys(named).map(name => {
    const value = instance.feeds[name]!
    return { shape: value.shape, values: numbers(value) }
  })
  return { given, result: { shape: output.shape, values: numbers(output) } }
}

function expectClose(result: Grid, expected: Grid, tolerance = TOLERANCE): void {
  expect(result.shape).toEqual(expected.shape)
  const wrong = expected.values.flatMap((value, i) => {
    const actual = result.values[i]!
    return Math.abs(actual - value) <= tolerance * Math.max(1, Math.abs(value)) ? [] : [{ at: i, value, actual }]
  })
  expect(wrong).toEqual([])
}

type Data = (shape: readonly number[]) => CaseInput
const wide: Data = shape => scaled(normal(shape), 2)

describe('functions of one number', () => {
  const functions: readonly [string, (x: graph.Tensor) => graph.Tensor, (x: number) => number, Data][] = [
    ['neg', graph.neg, x => -x, wide],
    ['abs', graph.abs, Math.abs, wide],
    ['sign', graph.sign, Math.sign, wide],
    ['exp', graph.exp, Math.exp, wide],
    ['log', graph.log, Math.log, positive],
    ['sqrt', graph.sqrt, Math.sqrt, positive],
    ['tanh', graph.tanh, Math.tanh, wide],
    ['sigmoid', graph.sigmoid, x => 1 / (1 + Math.exp(-x)), wide],
    ['sin', graph.sin, Math.sin, wide],
    ['cos', graph.cos, Math.cos, wide],
    ['erf', graph.erf, erf, shape => scaled(normal(shape), 1.5)],
    ['gelu', graph.gelu, x => (x / 2) * (1 + erf(x * Math.SQRT1_2)), wide],
    ['silu', graph.silu, x => x / (1 + Math.exp(-x)), wide],
    ['clip', x => graph.clip(x, -0.75, 1.25), x => Math.min(1.25, Math.max(-0.75, x)), wide],
    ['cast to int32', x => graph.cast(x, 'int32'), Math.trunc, wide],
    ['cast to int64', x => graph.cast(x, 'int64'), Math.trunc, wide],
    ['cast to bool', x => graph.cast(x, 'bool'), x => (x === 0 ? 0 : 1), wide],
    ['cast to float16', x => graph.cast(x, 'float16'), x => graph.float16Value(graph.float16Bits(x)), wide],
  ]
  test.each(functions)('%s', async (_, operator, f, data) => {
    const { given, result } = await values([data([7, 31])], operator)
    expectClose(result, broadcast([7, 31], given, f))
  })
})

describe('functions of two numbers, broadcast', () => {
  type Binary = (a: graph.Operand, b: graph.Operand) => graph.Tensor
  const truth = (holds: (a: number, b: number) => boolean) => (a: number, b: number) => (holds(a, b) ? 1 : 0)
  const few: Data = shape => ({ ...whole(shape, -2, 3), type: 'float32' })
  const functions: readonly [string, Binary, (a: number, b: number) => number, Data, Data][] = [
    ['add', graph.add, (a, b) => a + b, normal, normal],
    ['sub', graph.sub, (a, b) => a - b, normal, normal],
    ['mul', graph.mul, (a, b) => a * b, normal, normal],
    ['div', graph.div, (a, b) => a / b, normal, nonzero],
    ['pow', graph.pow, (a, b) => a ** b, positive, normal],
    ['maximum', graph.maximum, Math.max, normal, normal],
    ['minimum', graph.minimum, Math.min, normal, normal],
    ['equal', graph.equal, truth((a, b) => a === b), few, few],
    ['greater', graph.greater, truth((a, b) => a > b), few, few],
    ['greaterOrEqual', graph.greaterOrEqual, truth((a, b) => a >= b), few, few],
    ['less', graph.less, truth((a, b) => a < b), few, few],
    ['lessOrEqual', graph.lessOrEqual, truth((a, b) => a <= b), few, few],
  ]
  const shapes: readonly (readonly [readonly number[], readonly number[], readonly number[]])[] = [
    [
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
    ],
    [[2, 3, 4], [4], [2, 3, 4]],
    [
      [2, 1, 4],
      [3, 1],
      [2, 3, 4],
    ],
    [[], [2, 3], [2, 3]],
  ]
  test.each(functions)('%s', async (_, operator, f, left, right) => {
    for (const [a, b, joined] of shapes) {
      const { given, result } = await values([left(a), right(b)], operator)
      expectClose(result, broadcast(joined, given, f))
    }
  })

  test('div of integers goes towards zero', async () => {
    const { given, result } = await values([whole([40], -20, 20), whole([40], 1, 7)], graph.div)
    expectClose(
      result,
      broadcast([40], given, (a, b) => Math.trunc(a / b)),
    )
  })
})

test('where takes from the one or the other', async () => {
  const condition: CaseInput = { ...whole([3, 1, 4], 0, 2), type: 'bool' }
  const { given, result } = await values([condition, normal([2, 1]), normal([4])], graph.where)
  expectClose(
    result,
    broadcast([3, 2, 4], given, (c, yes, no) => (c ? yes : no)),
  )
})

describe('reductions', () => {
  const functions: readonly [string, typeof graph.sum, (values: number[]) => number][] = [
    ['sum', graph.sum, total],
    ['mean', graph.mean, list => total(list) / list.length],
    ['max', graph.max, list => Math.max(...list)],
  ]
  test.each(functions)('%s over every choice of axes', async (_, operator, f) => {
    for (const axes of [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
      const { given, result } = await values([apart([2, 3, 4])], x => operator(x, { axes, keepAxes: true }))
      const expected = reduce(given[0]!, axes, f)
      expectClose(result, expected)
      const dropped = await values([apart([2, 3, 4])], x => operator(x, { axes: axes.map(axis => axis - 3) }))
      const shape = expected.shape.filter((_, axis) => !axes.includes(axis))
      expectClose(dropped.result, { ...expected, shape })
    }
  })

  test('logSumExp and the softmax of numbers whose exponentials overflow', async () => {
    const data = scaled(normal([5, 6]), 128)
    const { given, result } = await values([data], graph.logSumExp)
    const rows = reduce(given[0]!, [1], list => {
      const largest = Math.max(...list)
      return largest + Math.log(total(list.map(x => Math.exp(x - largest))))
    })
    expectClose(result, { shape: [5], values: rows.values })
    const softmax = await values([data], graph.softmax)
    expectClose(
      softmax.result,
      broadcast([5, 6], [given[0]!, rows], (x, log) => Math.exp(x - log)),
    )
  })
})

describe('products', () => {
  const variants = [false, true].flatMap(transposeA => [false, true].map(transposeB => ({ transposeA, transposeB })))
  test.each(variants)('matmul, %o', async ({ transposeA, transposeB }) => {
    const flip = (shape: number[], transposed: boolean) =>
      transposed ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape
    const [a, b] = [flip([2, 1, 3, 5], transposeA), flip([4, 5, 2], transposeB)]
    const { given, result } = await values([normal(a), normal(b)], (x, y) =>
      graph.matmul(x!, y!, { transposeA, transposeB, scale: 0.5 }),
    )
    const [left, right] = given as [Grid, Grid]
    const element = ({ shape, values }: Grid, batch: number, row: number, column: number, transposed: boolean) => {
      const [rows, columns] = shape.slice(-2) as [number, number]
      return values[batch * rows * columns + (transposed ? column * columns + row : row * columns + column)]!
    }
    const expected = gridOf([2, 4, 3, 2], ([i, j, row, column]) =>
      total(
        [0, 1, 2, 3, 4].map(
          k => 0.5 * element(left, i!, row!, k, transposeA) * element(right, j!, k, column!, transposeB),
        ),
      ),
    )
    expectClose(result, expected)
  })

  test('linear', async () => {
    const { given, result } = await values([normal([2, 3, 5]), normal([4, 5]), normal([4])], graph.linear)
    const [x, w, b] = given as [Grid, Grid, Grid]
    const expected = gridOf(
      [2, 3, 4],
      ([i, j, out]) =>
        total([0, 1, 2, 3, 4].map(k => x.values[(i! * 3 + j!) * 5 + k]! * w.values[out! * 5 + k]!)) + b.values[out!]!,
    )
    expectClose(result, expected)
  })
})
