/** Matrix products: batched, with transposed operands and a scale, which ONNX Runtime's FusedMatMul does in one pass. */
import type { Dimension, Shape } from '../dimension.ts'
import { isFloat } from '../elementType.ts'
import { float, MICROSOFT } from '../onnx/attributes.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { add } from './arithmetic.ts'
import { sumTo } from './broadcast.ts'
import { flatten } from './reshape.ts'

export interface MatmulOptions {
  /** Read the last two axes of a in exchanged order. */
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  /** A number to multiply the product by. */
  readonly scale?: number
}

type Attributes = Required<MatmulOptions>

const matmulOperator: Operator<Attributes> = {
  name: 'matmul',
  infer(inputs, { transposeA, transposeB }) {
    const [a, b] = inputs as readonly [Tensor, Tensor]
    if (a.type !== b.type || !isFloat(a.type)) refuse('matmul', inputs, 'both operands must be float, and of one type')
    if (a.rank < 2 || b.rank < 2) refuse('matmul', inputs, 'both operands need at least two axes')
    const [rows, inner] = matrix(a, transposeA)
    const [other, columns] = matrix(b, transposeB)
    if (inner !== other) refuse('matmul', inputs, `the inner dimensions differ: ${inner} and ${other}`)
    return [{ type: a.type, shape: [...batchShape(inputs), rows, columns] }]
  },
  gradient({ inputs, attributes: { transposeA, transposeB, scale } }, [arrived]) {
    const [a, b] = inputs as readonly [Tensor, Tensor]
    const g = arrived as Tensor
    // A matrix shared by a batch gets the sum over the batch: that is one tall product, not a batch of small ones.
    const isShared = b.rank === 2 && a.rank > 2 && !transposeA
    const rows = (x: Tensor) => (isShared ? flatten(x, 0, -2) : x)
    return [
      () =>
        sumTo(
          transposeA
            ? matmul(b, g, { transposeA: transposeB, transposeB: true, scale })
            : matmul(g, b, { transposeB: !transposeB, scale }),
          a.shape,
        ),
      () =>
        sumTo(
          transposeB
            ? matmul(rows(g), rows(a), { transposeA: true, transposeB: transposeA, scale })
            : matmul(rows(a), rows(g), { transposeA: !transposeA, scale }),
          b.shape,
        ),
    ]
  },
  onnx(emit, [a, b], { inputs, attributes: { transposeA, transposeB, scale } }) {
    if (!transposeA && !transposeB && scale === 1) return [emit.node('MatMul', [a as string, b as string])]
    if (emit.target.fused && emit.target.device !== 'webgpu') {
      const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: float(scale) }
      return emit.nodeAll('FusedMatMul', [a as string, b as string], { attributes, domain: MICROSOFT })
    }
    const [left, right] = inputs as readonly [Tensor, Tensor]
    const flip = (value: string, x: Tensor) =>
      emit.transpose(value, [...Array(x.rank - 2).keys(), x.rank - 1, x.rank - 2])
    const product = emit.node('MatMul', [
      transposeA ? flip(a as string, left) : (a as string),
      transposeB ? flip(b as string, right) : (b as string),
    ])
    return [scale === 1 ? product : emit.node('Mul', [product, emit.scalar(scale, left.type)])]
  },
}

/** Rows and columns as the product reads them. */
function matrix(x: Tensor, transposed: boolean): readonly [Dimension, Dimension] {
  return transposed ? [x.size(-1), x.size(-2)] : [x.size(-2), x.size(-1)]
}

function batchShape(inputs: readonly Tensor[]): Shape {
  const rank = Math.max(...inputs.map(input => input.rank)) - 2
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = inputs.map(input => input.shape[axis - rank + input.rank - 2] ?? 1).filter(size => size !== 1)
    if (sizes.some(size => size !== sizes[0]))
      refuse('matmul', inputs, `the batch axes do not broadcast: ${sizes.join(' and ')}`)
    return sizes[0] ?? 1
  })
}

/**
 * scale · a b, over the last two axes; the axes before them are batches and broadcast.
 * [..., M, K] × [..., K, N] → [..., M, N]
 */
export function matmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false, scale = 1 }: MatmulOptions = {},
): Tensor {
  return apply(matmulOperator, [a, b], { transposeA, transposeB, scale })
}

/**
 * x Wᵀ + bias, with the weight as checkpoints store it.
 * x [..., in], weight [out, in], bias [out] → [..., out]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const product = matmul(x, weight, { transposeB: true })
  return bias ? add(product, bias) : product
}
