/** Cases of matrix products, linear layers, quantised ones, and patches of pictures. */
import {
  dequantise,
  linear,
  type MatmulOptions,
  matmul,
  patchEmbedding,
  type QuantisedWeight,
  quantisedLinear,
  resizeBicubic,
  type Tensor,
} from '../../../src/graph/index.ts'
import { bytes, type CaseInput, normal, type OperatorCase, operatorCase, positive, scaled, weight } from './define.ts'

type Shapes = (m: number, n: number, k: number) => readonly [readonly number[], readonly number[]]

const matmuls: readonly [string, Shapes, MatmulOptions][] = [
  [
    'matrices',
    (m, n, k) => [
      [m, k],
      [k, n],
    ],
    {},
  ],
  [
    'a scale',
    (m, n, k) => [
      [m, k],
      [k, n],
    ],
    { scale: 0.25 },
  ],
  [
    'a transposed',
    (m, n, k) => [
      [k, m],
      [k, n],
    ],
    { transposeA: true },
  ],
  [
    'b transposed',
    (m, n, k) => [
      [m, k],
      [n, k],
    ],
    { transposeB: true },
  ],
  [
    'both transposed, a scale',
    (m, n, k) => [
      [k, m],
      [n, k],
    ],
    { transposeA: true, transposeB: true, scale: -2 },
  ],
  [
    'batches',
    (m, n, k) => [
      [2, m, k],
      [2, k, n],
    ],
    {},
  ],
  [
    'batches, b transposed, a scale',
    (m, n, k) => [
      [2, m, k],
      [2, n, k],
    ],
    { transposeB: true, scale: 0.5 },
  ],
  [
    'batches, a transposed',
    (m, n, k) => [
      [2, k, m],
      [2, k, n],
    ],
    { transposeA: true },
  ],
  [
    'batches, both transposed',
    (m, n, k) => [
      [2, k, m],
      [2, n, k],
    ],
    { transposeA: true, transposeB: true },
  ],
  [
    'two batch axes that broadcast',
    (m, n, k) => [
      [2, 1, m, k],
      [3, k, n],
    ],
    {},
  ],
  [
    'batch axes that broadcast, b transposed',
    (m, n, k) => [
      [2, 1, m, k],
      [1, 3, n, k],
    ],
    { transposeB: true },
  ],
  [
    'batch axes that broadcast, a transposed',
    (m, n, k) => [
      [1, k, m],
      [3, k, n],
    ],
    { transposeA: true },
  ],
  [
    'a shared right matrix',
    (m, n, k) => [
      [2, 3, m, k],
      [k, n],
    ],
    { scale: 0.5 },
  ],
  [
    'a shared right matrix, transposed',
    (m, n, k) => [
      [2, 3, m, k],
      [n, k],
    ],
    { transposeB: true },
  ],
  [
    'a shared right matrix, a transposed',
    (m, n, k) => [
      [2, k, m],
      [k, n],
    ],
    { transposeA: true },
  ],
  [
    'a shared right matrix, both transposed',
    (m, n, k) => [
      [2, k, m],
      [n, k],
    ],
    { transposeA: true, transposeB: true },
  ],
  [
    'a shared left matrix',
    (m, n, k) => [
      [m, k],
      [2, k, n],
    ],
    {},
  ],
  [
    'a shared left matrix, transposed',
    (m, n, k) => [
      [k, m],
      [2, k, n],
    ],
    { transposeA: true },
  ],
]

const products: OperatorCase[] = [
  ...matmuls.map(([name, shapes, options]) =>
    operatorCase(
      `matmul, ${name}`,
      (m, n, k) => {
        const [a, b] = shapes(m, n, k)
        return { a: normal(a), b: normal(b) }
      },
      ({ a, b }) => matmul(a, b, options),
    ),
  ),
  operatorCase(
    'matmul of a matrix with its own transpose',
    (m, n) => ({ a: normal([m, n]) }),
    ({ a }) => matmul(a, a, { transposeB: true }),
  ),
  operatorCase(
    'linear',
    (m, n, k) => ({ x: normal([2, m, k]), w: normal([n, k]) }),
    ({ x, w }) => linear(x, w),
  ),
  operatorCase(
    'linear, with bias',
    (m, n, k) => ({ x: normal([m, k]), w: normal([n, k]), b: normal([n]) }),
    ({ x, w, b }) => linear(x, w, b),
  ),
  operatorCase(
    'linear, a frozen weight',
    (m, n, k) => ({ x: normal([m, k]), w: weight(normal([n, k])), b: weight(normal([n])) }),
    ({ x, w, b }) => linear(x, w, b),
  ),
]

interface Format {
  readonly bits: 4 | 8
  readonly blockSize: 16 | 32
  readonly blocks: number
  readonly zeros: boolean
}

const formats: readonly Format[] = [
  { bits: 4, blockSize: 16, blocks: 2, zeros: false },
  { bits: 4, blockSize: 32, blocks: 1, zeros: false },
  { bits: 4, blockSize: 16, blocks: 3, zeros: true },
  { bits: 4, blockSize: 32, blocks: 2, zeros: true },
  { bits: 8, blockSize: 16, blocks: 3, zeros: false },
  { bits: 8, blockSize: 32, blocks: 2, zeros: true },
]

const weights = (
  out: number,
  { bits, blockSize, blocks, zeros }: Format,
): Record<'values' | 'scales' | 'zero', CaseInput> => ({
  values: weight(bytes([out, blocks, (blockSize * bits) / 8])),
  scales: weight(scaled(positive([out, blocks]), bits === 4 ? 2 ** -5 : 2 ** -9)),
  ...((zeros ? { zero: weight(bytes([out, Math.ceil((blocks * bits) / 8)])) } : {}) as { zero: CaseInput }),
})

const quantised = (
  tensors: { readonly values: Tensor; readonly scales: Tensor; readonly zero?: Tensor },
  { bits, blockSize }: Format,
): QuantisedWeight => ({
  bits,
  blockSize,
  values: tensors.values,
  scales: tensors.scales,
  ...(tensors.zero && { zeroPoints: tensors.zero }),
})

const quantisedCases: OperatorCase[] = formats.flatMap(format => {
  const name = `int${format.bits} in blocks of ${format.blockSize}${format.zeros ? ', with zero points' : ''}`
  return [
    operatorCase(
      `quantisedLinear, ${name}`,
      (m, n) => ({ x: normal([m, format.blocks * format.blockSize]), ...weights(n, format) }),
      ({ x, ...w }) => quantisedLinear(x, quantised(w, format)),
    ),
    operatorCase(
      `dequantise, ${name}`,
      n => weights(n, format),
      w => dequantise(quantised(w, format)),
    ),
  ]
})

const more: OperatorCase[] = [
  operatorCase(
    'quantisedLinear, batches and a bias',
    (m, n) => ({ x: normal([2, m, 32]), ...weights(n, formats[1]!), bias: normal([n]) }),
    ({ x, bias, ...w }) => quantisedLinear(x, quantised(w, formats[1]!), bias),
  ),
  operatorCase(
    'quantisedLinear, int8 inputs',
    (m, n) => ({ x: normal([m, 64]), ...weights(n, formats[3]!) }),
    ({ x, ...w }) => quantisedLinear(x, quantised(w, formats[3]!), undefined, { accuracy: 'int8' }),
    { fusedTolerance: 0.02, withoutGradient: 'the inputs are rounded to int8' },
  ),
]

const pictures: OperatorCase[] = [
  operatorCase(
    'patchEmbedding',
    (rows, columns, width) => ({ pixels: normal([2, 3, 2 * rows, 2 * columns]), w: normal([width, 3, 2, 2]) }),
    ({ pixels, w }) => patchEmbedding(pixels, w),
  ),
  operatorCase(
    'patchEmbedding, a frozen weight',
    (rows, columns) => ({ pixels: normal([1, 2, 3 * rows, 3 * columns]), w: weight(normal([2, 2, 3, 3])) }),
    ({ pixels, w }) => patchEmbedding(pixels, w),
  ),
  operatorCase(
    'resizeBicubic, up',
    (rows, columns) => ({ grid: normal([rows, columns, 3]) }),
    ({ grid }, rows, columns) => resizeBicubic(grid, { rows: 2 * rows + 1, columns: columns + 2 }),
  ),
  operatorCase(
    'resizeBicubic, down',
    (rows, columns) => ({ grid: normal([rows + 3, columns + 2, 2]) }),
    ({ grid }, rows, columns) => resizeBicubic(grid, { rows, columns }),
  ),
  operatorCase(
    'resizeBicubic, one axis',
    (rows, columns) => ({ grid: normal([rows, columns, 2]) }),
    ({ grid }, rows, columns) => [
      resizeBicubic(grid, { rows: rows + 1, columns }),
      resizeBicubic(grid, { rows, columns: columns + 1 }),
    ],
  ),
  operatorCase(
    'resizeBicubic, the same size',
    (rows, columns) => ({ grid: normal([rows, columns, 2]) }),
    ({ grid }, rows, columns) => resizeBicubic(grid, { rows, columns }),
  ),
]

export const productCases: readonly OperatorCase[] = [...products, ...quantisedCases, ...more, ...pictures]
