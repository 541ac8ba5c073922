/** Parameters get the names that the published checkpoint gives them. */
import { describe, expect, test } from 'vitest'
import { add, compile, input, linear, mul, rmsNorm, type Scope, ShapeError, scope, sum } from '../../src/graph/index.ts'

const norm = (at: Scope) => rmsNorm(input('x', 'float32', ['n', 4]), at.parameter('weight', [4]), 1e-6)

describe('names', () => {
  test('are the path to the part', () => {
    const root = scope('transformer')
    norm(root.at('h').at(3).at('ln_1'))
    root.at('h.3').parameter('attn.c_attn.weight', [12, 4])
    expect([...root.parameters.keys()]).toEqual(['transformer.h.3.ln_1.weight', 'transformer.h.3.attn.c_attn.weight'])
  })

  test('have no prefix unless one is given', () => {
    expect(scope().at('lm_head').path('weight')).toBe('lm_head.weight')
    expect(scope().path('weight')).toBe('weight')
  })

  test('appear in the compiled graph', () => {
    const graph = compile({ y: norm(scope('a').at('b')) })
    expect(graph.weights).toEqual([{ name: 'a.b.weight', type: 'float32', shape: [4] }])
  })
})

describe('a parameter that is asked for twice', () => {
  test('is the same tensor', () => {
    const root = scope()
    const first = root.at('wte').parameter('weight', [8, 4])
    expect(root.parameter('wte.weight', [8, 4])).toBe(first)
    expect(root.parameters.size).toBe(1)
  })

  test('is one weight, and its gradient one sum', () => {
    const at = scope()
    const weight = () => at.parameter('weight', [4, 4])
    const x = input('x', 'float32', [2, 4])
    const graph = compile({ loss: sum(linear(linear(x, weight()), weight())) })
    expect(graph.weights.map(({ name }) => name)).toEqual(['weight'])
  })

  test('must be asked for with the same shape', () => {
    const at = scope('h.0')
    at.parameter('weight', [4, 8])
    expect(() => at.parameter('weight', [8, 4])).toThrow(ShapeError)
    expect(() => at.parameter('weight', [8, 4])).toThrow(/"h\.0\.weight" is float32 \[4, 8\].*float32 \[8, 4\]/)
  })

  test('and with the same element type', () => {
    const at = scope()
    at.parameter('weight', [4])
    expect(() => at.parameter('weight', [4], 'float16')).toThrow(/float32 \[4\].*float16 \[4\]/)
  })
})

test('a parameter has a shape of numbers', () => {
  const shape = ['batch', 4] as unknown as number[]
  expect(() => scope().parameter('weight', shape)).toThrow(/"weight" has shape \[batch, 4\]/)
  expect(() => scope().parameter('weight', [-1])).toThrow(TypeError)
})

test('scopes of different trees know nothing of each other', () => {
  const [left, right] = [scope('a'), scope('a')]
  left.parameter('w', [1])
  expect(right.parameters.size).toBe(0)
  const both = add(left.parameter('w', [1]), mul(right.parameter('w', [1]), 2))
  expect(() => compile({ both })).toThrow(/name "a\.w" is used by two/)
})
