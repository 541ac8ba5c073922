/** Cases of what a language model is made of: rotary angles, attention, losses, dropout, recomputed blocks. */
import {
  add,
  attention,
  crossEntropy,
  dropout,
  layerNorm,
  linear,
  linearCrossEntropy,
  mul,
  recompute,
  rotary,
  tanh,
} from '../../../src/graph/index.ts'
import { causal, frozen, given, labels, normal, type OperatorCase, operatorCase, positive, scaled } from './define.ts'

const turns: OperatorCase[] = [
  operatorCase(
    'rotary, one table',
    (b, t, h) => ({ x: normal([b, t, h, 8]), c: frozen(normal([t, 4])), s: frozen(normal([t, 4])) }),
    ({ x, c, s }) => rotary(x, c, s),
  ),
  operatorCase(
    'rotary, a table for each row',
    (b, t, h) => ({ x: normal([b, t, h, 4]), c: frozen(normal([b, t, 2])), s: frozen(normal([b, t, 2])) }),
    ({ x, c, s }) => rotary(x, c, s),
  ),
  operatorCase(
    'rotary, part of the width',
    (b, t, h) => ({ x: normal([b, t, h, 7]), c: frozen(normal([t, 2])), s: frozen(normal([t, 2])) }),
    ({ x, c, s }) => rotary(x, c, s),
  ),
]

const heads = (b: number, t: number, h: number, keys = t, width = 4) => ({
  q: normal([b, t, h, 4]),
  k: normal([b, keys, h, 4]),
  v: normal([b, keys, h, width]),
})

const attentions: OperatorCase[] = [
  operatorCase(
    'attention',
    (b, t, h) => heads(b, t, h),
    ({ q, k, v }) => attention(q, k, v),
  ),
  operatorCase(
    'attention, a scale',
    (b, t, h) => heads(b, t, h),
    ({ q, k, v }) => attention(q, k, v, { scale: 0.3 }),
  ),
  operatorCase(
    'attention, a causal mask',
    (b, t, h) => ({ ...heads(b, t, h), mask: causal(t, t) }),
    ({ q, k, v, mask }) => attention(q, k, v, { mask }),
  ),
  operatorCase(
    'attention, a mask that is trained',
    (b, t, h) => ({ ...heads(b, t, h), mask: normal([b, h, t, t]) }),
    ({ q, k, v, mask }) => attention(q, k, v, { mask }),
  ),
  operatorCase(
    'attention, a mask that broadcasts',
    (b, t, h) => ({ ...heads(b, t, h), mask: normal([b, 1, 1, t]) }),
    ({ q, k, v, mask }) => attention(q, k, v, { mask }),
  ),
  operatorCase(
    'attention, a mask for each head',
    (b, t, h) => ({ ...heads(b, t, h), mask: normal([h, t, t]) }),
    ({ q, k, v, mask }) => attention(q, k, v, { mask }),
  ),
  operatorCase(
    'attention, more keys than queries',
    (b, t, h) => ({ ...heads(b, t, h, t + 2), mask: normal([t, t + 2]) }),
    ({ q, k, v, mask }) => attention(q, k, v, { mask }),
  ),
  operatorCase(
    'attention, fewer keys than queries, wider values',
    (b, t, h) => heads(b, t + 1, h, t, 6),
    ({ q, k, v }) => attention(q, k, v),
  ),
  operatorCase(
    'attention, kept keys and values',
    (b, t, p) => ({ ...heads(b, t, 2), keys: normal([b, 2, p, 4]), values: normal([b, 2, p, 4]) }),
    ({ q, k, v, keys, values }) => attention(q, k, v, { past: { keys, values } }),
  ),
  operatorCase(
    'attention, kept keys and values under a causal mask, a scale',
    (b, t, p) => ({
      ...heads(b, t, 1),
      keys: normal([b, 1, p, 4]),
      values: normal([b, 1, p, 4]),
      mask: causal(t, p + t),
    }),
    ({ q, k, v, keys, values, mask }) => attention(q, k, v, { past: { keys, values }, mask, scale: 0.4 }),
  ),
  operatorCase(
    'attention of a sequence to itself',
    (b, t) => ({ x: normal([b, t, 2, 4]) }),
    ({ x }) => attention(x, x, x),
  ),
]

const VOCABULARY = 7

const losses: OperatorCase[] = [
  operatorCase(
    'crossEntropy',
    (b, t) => ({ x: normal([b, t, VOCABULARY]), y: labels([b, t], VOCABULARY) }),
    ({ x, y }) => crossEntropy(x, y),
  ),
  operatorCase(
    'crossEntropy, weights and another ignored label',
    (b, t) => ({ x: normal([b, t, VOCABULARY]), y: labels([b, t], VOCABULARY, 0), w: positive([b, t]) }),
    ({ x, y, w }) => crossEntropy(x, y, { weights: w, ignored: 0 }),
  ),
  operatorCase(
    'crossEntropy, all ignored',
    t => ({ x: normal([t, VOCABULARY]), y: given('int64', [t], Array<number>(t).fill(-100)), w: positive([t]) }),
    ({ x, y, w }) => [crossEntropy(x, y), crossEntropy(x, y, { weights: w })],
  ),
  operatorCase(
    'linearCrossEntropy',
    (b, t, k) => ({ x: normal([b, t, k]), w: normal([VOCABULARY, k]), y: labels([b, t], VOCABULARY) }),
    ({ x, w, y }) => linearCrossEntropy(x, w, y),
  ),
  operatorCase(
    'linearCrossEntropy, weights and another ignored label',
    (t, k) => ({ x: normal([t, k]), w: normal([VOCABULARY, k]), y: labels([t], VOCABULARY, 3), c: positive([t]) }),
    ({ x, w, y, c }) => linearCrossEntropy(x, w, y, { weights: c, ignored: 3 }),
  ),
  operatorCase(
    'linearCrossEntropy, slices that do not divide the rows',
    (t, k) => ({ x: normal([2, t + 1, k]), w: normal([VOCABULARY, k]), y: labels([2, t + 1], VOCABULARY) }),
    ({ x, w, y }) => linearCrossEntropy(x, w, y, { rowsAtOnce: 3 }),
  ),
  operatorCase(
    'linearCrossEntropy, one row at a time, weights',
    (t, k) => ({ x: normal([t, k]), w: normal([VOCABULARY, k]), y: labels([t], VOCABULARY), c: positive([t]) }),
    ({ x, w, y, c }) => linearCrossEntropy(x, w, y, { rowsAtOnce: 1, weights: c }),
  ),
  operatorCase(
    'linearCrossEntropy, all ignored',
    (t, k) => ({ x: normal([t, k]), w: normal([VOCABULARY, k]), y: given('int64', [t], Array<number>(t).fill(-100)) }),
    ({ x, w, y }) => linearCrossEntropy(x, w, y),
  ),
]

const blocks: OperatorCase[] = [
  operatorCase(
    'dropout',
    (m, n) => ({ x: normal([m, n]), seed: given('int64', [], [20_231_124]) }),
    ({ x, seed }) => [dropout(x, 0.3, seed), dropout(x, 0.5, seed, 1)],
  ),
  operatorCase(
    'dropout of nothing',
    m => ({ x: normal([m]), seed: given('int64', [], [1]) }),
    ({ x, seed }) => dropout(x, 0, seed),
  ),
  operatorCase(
    'recompute',
    (m, n, k) => ({ x: normal([m, n]), a: scaled(normal([k, n]), 0.5), b: scaled(normal([n, k]), 0.5) }),
    ({ x, a, b }) => recompute(() => add(x, linear(tanh(linear(x, a)), b))),
  ),
  operatorCase(
    'recompute, two blocks in a row, with dropout and composites inside',
    (t, h) => ({
      x: normal([1, t, h, 4]),
      w: normal([4]),
      seed: given('int64', [], [7]),
    }),
    ({ x, w, seed }) => {
      const block = (y: typeof x, stream: number) =>
        recompute(() => {
          const inner = layerNorm(y, w, undefined, 1)
          return add(y, dropout(attention(inner, inner, mul(inner, 0.5)), 0.25, seed, stream))
        })
      return block(block(x, 0), 1)
    },
  ),
]

export const languageCases: readonly OperatorCase[] = [...turns, ...attentions, ...losses, ...blocks]
