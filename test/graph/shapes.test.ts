/** A mistake in how tensors are put together is a ShapeError that names the operator, the shapes and the parameters. */
import { describe, expect, test } from 'vitest'
import * as graph from '../../src/graph/index.ts'

const at = graph.scope('h.0')
const weight = at.parameter('attn.weight', [8, 4])
const bias = at.parameter('attn.bias', [8])
const x = graph.input('x', 'float32', ['batch', 3])
const y = graph.input('y', 'float32', [2, 3, 4])
const ids = graph.input('ids', 'int64', ['batch'])
const flags = graph.input('flags', 'bool', [2])
const half = graph.input('half', 'float16', [2, 3, 4])

const mistakes: readonly [string, () => unknown, readonly (string | RegExp)[]][] = [
  ['add', () => graph.add(x, bias), ['add(', '[batch, 3] (input "x")', '[8] (parameter "h.0.attn.bias")', '3 and 8']],
  ['mul of two types', () => graph.mul(y, half), ['mul(', 'float32 [2, 3, 4] (input "y")', 'float16', 'cast']],
  ['add of booleans', () => graph.add(flags, flags), ['add(', 'bool [2] (input "flags")', 'float32']],
  ['exp of integers', () => graph.exp(ids), ['exp(', 'int64 [batch] (input "ids")']],
  ['not of floats', () => graph.not(x), ['not(', 'bool']],
  ['clip', () => graph.clip(x, 2, 1), ['clip(', 'lower bound 2', 'upper bound 1']],
  ['where', () => graph.where(x, x, x), ['where(', 'condition must be bool']],
  ['linear', () => graph.linear(x, weight), ['matmul(', '[8, 4] (parameter "h.0.attn.weight")', '3 and 4']],
  ['matmul of a vector', () => graph.matmul(x, bias), ['matmul(', '"h.0.attn.bias"', 'two axes']],
  ['matmul of batches', () => graph.matmul(y, graph.input('z', 'float32', [3, 4, 5])), ['matmul(', '2 and 3']],
  ['matmul of integers', () => graph.matmul(ids, ids), ['matmul(', 'must be float']],
  ['sum', () => graph.sum(x, { axes: [2] }), ['sum(', '(input "x")', 'no axis 2']],
  ['mean', () => graph.mean(y, { axes: [-1, 2] }), ['mean(', 'axis 2 is named twice']],
  ['softmax', () => graph.softmax(ids), ['softmax(', 'float tensor']],
  ['layerNorm', () => graph.layerNorm(y, bias, undefined, 1e-5), ['layerNorm(', '"h.0.attn.bias"', 'float32 [4]']],
  ['rmsNorm', () => graph.rmsNorm(y, bias, 1e-5), ['rmsNorm(', '"h.0.attn.bias"', 'float32 [4]']],
  ['reshape', () => graph.reshape(x, [6]), ['reshape(', '[batch, 3]', '3*batch', '[6]']],
  ['reshape with nothing to work out', () => graph.reshape(y, [-1, 5]), ['reshape(', '-1', '[-1, 5]']],
  ['reshape with two unknowns', () => graph.reshape(y, [-1, -1, 4]), ['reshape(', '[-1, -1, 4]']],
  ['transpose', () => graph.transpose(y, [0, 1]), ['transpose(', '[0, 1]', '3 axes']],
  ['transpose of a vector', () => graph.transpose(bias), ['transpose(', 'two axes']],
  ['concat', () => graph.concat([y, x], 0), ['concat(', '[2, 3, 4]', '[batch, 3]', 'axis 0']],
  ['concat of two types', () => graph.concat([y, half]), ['concat(', 'float16', 'cast']],
  ['split', () => graph.split(y, 3), ['split(', '[2, 3, 4]', '3 equal parts']],
  ['split of a named axis', () => graph.split(x, 2, 0), ['split(', '[batch, 3]']],
  ['split into sizes', () => graph.split(y, [1, 1]), ['split(', '[1, 1]', 'axis 2']],
  ['slice', () => graph.slice(y, { axis: 1, end: 5 }), ['slice(', '0 to 5', 'axis 1']],
  ['slice backwards', () => graph.slice(y, { axis: 1, start: 2, end: 1 }), ['slice(', '2 to 1']],
  ['pad', () => graph.pad(y, { axis: 0, before: -1 }), ['pad(', '-1', 'slice']],
  ['expand', () => graph.expand(y, [2, 5, 4]), ['expand(', '[2, 3, 4]', '[2, 5, 4]']],
  ['gather', () => graph.gather(weight, x), ['gather(', '"h.0.attn.weight"', 'int64 or int32']],
  ['pick', () => graph.pick(y, ids), ['pick(', '[batch] (input "ids")', '[2, 3]']],
  ['scatterRows', () => graph.scatterRows(weight, ids, y), ['scatterRows(', '"h.0.attn.weight"', '[batch, 4]']],
  ['scatterAddRows', () => graph.scatterAddRows([5, 4], ids, y), ['scatterAddRows(', '"ids"', '[batch, 4]']],
  ['scatterAddRows by floats', () => graph.scatterAddRows([5, 4], bias, y), ['scatterAddRows(', 'int64 or int32']],
  [
    'attention',
    () =>
      graph.attention(
        ...(['q', 'k', 'v'].map((n, i) => graph.input(n, 'float32', [1, 4, 2, 4 + (i % 2)])) as never as [
          graph.Tensor,
          graph.Tensor,
          graph.Tensor,
        ]),
      ),
    ['attention(', '[1, 4, 2, 4] (input "q")', '[1, 4, 2, 5] (input "k")'],
  ],
  [
    'the mask of attention',
    () => {
      const q = graph.input('q', 'float32', ['batch', 'sequence', 2, 4])
      return graph.attention(q, q, q, { mask: graph.input('mask', 'float32', ['sequence', 7]) })
    },
    ['attention(', 'mask', '[batch, 2, sequence, sequence]'],
  ],
  [
    'the mask of attention over kept keys',
    () => {
      const q = graph.input('q', 'float32', [1, 3, 2, 4])
      const keys = graph.input('keys', 'float32', [1, 2, 'past', 4])
      return graph.attention(q, q, q, { past: { keys, values: keys }, mask: graph.input('mask', 'float32', [3, 3]) })
    },
    ['attention(', '[3, 3] (input "mask")', '[1, 2, 3, past+3]'],
  ],
  [
    'attention of a width without a number',
    () => {
      const q = graph.input('q', 'float32', [1, 3, 2, 'width'])
      return graph.attention(q, q, q)
    },
    ['attention(', '[1, 3, 2, width] (input "q")', 'must be numbers'],
  ],
  [
    'kept keys of attention',
    () => {
      const q = graph.input('q', 'float32', [1, 3, 2, 4])
      const keys = graph.input('keys', 'float32', [1, 3, 'past', 4])
      return graph.attention(q, q, q, { past: { keys, values: keys } })
    },
    ['attention(', '[1, 3, past, 4] (input "keys")', '[1, 2, past, 4]'],
  ],
  [
    'rotary',
    () => graph.rotary(graph.input('q', 'float32', [1, 5, 2, 8]), weight, weight),
    ['rotary(', '"h.0.attn.weight"', 'float32 [5, 4]'],
  ],
  [
    'crossEntropy',
    () => graph.crossEntropy(x, graph.input('labels', 'int32', ['batch'])),
    ['crossEntropy(', 'int64 [batch]'],
  ],
  [
    'linearCrossEntropy',
    () => graph.linearCrossEntropy(x, weight, ids),
    ['linearCrossEntropy(', '"h.0.attn.weight"', '[vocabulary, 3]'],
  ],
  ['dropout', () => graph.dropout(x, 1, graph.constant(0, [], 'int64')), ['dropout(', 'probability 1']],
  ['the seed of dropout', () => graph.dropout(x, 0.5, ids), ['dropout(', '"ids"', 'int64 scalar']],
  [
    'patchEmbedding',
    () => graph.patchEmbedding(graph.input('pixels', 'float32', [1, 3, 14, 15]), at.parameter('conv1', [8, 3, 7, 7])),
    ['patchEmbedding(', '(input "pixels")', '"h.0.conv1"', 'multiples of the patch size 7'],
  ],
  [
    'resizeBicubic',
    () => graph.resizeBicubic(x, { rows: 2, columns: 2 }),
    ['resizeBicubic(', '[rows, columns, channels]'],
  ],
  [
    'quantisedLinear',
    () => graph.quantisedLinear(x, { bits: 4, blockSize: 24, values: weight, scales: bias }),
    ['quantisedLinear(', '24', 'power of two'],
  ],
  ['gradient', () => graph.gradient(y, [x]), ['gradient', 'float32 scalar', '[2, 3, 4] (input "y")']],
  ['constant', () => graph.constant([1, 2, 3], [2, 2]), ['constant [2, 2]', 'needs 4', 'got 3']],
  ['size', () => y.size(3), ['no axis 3', '[2, 3, 4] (input "y")']],
]

describe('the message says what is wrong with', () => {
  test.each(mistakes)('%s', (_, make, parts) => {
    let error: unknown
    try {
      make()
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(graph.ShapeError)
    for (const part of parts) expect((error as Error).message).toContain(part)
  })
})

describe('shapes of results', () => {
  test.each<[string, graph.Tensor, readonly (number | string)[]]>([
    ['broadcast names', graph.add(x, graph.input('a', 'float32', ['batch', 1])), ['batch', 3]],
    ['a name and a 1', graph.add(x, graph.input('a', 'float32', [1, 3])), ['batch', 3]],
    ['joined names', graph.concat([x, graph.input('b', 'float32', ['more', 3])], 0), ['batch+more', 3]],
    [
      'flattened names',
      graph.flatten(graph.input('c', 'float32', ['batch', 'sequence', 3]), 0, 1),
      ['batch*sequence', 3],
    ],
    ['a -1 that is a name', graph.reshape(x, [3, -1]), [3, 'batch']],
    ['a slice by names', graph.slice(x, { axis: 0, start: 1 }), ['batch-1', 3]],
    ['padding by a name', graph.pad(x, { axis: 1, after: 'batch' }), ['batch', 'batch+3']],
    ['gathered rows', graph.gather(weight, ids), ['batch', 4]],
  ])('%s', (_, tensor, shape) => {
    expect(tensor.shape).toEqual(shape)
  })

  test('negative axes count from the last', () => {
    expect(y.size(-1)).toBe(4)
  })
})
