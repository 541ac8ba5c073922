/** Cases of what reduces or normalises along axes. */
import {
  layerNorm,
  logSoftmax,
  logSumExp,
  max,
  mean,
  type ReduceOptions,
  rmsNorm,
  softmax,
  sum,
} from '../../../src/graph/index.ts'
import { apart, nonzero, normal, type OperatorCase, operatorCase, scaled } from './define.ts'

const axes: readonly [string, ReduceOptions][] = [
  ['all axes', {}],
  ['all axes, kept', { keepAxes: true }],
  ['the first axis', { axes: [0] }],
  ['the last axis, kept', { axes: [-1], keepAxes: true }],
  ['the outer axes', { axes: [2, 0] }],
  ['the middle axis, kept', { axes: [-2], keepAxes: true }],
  ['no axes', { axes: [] }],
]

const operators = [
  ['sum', sum, normal],
  ['mean', mean, normal],
  ['max', max, apart],
] as const

const reductions: OperatorCase[] = operators.flatMap(([name, operator, data]) =>
  axes.map(([which, options]) =>
    operatorCase(
      `${name} over ${which}`,
      (m, n, k) => ({ x: data([m, n, k]) }),
      ({ x }) => operator(x, options),
    ),
  ),
)

const shapes: readonly [string, (m: number, n: number, k: number) => readonly number[]][] = [
  ['a vector', (_, __, k) => [k]],
  ['rows', (m, n, k) => [m, n, k]],
]

const exponentials: OperatorCase[] = [
  ...(
    [
      ['softmax', softmax],
      ['logSoftmax', logSoftmax],
      ['logSumExp', logSumExp],
    ] as const
  ).flatMap(([name, operator]) =>
    shapes.map(([which, shape]) =>
      operatorCase(
        `${name} of ${which}`,
        (m, n, k) => ({ x: normal(shape(m, n, k)) }),
        ({ x }) => operator(x),
      ),
    ),
  ),
  operatorCase(
    'softmax of large numbers',
    (m, n) => ({ x: scaled(normal([m, n]), 64) }),
    ({ x }) => [softmax(x), logSoftmax(x), logSumExp(x)],
    { withoutGradient: 'too steep for differences' },
  ),
]

const norms: OperatorCase[] = [
  operatorCase(
    'layerNorm, with bias',
    (m, n, k) => ({ x: apart([m, n, k + 1]), w: normal([k + 1]), b: normal([k + 1]) }),
    ({ x, w, b }) => layerNorm(x, w, b, 1e-5),
  ),
  operatorCase(
    'layerNorm, without bias',
    (m, k) => ({ x: apart([m, k + 1]), w: normal([k + 1]) }),
    ({ x, w }) => layerNorm(x, w, undefined, 1e-6),
  ),
  operatorCase(
    'layerNorm of a vector, a large ε',
    k => ({ x: normal([k]), w: normal([k]), b: normal([k]) }),
    ({ x, w, b }) => layerNorm(x, w, b, 0.5),
  ),
  operatorCase(
    'rmsNorm',
    (m, n, k) => ({ x: nonzero([m, n, k]), w: normal([k]) }),
    ({ x, w }) => rmsNorm(x, w, 1e-6),
  ),
  operatorCase(
    'rmsNorm of a vector, a large ε',
    k => ({ x: normal([k]), w: normal([k]) }),
    ({ x, w }) => rmsNorm(x, w, 0.5),
  ),
]

export const reductionCases: readonly OperatorCase[] = [...reductions, ...exponentials, ...norms]
