/**
 * Random graphs: a few operators one after the other, each reading values made before it, so that sub-expressions are
 * shared. Every value has the shape [rows, width] and stays tame (a few units at most), however the steps are drawn.
 */
import {
  abs,
  add,
  attention,
  clip,
  concat,
  cos,
  crossEntropy,
  div,
  dropout,
  erf,
  exp,
  expand,
  gather,
  gelu,
  layerNorm,
  linear,
  linearCrossEntropy,
  logSoftmax,
  logSumExp,
  matmul,
  mean,
  mul,
  neg,
  pad,
  pow,
  recompute,
  reshape,
  rmsNorm,
  rotary,
  scatterRows,
  sigmoid,
  silu,
  sin,
  slice,
  softmax,
  split,
  sqrt,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  where,
} from '../../src/graph/index.ts'
import {
  booleans,
  type CaseInput,
  distinctPositions,
  frozen,
  given,
  labels,
  normal,
  positions,
} from './cases/define.ts'

/** What every step may read besides the values. */
interface Surroundings {
  readonly rows: number
  readonly width: number
  readonly tensors: Readonly<Record<string, Tensor>>
}

type Step = (a: Tensor, b: Tensor, surroundings: Surroundings) => Tensor

const steps = {
  'half the sum': (a, b) => mul(add(a, b), 0.5),
  'half the difference': (a, b) => div(sub(a, b), 2),
  product: (a, b) => mul(tanh(a), b),
  quotient: (a, b) => div(a, add(mul(tanh(b), 0.5), 1.5)),
  power: (a, b) => pow(add(sigmoid(a), 0.5), tanh(b)),
  exp: a => exp(tanh(a)),
  'root of squares': (a, b) => sqrt(add(add(mul(a, a), mul(b, b)), 0.5)),
  'sine and cosine': (a, b) => mul(sin(a), cos(b)),
  erf: a => erf(neg(a)),
  gelu: a => gelu(a),
  silu: a => silu(a),
  'softmax, spread': (a, _, { width }) => mul(softmax(a), width),
  logSoftmax: a => mul(logSoftmax(a), 0.5),
  'less the logSumExp': a => sub(a, reshape(logSumExp(a), [a.size(0), 1])),
  layerNorm: (a, _, { tensors }) => layerNorm(a, tensors['vector']!, tensors['other']!, 0.25),
  rmsNorm: (a, _, { tensors }) => rmsNorm(a, tensors['vector']!, 0.25),
  linear: (a, _, { tensors }) => linear(a, mul(tensors['matrix']!, 0.25), tensors['vector']!),
  'products both ways': (a, b, { rows, width }) =>
    matmul(matmul(a, b, { transposeB: true, scale: 1 / (width * rows) }), a),
  'a table of itself': (a, b, { rows }) =>
    add(matmul(a, matmul(a, b, { transposeA: true, scale: 0.25 / rows }), { scale: 0.25 }), b),
  mean: (a, b) => add(mul(a, 0.5), mean(b, { axes: [0], keepAxes: true })),
  'sums expanded': (a, _, { rows, width }) =>
    expand(sum(mul(a, 1 / width), { axes: [-1], keepAxes: true }), [rows, width]),
  'concat and slice': (a, b, { rows }) => slice(concat([a, b], 0), { axis: 0, start: 1, end: rows + 1 }),
  'pad and slice': (a, _, { width }) => slice(pad(a, { axis: 1, before: 1 }), { axis: 1, end: width }),
  'halves exchanged': a => concat([...split(a, 2)].reverse()),
  'transpose and reshape': (a, _, { rows, width }) => reshape(transpose(a), [rows, width]),
  gather: (a, _, { tensors }) => gather(a, tensors['rows']!),
  scatterRows: (a, b, { tensors }) => scatterRows(a, tensors['row']!, slice(b, { axis: 0, end: 1 })),
  where: (a, b, { tensors }) => where(tensors['choice']!, a, b),
  'clip and abs of a constant': (a, _, { tensors }) => mul(a, clip(abs(tensors['frozen']!), 0.25, 1)),
  attention: (a, b, { rows, width }) => {
    const [q, k] = [a, b].map(x => reshape(x, [1, rows, 2, width / 2])) as [Tensor, Tensor]
    return reshape(attention(q, k, k), [rows, width])
  },
  rotary: (a, _, { rows, width, tensors }) => {
    const table = tensors['table']!
    return reshape(rotary(reshape(a, [1, rows, 2, width / 2]), cos(table), sin(table)), [rows, width])
  },
  'loss of rows': (a, b, { tensors }) => add(a, mul(crossEntropy(b, tensors['labels']!), 0.25)),
  'loss of a linear layer': (a, b, { tensors }) =>
    add(b, mul(linearCrossEntropy(a, tensors['matrix']!, tensors['labels']!, { rowsAtOnce: 2 }), 0.25)),
  dropout: (a, _, { tensors }) => dropout(a, 0.25, tensors['seed']!),
  'a stopped twin': (a, _, { tensors }) => add(mul(a, 0.5), mul(stopGradient(tensors['frozen']!), 0.5)),
  'a recomputed block': (a, b, { tensors }) =>
    recompute(() => mul(add(tanh(linear(a, mul(tensors['matrix']!, 0.25))), gelu(b)), 0.5)),
} as const satisfies Record<string, Step>

export const stepNames = Object.keys(steps) as readonly (keyof typeof steps)[]

/** One step: an operator, and which of the values so far it reads, counted from the first and wrapped around. */
export interface DrawnStep {
  readonly name: keyof typeof steps
  readonly a: number
  readonly b: number
}

/** The inputs of every composition. `width` must be a multiple of 4. */
export const surroundings = (rows: number, width: number): Readonly<Record<string, CaseInput>> => ({
  first: normal([rows, width]),
  second: normal([rows, width]),
  matrix: normal([width, width]),
  vector: normal([width]),
  other: normal([width]),
  frozen: frozen(normal([rows, width])),
  rows: positions([rows], rows),
  row: distinctPositions(1, rows),
  choice: booleans([rows, width]),
  table: frozen(normal([rows, width / 4])),
  labels: labels([rows], width),
  seed: given('int64', [], [11]),
})

/** The last value, and the one before it: two outputs that share what they are made of. */
export function compose(
  drawn: readonly DrawnStep[],
  rows: number,
  width: number,
  tensors: Readonly<Record<string, Tensor>>,
): Tensor[] {
  const values = [tensors['first']!, tensors['second']!]
  for (const { name, a, b } of drawn) {
    const step: Step = steps[name]
    values.push(step(values[a % values.length]!, values[b % values.length]!, { rows, width, tensors }))
  }
  return values.slice(-2)
}
