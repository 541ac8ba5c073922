/** Cases of the operators that work element by element: arithmetic, functions, comparisons, choice, casts. */
import * as graph from '../../../src/graph/index.ts'
import {
  apart,
  booleans,
  type CaseInput,
  frozen,
  given,
  nonzero,
  normal,
  type OperatorCase,
  operatorCase,
  positive,
  whole,
} from './define.ts'

type Data = (shape: readonly number[]) => CaseInput

/** Ways in which two shapes broadcast. */
const patterns: readonly [
  string,
  (m: number, n: number, k: number) => readonly [readonly number[], readonly number[]],
][] = [
  [
    'equal shapes',
    (m, n, k) => [
      [m, n, k],
      [m, n, k],
    ],
  ],
  ['a right operand without the leading axes', (m, n, k) => [[m, n, k], [k]]],
  [
    'a left operand without the leading axis',
    (m, n, k) => [
      [n, k],
      [m, n, k],
    ],
  ],
  [
    '1 in the middle',
    (m, n, k) => [
      [m, 1, k],
      [m, n, k],
    ],
  ],
  [
    'both sides',
    (m, n, k) => [
      [m, 1, k],
      [n, 1],
    ],
  ],
  ['a tensor without axes', (m, n) => [[m, n], []]],
]

const binaries: readonly [string, (a: graph.Operand, b: graph.Operand) => graph.Tensor, Data, Data][] = [
  ['add', graph.add, normal, normal],
  ['sub', graph.sub, normal, normal],
  ['mul', graph.mul, normal, normal],
  ['div', graph.div, normal, nonzero],
  ['pow', graph.pow, positive, normal],
  ['maximum', graph.maximum, apart, shape => apart(shape, 0.25)],
  ['minimum', graph.minimum, apart, shape => apart(shape, 0.25)],
]

const arithmetic: OperatorCase[] = binaries.flatMap(([name, operator, left, right]) => [
  ...patterns.map(([pattern, shapes]) =>
    operatorCase(
      `${name}, ${pattern}`,
      (m, n, k) => {
        const [a, b] = shapes(m, n, k)
        return { a: left(a), b: right(b) }
      },
      ({ a, b }) => operator(a, b),
    ),
  ),
  operatorCase(
    `${name}, a number on the right`,
    (m, n) => ({ a: left([m, n]) }),
    ({ a }) => operator(a, 1.5),
  ),
  operatorCase(
    `${name}, a number on the left`,
    (m, n) => ({ b: right([m, n]) }),
    ({ b }) => operator(1.75, b),
  ),
  operatorCase(
    `${name}, an operand with itself`,
    m => ({ a: positive([m]) }),
    ({ a }) => operator(a, a),
    {
      ...(name.endsWith('imum') && { withoutGradient: 'a tie: tested with the rule for ties' }),
    },
  ),
])

const constantPowers: OperatorCase[] = [-1, 0, 0.5, 1, 2, 3].map(exponent =>
  operatorCase(
    `pow, the constant ${exponent}`,
    (m, n) => ({ x: positive([m, n]) }),
    ({ x }) => graph.pow(x, exponent),
  ),
)

const unaries: readonly [string, (x: graph.Tensor) => graph.Tensor, Data][] = [
  ['neg', graph.neg, normal],
  ['abs', graph.abs, apart],
  ['sign', graph.sign, apart],
  ['exp', graph.exp, normal],
  ['log', graph.log, positive],
  ['sqrt', graph.sqrt, positive],
  ['tanh', graph.tanh, normal],
  ['sigmoid', graph.sigmoid, normal],
  ['sin', graph.sin, normal],
  ['cos', graph.cos, normal],
  ['erf', graph.erf, normal],
  ['gelu', graph.gelu, normal],
  ['silu', graph.silu, normal],
  ['clip', x => graph.clip(x, -0.5, 1), apart],
  [
    'stopGradient beside a product',
    x => graph.add(graph.mul(x, 2), graph.mul(graph.stopGradient(graph.sign(x)), 3)),
    apart,
  ],
]

const functions: OperatorCase[] = unaries.map(([name, operator, data]) =>
  operatorCase(
    name,
    (m, n) => ({ x: data([m, n]) }),
    ({ x }) => operator(x),
  ),
)

/** Pairs of which about a third are equal. */
const fewValues = (shape: readonly number[]): CaseInput => {
  const values = whole(shape, -1, 2)
  return { ...values, type: 'float32' }
}

const comparisons: OperatorCase[] = [
  ...(
    [
      ['equal', graph.equal],
      ['greater', graph.greater],
      ['greaterOrEqual', graph.greaterOrEqual],
      ['less', graph.less],
      ['lessOrEqual', graph.lessOrEqual],
    ] as const
  ).flatMap(([name, operator]) => [
    operatorCase(
      `${name} of floats`,
      (m, n) => ({ a: fewValues([m, n]), b: fewValues([n]) }),
      ({ a, b }) => operator(a, b),
    ),
    operatorCase(
      `${name} of int64`,
      (m, n) => ({ a: whole([m, 1], -1, 2), b: whole([m, n], -1, 2) }),
      ({ a, b }) => operator(a, b),
    ),
  ]),
  operatorCase(
    'and',
    (m, n) => ({ a: booleans([m, n]), b: booleans([n]) }),
    ({ a, b }) => graph.and(a, b),
  ),
  operatorCase(
    'or',
    (m, n) => ({ a: booleans([m, 1]), b: booleans([n]) }),
    ({ a, b }) => graph.or(a, b),
  ),
  operatorCase(
    'not',
    (m, n) => ({ a: booleans([m, n]) }),
    ({ a }) => graph.not(a),
  ),
]

const choices: OperatorCase[] = [
  operatorCase(
    'where, all broadcast',
    (m, n, k) => ({ c: booleans([m, 1, k]), a: normal([n, 1]), b: normal([k]) }),
    ({ c, a, b }) => graph.where(c, a, b),
  ),
  operatorCase(
    'where, a number for yes',
    (m, n) => ({ c: booleans([m, n]), b: normal([n]) }),
    ({ c, b }) => graph.where(c, 0.25, b),
  ),
  operatorCase(
    'where, a number for no',
    (m, n) => ({ a: normal([m, n]) }),
    ({ a }) => graph.where(graph.greater(graph.stopGradient(a), 100), a, graph.mul(a, 3)),
  ),
  operatorCase(
    'where of int64',
    (m, n) => ({ c: booleans([m, n]), a: whole([m, n], 0, 9) }),
    ({ c, a }) => graph.where(c, a, -1),
  ),
]

const casts: OperatorCase[] = [
  operatorCase(
    'cast to int32 and back',
    m => ({ x: apart([m]) }),
    ({ x }) => [graph.cast(x, 'int32'), graph.cast(graph.cast(x, 'int32'), 'float32')],
  ),
  operatorCase(
    'cast of int64',
    m => ({ x: whole([m], -9, 9) }),
    ({ x }) => [graph.cast(x, 'float32'), graph.cast(x, 'int32'), graph.cast(x, 'bool')],
  ),
  operatorCase(
    'cast of bool',
    m => ({ x: booleans([m]) }),
    ({ x }) => [graph.cast(x, 'float32'), graph.cast(x, 'int64')],
  ),
  operatorCase(
    'cast to float16 and back',
    m => ({ x: normal([m]) }),
    ({ x }) => graph.cast(graph.cast(x, 'float16'), 'float32'),
    { withoutGradient: 'values are rounded to float16' },
  ),
]

const integerArithmetic: OperatorCase[] = (['int64', 'int32'] as const).map(type =>
  operatorCase(
    `arithmetic of ${type}`,
    (m, n) => ({
      a: whole([m, n], -20, 20, type),
      b: whole([n], 1, 5, type),
    }),
    ({ a, b }) => [
      graph.add(a, b),
      graph.sub(a, b),
      graph.mul(a, b),
      graph.div(graph.abs(a), b),
      graph.neg(a),
      graph.maximum(a, b),
      graph.minimum(a, 2),
      graph.clip(a, -3, 3),
    ],
  ),
)

const constants: OperatorCase[] = [
  operatorCase(
    'filled, zerosLike and constants beside inputs',
    (m, n) => ({ x: normal([m, n]) }),
    ({ x }, m, n) => [
      graph.add(x, graph.filled(0.5, [m, n])),
      graph.sub(graph.zerosLike(x), x),
      graph.mul(x, graph.constant(Array.from({ length: n }, (_, i) => i - 0.5))),
    ],
  ),
  operatorCase(
    'a mask of constants that are not finite',
    m => ({ x: frozen(normal([m])), c: given('bool', [m], Array<number>(m).fill(1)) }),
    ({ x, c }) => graph.where(c, x, Number.NEGATIVE_INFINITY),
  ),
]

export const elementwiseCases: readonly OperatorCase[] = [
  ...arithmetic,
  ...constantPowers,
  ...functions,
  ...comparisons,
  ...choices,
  ...casts,
  ...integerArithmetic,
  ...constants,
]
