/** Operators that only move elements: every element is where its definition puts it, exactly. */
import { describe, expect, test } from 'vitest'
import * as graph from '../../src/graph/index.ts'
import { evaluate, useEngine } from './engine.ts'
import { numbers } from './instance.ts'
import { at, type Grid, gridOf } from './reference.ts'

useEngine()

/** 0, 1, 2 … under a shape: the value of each element tells where it came from. */
const counted = (...shape: number[]): Grid => ({
  shape,
  values: Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => i),
})

async function moved(grid: Grid, build: (x: graph.Tensor) => graph.Tensor): Promise<Grid> {
  const data = Float32Array.from(grid.values)
  const compiled = graph.compile({ y: build(graph.input('x', 'float32', grid.shape)) })
  const { y } = await evaluate(compiled, { x: { type: 'float32', shape: grid.shape, data } })
  return { shape: y!.shape, values: numbers(y!) }
}

const integers = (...values: number[]) => graph.constant(values, [values.length], 'int64')

describe('where elements go', () => {
  const x = counted(2, 3, 4)

  test('reshape keeps their order', async () => {
    expect(await moved(x, y => graph.reshape(y, [4, -1, 2]))).toEqual({ ...x, shape: [4, 3, 2] })
  })

  test('flatten joins axes', async () => {
    expect(await moved(x, y => graph.flatten(y, 1))).toEqual({ ...x, shape: [2, 12] })
  })

  test('transpose: axis i of the result is axis order[i]', async () => {
    const expected = gridOf([4, 2, 3], ([k, i, j]) => at(x, [i!, j!, k!]))
    expect(await moved(x, y => graph.transpose(y, [2, 0, 1]))).toEqual(expected)
    expect(await moved(x, y => graph.transpose(graph.transpose(y, [1, 2, 0]), [1, 2, 0]))).toEqual(expected)
  })

  test('concat puts one after the other', async () => {
    const expected = gridOf([2, 6, 4], ([i, j, k]) => at(x, [i!, j! % 3, k!]) * (j! < 3 ? 1 : 10))
    expect(await moved(x, y => graph.concat([y, graph.mul(y, 10)], 1))).toEqual(expected)
  })

  test('split cuts into consecutive parts', async () => {
    const expected = gridOf([2, 3, 3], ([i, j, k]) => at(x, [i!, j!, k! + 1]))
    expect(await moved(x, y => graph.split(y, [1, 3])[1]!)).toEqual(expected)
    const middle = gridOf([2, 1, 4], ([i, , k]) => at(x, [i!, 1, k!]))
    expect(await moved(x, y => graph.split(y, 3, 1)[1]!)).toEqual(middle)
  })

  test('slice takes a range', async () => {
    const expected = gridOf([2, 3, 2], ([i, j, k]) => at(x, [i!, j!, k! + 1]))
    expect(await moved(x, y => graph.slice(y, { axis: -1, start: 1, end: 3 }))).toEqual(expected)
  })

  test('pad adds at both ends', async () => {
    const expected = gridOf([2, 6, 4], ([i, j, k]) => (j! < 2 || j! > 4 ? -7 : at(x, [i!, j! - 2, k!])))
    expect(await moved(x, y => graph.pad(y, { axis: 1, before: 2, after: 1, value: -7 }))).toEqual(expected)
  })

  test('expand repeats', async () => {
    const row = counted(2, 1, 3)
    const expected = gridOf([5, 2, 4, 3], ([, i, , k]) => at(row, [i!, 0, k!]))
    expect(await moved(row, y => graph.expand(y, [5, 2, 4, 3]))).toEqual(expected)
  })

  test('sumTo sums what was repeated', async () => {
    const expected = gridOf([3, 1], ([j]) =>
      x.values.reduce((sum, v, i) => sum + (Math.floor(i / 4) % 3 === j ? v : 0), 0),
    )
    expect(await moved(x, y => graph.sumTo(y, [3, 1]))).toEqual(expected)
  })

  test('gather looks rows up', async () => {
    const table = counted(5, 2)
    const positions = [4, 0, 4, -1]
    const expected = gridOf([2, 2, 2], ([i, j, k]) => at(table, [(positions[i! * 2 + j!]! + 5) % 5, k!]))
    expect(await moved(table, y => graph.gather(y, graph.reshape(integers(...positions), [2, 2])))).toEqual(expected)
  })

  test('pick takes one element of each row', async () => {
    const expected = gridOf([2, 3], ([i, j]) => at(x, [i!, j!, (i! + j!) % 4]))
    const positions = graph.reshape(integers(0, 1, 2, 1, 2, 3), [2, 3])
    expect(await moved(x, y => graph.pick(y, positions))).toEqual(expected)
  })

  test('scatterRows replaces rows', async () => {
    const base = counted(4, 3)
    const rows = graph.constant([-1, -2, -3, -4, -5, -6], [2, 3])
    const expected = gridOf([4, 3], ([i, j]) => (i === 3 ? -1 - j! : i === 1 ? -4 - j! : at(base, [i!, j!])))
    expect(await moved(base, y => graph.scatterRows(y, integers(3, 1), rows))).toEqual(expected)
  })

  test('scatterAddRows sums rows that share a place', async () => {
    const rows = counted(3, 2)
    const expected = { shape: [4, 2], values: [0, 0, 0 + 4, 1 + 5, 0, 0, 2, 3] }
    expect(await moved(rows, y => graph.scatterAddRows([4, 2], integers(1, 3, 1), y))).toEqual(expected)
  })

  test('causalMask hides later keys and nothing else', async () => {
    const mask = await moved(counted(1), y => graph.add(graph.causalMask(4), graph.mul(y, 0)))
    expect(mask).toEqual(gridOf([4, 4], ([i, j]) => (j! > i! ? graph.MASKED : 0)))
  })
})
