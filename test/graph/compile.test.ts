/** Compiled graphs: what is in them and what is not, how their parts are called, and that their bytes can be relied on. */
import { describe, expect, test } from 'vitest'
import * as graph from '../../src/graph/index.ts'
import { cases } from './cases.ts'
import { countOf, graphOf, modelOf, nodesOf, typesOf } from './decode.ts'
import { evaluate, useEngine } from './engine.ts'
import { instantiate, numbers, type Values } from './instance.ts'

useEngine()

const x = graph.input('x', 'float32', ['n', 4])
const feeds: Values = { x: { type: 'float32', shape: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) } }

describe('nothing is written that nobody asked for', () => {
  test('a graph holds the nodes that its outputs need', () => {
    const used = graph.exp(x)
    graph.tanh(used)
    expect(typesOf(graph.compile({ used }))).toEqual(['Exp'])
  })

  test('inputs that no output needs are no inputs', () => {
    const other = graph.input('other', 'float32', ['n', 4])
    graph.add(x, other)
    expect(graph.compile({ y: graph.exp(x) }).inputs.map(({ name }) => name)).toEqual(['x'])
  })

  test('a composite computes only those outputs that are read', () => {
    const w = graph.scope().parameter('w', [4])
    const alone = nodesOf(graph.compile({ y: graph.layerNorm(x, w, undefined, 1e-5) }))
    expect(alone.map(({ opType, output }) => [opType, output.length])).toEqual([['LayerNormalization', 1]])
    const [first] = graph.split(x, 2)
    expect(typesOf(graph.compile({ first: first! }))).toEqual(['Split'])
  })

  test('the softmax inside logSumExp is no output of its own', () => {
    expect(graph.compile({ y: graph.logSumExp(x) }).outputs.map(({ name }) => name)).toEqual(['y'])
  })

  test('the loss of a linear layer holds no product that is not read', () => {
    const at = graph.scope()
    const labels = graph.input('labels', 'int64', ['n'])
    const loss = graph.linearCrossEntropy(x, at.parameter('w', [9, 4]), labels)
    expect(countOf(graph.compile({ loss }), 'FusedMatMul')).toBe(1)
  })
})

describe('shared sub-expressions', () => {
  test('are written once, however the graph came by them', () => {
    const [one, two] = [graph.mul(graph.exp(x), 2), graph.mul(graph.exp(x), 2)]
    expect(typesOf(graph.compile({ y: graph.add(one, two) }))).toEqual(['Exp', 'Mul', 'Add'])
  })

  test('are told apart by their attributes', () => {
    const both = graph.add(graph.clip(x, 0, 1), graph.clip(x, 0, 2))
    expect(countOf(graph.compile({ both }), 'Clip')).toBe(2)
  })

  test('equal constants are one initializer', () => {
    const y = graph.add(graph.mul(x, 3), graph.mul(graph.exp(x), 3))
    expect(graphOf(graph.compile({ y })).initializer).toHaveLength(1)
  })

  test('large constants that differ in one element are two', () => {
    const values = new Float32Array(400).fill(1)
    const other = values.slice()
    other[399] = 2
    const big = graph.input('big', 'float32', [400])
    const y = graph.mul(graph.add(big, graph.constant(values)), graph.constant(other))
    expect(graphOf(graph.compile({ y })).initializer).toHaveLength(2)
  })
})

describe('steps that are one step', () => {
  test('a reshape of a reshape, and a transpose of a transpose', () => {
    const again = graph.reshape(graph.reshape(x, ['n', 2, 2]), [2, 'n', 2])
    expect(typesOf(graph.compile({ again }))).toEqual(['Reshape'])
    const turned = graph.transpose(graph.transpose(again, [1, 2, 0]), [1, 0, 2])
    expect(countOf(graph.compile({ turned }), 'Transpose')).toBe(1)
    expect(typesOf(graph.compile({ y: graph.exp(graph.transpose(graph.transpose(x))) }))).toEqual(['Exp'])
  })

  test('rows summed into a tensor, without a pass over zeros', () => {
    const rows = graph.scatterAddRows(
      [5, 4],
      graph.constant([1, 1], [2], 'int64'),
      graph.input('rows', 'float32', [2, 4]),
    )
    const onto = graph.input('onto', 'float32', [5, 4])
    for (const y of [graph.add(onto, rows), graph.add(rows, onto)]) {
      expect(typesOf(graph.compile({ y }))).toEqual(['Unsqueeze', 'ScatterND'])
    }
  })
})

describe('constants', () => {
  test('are folded', async () => {
    const two = graph.sqrt(graph.add(graph.constant(1), graph.constant(3)))
    const half = graph.div(1, two)
    const compiled = graph.compile({ y: graph.mul(x, graph.add(graph.mul(half, 2), graph.constant([0, 1, 2, 3]))) })
    expect(typesOf(compiled)).toEqual(['Mul'])
    const { y } = await evaluate(compiled, feeds)
    expect(numbers(y!)).toEqual([1, 4, 9, 16, 5, 12, 21, 32])
  })

  test('comparisons of constants are folded too', () => {
    const mask = graph.not(graph.less(graph.constant([1, 2, 3, 4]), graph.constant(2.5)))
    expect(typesOf(graph.compile({ y: graph.where(mask, x, 0) }))).toEqual(['Where'])
  })

  test('operations that change nothing are left out', () => {
    const y = graph.div(graph.mul(graph.add(graph.sub(x, 0), 0), 1), 1)
    expect(graph.pow(y, 1)).toBe(x)
    expect(graph.cast(graph.reshape(graph.transpose(x, [0, 1]), ['n', 4]), 'float32')).toBe(x)
    expect(graph.slice(graph.pad(graph.expand(x, ['n', 4]), { axis: 0 }), { axis: 0 })).toBe(x)
  })

  test('unless they broadcast', () => {
    const y = graph.add(graph.input('row', 'float32', [4]), graph.constant(new Float32Array(12), [3, 4]))
    expect(y.shape).toEqual([3, 4])
    expect(typesOf(graph.compile({ y }))).toEqual(['Add'])
  })

  test('integers that do not fit are left to the engine', async () => {
    const large = graph.constant([2 ** 30], [1], 'int32')
    const y = graph.mul(large, 4)
    const { y: value } = await evaluate(graph.compile({ y }))
    expect(numbers(value!)).toEqual([0])
  })
})

describe('bytes', () => {
  const build = () => {
    const at = graph.scope()
    const input = graph.input('x', 'float32', ['n', 4])
    const hidden = graph.gelu(graph.linear(input, at.parameter('b', [8, 4]), at.parameter('a', [8])))
    const loss = graph.mean(graph.layerNorm(hidden, at.parameter('norm', [8]), undefined, 1e-5))
    const parameters = [...at.parameters.values()]
    const gradients = graph.gradient(loss, parameters)
    return { loss, ...Object.fromEntries(gradients.map((gradient, i) => [`g${i}`, gradient])) }
  }

  test('are the same for the same graph, whatever was built before', () => {
    const first = graph.compile(build(), { trained: 'all' })
    for (const one of cases.slice(0, 40)) instantiate(one, Array<number>(one.sizes).fill(2), 1).withGradients()
    const second = graph.compile(build(), { trained: 'all' })
    expect(Buffer.from(second.onnx).equals(Buffer.from(first.onnx))).toBe(true)
  })

  test('are the same when the same tensors are compiled again', () => {
    const outputs = build()
    expect(graph.compile(outputs).onnx).toEqual(graph.compile(outputs).onnx)
  })

  test('of every case are reproducible', () => {
    for (const one of cases) {
      const [a, b] = [0, 1].map(() => instantiate(one, Array<number>(one.sizes).fill(2), 3).withGradients())
      expect(Buffer.from(a!.onnx).equals(Buffer.from(b!.onnx)), one.name).toBe(true)
    }
  })

  test('say who made them and what they need', () => {
    const model = modelOf(graph.compile({ y: graph.exp(x) }))
    expect(model.producerName).toBe('qwen-vl')
    expect(model.irVersion).toBe(8n)
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', 17n],
      ['com.microsoft', 1n],
    ])
  })
})

describe('outputs', () => {
  test('have the names that were asked for, and specifications', () => {
    const { outputs } = graph.compile({ second: graph.exp(x), first: graph.sum(x) })
    expect(outputs).toEqual([
      { name: 'second', type: 'float32', shape: ['n', 4] },
      { name: 'first', type: 'float32', shape: [] },
    ])
  })

  test('may be inputs, parameters, constants, or one tensor under two names', async () => {
    const w = graph.scope().parameter('w', [2])
    const twice = graph.exp(x)
    const compiled = graph.compile({ same: x, w2: w, fixed: graph.constant([7, 8]), a: twice, b: twice })
    const weight = { w: { type: 'float32', shape: [2], data: Float32Array.of(5, 6) } } as const
    const { same, w2, fixed, a, b } = await evaluate(compiled, feeds, weight)
    expect([same, w2, fixed].map(one => numbers(one!))).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [5, 6],
      [7, 8],
    ])
    expect(numbers(a!)).toEqual(numbers(b!))
    expect(countOf(compiled, 'Exp')).toBe(1)
  })

  test('may be read by other nodes', async () => {
    const inner = graph.mul(x, 2)
    const { y, z } = await evaluate(graph.compile({ y: graph.add(inner, 1), z: inner }), feeds)
    expect(numbers(y!)).toEqual([3, 5, 7, 9, 11, 13, 15, 17])
    expect(numbers(z!)).toEqual([2, 4, 6, 8, 10, 12, 14, 16])
  })
})

describe('names that clash are refused', () => {
  test.each([
    ['an output and an input', () => graph.compile({ x: graph.exp(x) }), '"x" is used by two'],
    [
      'an input and a parameter',
      () => graph.compile({ y: graph.add(x, graph.scope().parameter('x', [4])) }),
      '"x" is used by two',
    ],
    ['two inputs', () => graph.compile({ y: graph.add(x, graph.input('x', 'float32', [4])) }), '"x" is used by two'],
    ['a colon', () => graph.compile({ 'Add:0': graph.exp(x) }), '"Add:0" cannot be a name'],
    ['nothing', () => graph.compile({ '': graph.exp(x) }), '"" cannot be a name'],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(graph.ShapeError)
    expect(build).toThrow(message)
  })
})

describe('parameters', () => {
  const at = graph.scope('layer')
  const y = graph.linear(x, at.parameter('weight', [3, 4]), at.parameter('bias', [3]))
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name)

  test('are weights: declared as external data under their own names', () => {
    const compiled = graph.compile({ y })
    expect(names(compiled.inputs)).toEqual(['x'])
    expect(compiled.weights).toEqual([
      { name: 'layer.bias', type: 'float32', shape: [3] },
      { name: 'layer.weight', type: 'float32', shape: [3, 4] },
    ])
    const declared = graphOf(compiled).initializer.find(({ name }) => name === 'layer.weight')!
    const external = Object.fromEntries(declared.externalData.map(({ key, value }) => [key, value]))
    expect(external).toEqual({ location: 'layer.weight', offset: '0', length: '48' })
  })

  test('are inputs when all are trained', () => {
    const compiled = graph.compile({ y }, { trained: 'all' })
    expect(names(compiled.inputs)).toEqual(['x', 'layer.bias', 'layer.weight'])
    expect(compiled.weights).toEqual([])
  })

  test('are inputs when they are among those trained', () => {
    const compiled = graph.compile({ y }, { trained: new Set(['layer.bias', 'elsewhere.bias']) })
    expect(names(compiled.inputs)).toEqual(['x', 'layer.bias'])
    expect(names(compiled.weights)).toEqual(['layer.weight'])
  })
})
