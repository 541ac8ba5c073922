/** Named dimensions: one compiled graph serves every size, and gives what a graph built for that size gives. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { typedArray } from '../../src/graph/elementType.ts'
import * as graph from '../../src/graph/index.ts'
import type { Session } from '../../src/runtime/node.ts'
import { type CaseInput, given, labels, normal, randomFrom, whole } from './cases/define.ts'
import { countOf, graphOf } from './decode.ts'
import { evaluate, open, useEngine } from './engine.ts'
import { distance, feedsOf, type Value, type Values } from './instance.ts'

useEngine()

type Sizes = Readonly<Record<string, graph.Dimension>>
type Tensors = Readonly<Record<string, graph.Tensor>>

const [WIDTH, VOCABULARY] = [8, 6]

/** Inputs by the sizes of batch, sequence and past. */
const inputs = (batch: number, sequence: number, past: number): Record<string, CaseInput> => ({
  x: normal([batch, sequence, WIDTH]),
  row: normal([sequence, 1]),
  kept: normal([batch, 2, past, WIDTH / 2]),
  ids: whole([batch, sequence], 0, VOCABULARY),
  labels: labels([batch, sequence], VOCABULARY),
  seed: given('int64', [], [5]),
})

const shapes: Readonly<Record<string, readonly (string | number)[]>> = {
  x: ['batch', 'sequence', WIDTH],
  row: ['sequence', 1],
  kept: ['batch', 2, 'past', WIDTH / 2],
  ids: ['batch', 'sequence'],
  labels: ['batch', 'sequence'],
  seed: [],
}

/** Computations in which sizes matter. Each is differentiated with respect to x and row. */
const computations: Readonly<Record<string, (tensors: Tensors, sizes: Sizes) => graph.Tensor>> = {
  'sums and means': ({ x, row }) => {
    const centred = graph.sub(x!, graph.mean(x!, { axes: [0, 1], keepAxes: true }))
    return graph.add(graph.mean(graph.mul(centred, row!)), graph.mul(graph.sum(x!, { axes: [1] }), 0.1))
  },
  maxima: ({ x, row }) => graph.mul(graph.max(x!, { axes: [1] }), graph.sum(row!)),
  'flattening and coming back': ({ x, row }, { batch, sequence }) => {
    const rows = graph.tanh(graph.flatten(x!, 0, 1))
    return graph.mul(graph.reshape(rows, [batch!, sequence!, WIDTH]), row!)
  },
  'reshape to two names and a rest': ({ x }, { batch, sequence }) =>
    graph.tanh(graph.reshape(graph.transpose(x!, [1, 0, 2]), [sequence!, batch!, 2, -1])),
  'a shift by one': ({ x }, { sequence }) => {
    const early = graph.slice(x!, { axis: 1, end: graph.subtractDimensions(sequence!, 1) })
    return graph.mul(early, graph.slice(x!, { axis: 1, start: 1 }))
  },
  'padding by a name': ({ x }, { sequence }) => graph.tanh(graph.pad(x!, { axis: -1, before: 1, after: sequence! })),
  'expand and sumTo': ({ x, row }, { batch, sequence }) => {
    const wide = graph.expand(row!, [batch!, sequence!, 3])
    return graph.mul(graph.sumTo(x!, [sequence!, 1]), graph.sum(wide, { axes: [0, 2] }))
  },
  concat: ({ x, row }) => graph.concat([x!, graph.mul(x!, row!), x!], 1),
  'attention over kept keys': ({ x, kept }, { batch, sequence }) => {
    const heads = graph.reshape(x!, [batch!, sequence!, 2, WIDTH / 2])
    return graph.attention(heads, heads, heads, { past: { keys: kept!, values: graph.tanh(kept!) } })
  },
  'attention with a mask': ({ x, row }, { batch, sequence }) => {
    const heads = graph.reshape(x!, [batch!, sequence!, 2, WIDTH / 2])
    return graph.attention(heads, graph.mul(heads, 2), heads, { mask: graph.matmul(row!, row!, { transposeB: true }) })
  },
  'rotary and a table for each position': ({ x, row }, { batch, sequence }) => {
    const heads = graph.reshape(x!, [batch!, sequence!, 2, WIDTH / 2])
    const angles = graph.stopGradient(graph.mul(row!, graph.constant([1, 0.1])))
    return graph.rotary(heads, graph.cos(angles), graph.sin(angles))
  },
  'look-up and norm': ({ x, row, ids }) => {
    const table = graph.slice(graph.matmul(graph.flatten(x!, 0, 1), graph.flatten(x!, 0, 1), { transposeA: true }), {
      axis: 0,
      end: VOCABULARY,
    })
    const weight = graph.constant(new Float32Array(WIDTH).fill(0.5))
    return graph.layerNorm(graph.mul(graph.gather(table, ids!), row!), weight, weight, 0.1)
  },
  'the loss of shifted labels': ({ x, labels }, { sequence }) => {
    const early = graph.slice(x!, { axis: 1, end: graph.subtractDimensions(sequence!, 1) })
    return graph.crossEntropy(
      graph.slice(early, { axis: 2, end: VOCABULARY }),
      graph.slice(labels!, { axis: 1, start: 1 }),
    )
  },
  'the loss of a linear layer': ({ x, labels }) => {
    const weight = graph.constant(
      Array.from({ length: VOCABULARY * WIDTH }, (_, i) => Math.sin(i)),
      [VOCABULARY, WIDTH],
    )
    return graph.linearCrossEntropy(x!, weight, labels!)
  },
  dropout: ({ x, seed }) => graph.dropout(x!, 0.5, seed!),
  'a recomputed block': ({ x, row }) => graph.recompute(() => graph.softmax(graph.mul(graph.tanh(x!), row!))),
  'sizes as numbers': ({ x }, { batch, sequence }) => {
    const count = graph.cast(graph.dimensionSize(graph.multiplyDimensions(batch!, sequence!)), 'float32')
    return graph.div(graph.sum(x!, { axes: [0, 1] }), graph.add(count, graph.filled(1, [sequence!, 1])))
  },
}

function build(
  name: string,
  shapeOf: (input: string) => readonly (string | number)[],
  sizes: Sizes,
): graph.CompiledGraph {
  const types = inputs(1, 1, 1)
  const tensors = Object.fromEntries(
    Object.entries(types).map(([input, { type }]) => [input, graph.input(input, type, shapeOf(input))]),
  )
  const output = computations[name]!(tensors, sizes)
  const wrt = [tensors['x']!, tensors['row']!]
  const [x, row] = graph.gradient(graph.sum(graph.mul(output, output)), wrt)
  // Whatever a computation leaves unread is read here, so that every name has an input that carries it.
  const anchors = Object.values(tensors).map(tensor => graph.sum(graph.cast(tensor, 'float32')))
  const anchor = anchors.reduce((total, one) => graph.add(total, one))
  return graph.compile({ output, 'gradient.x': x!, 'gradient.row': row!, anchor })
}

const named: Sizes = { batch: 'batch', sequence: 'sequence', past: 'past' }

describe('one graph runs at every size, with its gradients', () => {
  for (const name of Object.keys(computations)) {
    describe(name, () => {
      let session: Session
      let compiled: graph.CompiledGraph
      beforeAll(async () => {
        compiled = build(name, input => shapes[input]!, named)
        session = await open(compiled)
      })
      afterAll(() => session.dispose())

      test.each([
        [1, 5, 1],
        [3, 8, 2],
        [3, 5, 4],
        [1, 8, 7],
        [2, 2, 1],
      ])('batch %i, sequence %i, past %i', async (batch, sequence, past) => {
        const random = randomFrom(batch * 100 + sequence)
        const feeds: Values = Object.fromEntries(
          Object.entries(inputs(batch, sequence, past)).map(([input, { type, shape, values }]): [string, Value] => [
            input,
            { type, shape, data: typedArray(values(random), type) },
          ]),
        )
        const sizes = { batch, sequence, past }
        const fixed = build(name, input => feeds[input]!.shape, sizes)
        const expected = await evaluate(fixed, feeds)
        const actual = (await session.run(feedsOf(compiled, feeds) as never)) as Values
        for (const [output, value] of Object.entries(expected)) {
          expect(actual[output]!.shape, output).toEqual(value.shape)
          expect(distance(actual[output]!, value), output).toBeLessThan(1e-6)
        }
      })
    })
  }
})

describe('in the file', () => {
  const x = graph.input('x', 'float32', ['batch', 'sequence', 4])

  test('inputs and outputs carry their names and expressions', () => {
    const { input, output } = graphOf(graph.compile({ rows: graph.flatten(x, 0, 1) }))
    const written = [...input, ...output].map(({ type }) => {
      if (type?.value.case !== 'tensorType') return []
      return type.value.value.shape!.dim.map(({ value }) =>
        value.case === 'dimValue' ? Number(value.value) : value.value,
      )
    })
    expect(written).toEqual([
      ['batch', 'sequence', 4],
      ['batch*sequence', 4],
    ])
  })

  test('a reshape that keeps names where they are reads no size', () => {
    const heads = graph.reshape(x, ['batch', 'sequence', 2, 2])
    expect(countOf(graph.compile({ heads }), 'Shape')).toBe(0)
  })

  test('a size is read once', () => {
    const [a, b] = [graph.filled(1, ['batch', 3]), graph.filled(2, [3, 'batch'])]
    const compiled = graph.compile({ a: graph.add(graph.sum(x), a), b: graph.add(graph.sum(x), b) })
    expect(countOf(compiled, 'Shape')).toBe(1)
  })

  test('a name that no input carries is an error that says so', () => {
    const y = graph.add(graph.input('one', 'float32', [1]), graph.filled(1, ['unknown']))
    expect(() => graph.compile({ y })).toThrow(RangeError)
    expect(() => graph.compile({ y })).toThrow('no input has the dimension "unknown"')
  })
})
