import { expect, test } from 'vitest'
import type { Dimension, Shape } from '../../src/graph/index.ts'
import { checkRun, checkWeights, evaluateShape } from '../../src/runtime/check.ts'
import { MismatchError, type TensorValue, tensorValue } from '../../src/runtime/node.ts'

const specification = (name: string, shape: Shape, type: TensorValue['type'] = 'float32') => ({ name, type, shape })
const zeros = (shape: readonly number[]) =>
  tensorValue('float32', shape, new Float32Array(shape.reduce((product, size) => product * size, 1)))

const graph = {
  inputs: [
    specification('tokens', ['batch', 'sequence'], 'int64'),
    specification('mask', ['batch', 'past+sequence']),
    specification('cache', ['batch', 'past', 4]),
  ],
  outputs: [specification('logits', ['batch', 'sequence', 8])],
}

const fitting = {
  tokens: tensorValue('int64', [2, 3], [1, 2, 3, 4, 5, 6]),
  mask: zeros([2, 8]),
  cache: zeros([2, 5, 4]),
}

function mismatches(action: () => unknown): readonly string[] {
  try {
    action()
  } catch (error) {
    if (error instanceof MismatchError) return error.mismatches
    throw error
  }
  return []
}

test('fitting feeds pass, and settle the named dimensions', () => {
  const sizes = checkRun(graph, fitting, {})
  expect(Object.fromEntries(sizes)).toEqual({ batch: 2, sequence: 3, past: 5 })
  expect(evaluateShape(['batch', 'past+sequence', 2], sizes)).toEqual([2, 8, 2])
  expect(evaluateShape(['other' as Dimension], sizes)).toBeUndefined()
})

test('every mismatch is in one message', () => {
  const { tokens: _, ...others } = fitting
  const feeds = { ...others, mask: zeros([2, 8, 1]), cache: tensorValue('int32', [1], [0]), extra: zeros([1]) }
  expect(mismatches(() => checkRun(graph, feeds, {}))).toEqual([
    'input "tokens" is missing: int64 [batch, sequence]',
    'there is no input "extra": the graph\'s are "tokens", "mask", "cache"',
    'input "mask" has shape [2, 8, 1], but the graph takes [batch, past+sequence]',
    'input "cache" is int32, but the graph takes float32 [batch, past, 4]',
  ])
  expect(() => checkRun(graph, feeds, {})).toThrow(
    /do not fit the graph:\n {2}- input "tokens" is missing.*\n {2}- there/,
  )
})

test('a named dimension must be the same size everywhere, sums of names included', () => {
  expect(mismatches(() => checkRun(graph, { ...fitting, cache: zeros([3, 5, 4]) }, {}))).toEqual([
    'input "cache" has shape [3, 5, 4], but the graph takes [batch, past, 4] (batch is 2 in "tokens")',
  ])
  expect(mismatches(() => checkRun(graph, { ...fitting, mask: zeros([2, 7]) }, {}))).toEqual([
    'input "mask" has shape [2, 7], but the graph takes [batch, past+sequence] (past+sequence is 8)',
  ])
})

test('data must fill the shape, in the array of its element type', () => {
  const short = { type: 'float32', shape: [2, 8], data: new Float32Array(3) } as const
  const doubles = { type: 'float32', shape: [2, 8], data: new Float64Array(16) } as unknown as TensorValue
  expect(mismatches(() => checkRun(graph, { ...fitting, mask: short }, {}))).toEqual([
    'input "mask" has 3 values, but its shape [2, 8] has 16',
  ])
  expect(mismatches(() => checkRun(graph, { ...fitting, mask: doubles }, {}))).toEqual([
    'input "mask" lies in a Float64Array, but float32 lies in a Float32Array',
  ])
})

test('outputs asked for must exist and fit', () => {
  const into = { logits: zeros([2, 4, 8]) }
  expect(mismatches(() => checkRun(graph, fitting, { outputs: ['probabilities'], into }))).toEqual([
    'there is no output "probabilities": the graph\'s are "logits"',
    'output "logits" has shape [2, 4, 8], but the graph takes [batch, sequence, 8] (sequence is 3 in "tokens")',
  ])
})

test('a tensor cannot be read and filled in the same run', () => {
  const shared = { inputs: [specification('x', [2])], outputs: [specification('y', [2]), specification('z', [2])] }
  const x = zeros([2])
  expect(mismatches(() => checkRun(shared, { x }, { into: { y: x } }))).toEqual([
    'output "y" cannot be filled: its tensor is used twice in this run',
  ])
  const y = zeros([2])
  expect(mismatches(() => checkRun(shared, { x }, { into: { y, z: y } }))).toHaveLength(2)
})

test('weights must be there, of the right type and shape, and nothing more', () => {
  const wanted = [
    specification('a', [2, 3]),
    specification('b', [4], 'int8'),
    specification('c', [2]),
    specification('d', [1]),
  ]
  const given = {
    a: zeros([3, 2]),
    b: zeros([4]),
    c: { path: 'weights.bin', offset: 0, length: 12 },
    e: zeros([1]),
  }
  expect(mismatches(() => checkWeights(wanted, given))).toEqual([
    'weight "d" is missing: float32 [1]',
    'there is no weight "e": the graph\'s are "a", "b", "c", "d"',
    'weight "a" has shape [3, 2], but the graph takes [2, 3]',
    'weight "b" is float32, but the graph takes int8 [4]',
    'weight "c" has 12 bytes in weights.bin, but float32 [2] has 8',
  ])
})

test('a tensor value refuses what does not fill its shape or has another type', () => {
  expect(() => tensorValue('float32', [2, 2], [1, 2, 3])).toThrow(/\[2, 2\] has 4 elements, but 3 values were given/)
  expect(() => tensorValue('int64', [1], new Float32Array(1) as never)).toThrow(TypeError)
  expect(() => tensorValue('int8', [-1], [])).toThrow(/not a shape/)
  expect(tensorValue('int64', [2], [1, -1]).data).toEqual(BigInt64Array.of(1n, -1n))
  expect(tensorValue('float16', [1], [1]).data).toEqual(Uint16Array.of(0x3c00))
})
