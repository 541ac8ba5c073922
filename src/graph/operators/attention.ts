/** Scaled dot-product attention, with a mask, a causal order, and keys and values kept from earlier calls. */
import { addDimensions, formatShape } from '../dimension.ts'
import { isFloat } from '../elementType.ts'
import { constant } from '../leaf.ts'
import { float, MICROSOFT } from '../onnx/attributes.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { add } from './arithmetic.ts'
import { concat, slice } from './join.ts'
import { matmul } from './matmul.ts'
import { transpose } from './reshape.ts'
import { softmax } from './softmax.ts'

export interface AttentionOptions {
  /** Added to the scores before the softmax: 0 where a key may be seen, a large negative number where not. */
  readonly mask?: Tensor
  /** What scores are multiplied by (default 1 / √width). */
  readonly scale?: number
  /**
   * Keys and values of earlier calls, [batch, heads, past, width], in the layout that a cache keeps them in. They are
   * read where they lie: scores are joined, never keys or values. `mask` then covers past + sequence keys.
   */
  readonly past?: { readonly keys: Tensor; readonly values: Tensor }
}

/** Queries, keys and values as the products read them: [batch, heads, sequence, width]. */
const byHead = (x: Tensor): Tensor => transpose(x, [0, 2, 1, 3])

function checkOperands(inputs: readonly Tensor[]): void {
  const [queries, keys, values] = inputs as readonly [Tensor, Tensor, Tensor]
  if (inputs.slice(0, 3).some(({ rank, type }) => rank !== 4 || !isFloat(type) || type !== queries.type)) {
    refuse('attention', inputs, 'needs float queries, keys and values [batch, sequence, heads, width]')
  }
  const fits =
    [0, 2, 3].every(axis => queries.size(axis) === keys.size(axis)) &&
    [0, 1, 2].every(axis => keys.size(axis) === values.size(axis))
  if (!fits)
    refuse(
      'attention',
      inputs,
      'batch, heads and width of queries and keys, and all but the width of keys and values, must agree',
    )
  const known = [queries.size(2), queries.size(3), values.size(3)].every(size => typeof size === 'number')
  if (!known) refuse('attention', inputs, 'the heads and their widths must be numbers')
}

const attentionOperator: Operator<{ scale: number }> = {
  name: 'attention',
  infer(inputs) {
    checkOperands(inputs)
    const [queries, keys, values, mask] = inputs as readonly [Tensor, Tensor, Tensor, Tensor | undefined]
    if (mask) checkMask(inputs, mask, [queries.size(0), queries.size(2), queries.size(1), keys.size(1)])
    return [{ type: queries.type, shape: [...queries.shape.slice(0, 3), values.size(3)] }]
  },
  decompose(inputs, { scale }) {
    const [queries, keys, values, mask] = inputs as readonly [Tensor, Tensor, Tensor, Tensor | undefined]
    const scores = matmul(byHead(queries), byHead(keys), { transposeB: true, scale }) // [batch, heads, sequence, keys]
    const weights = softmax(mask ? add(scores, mask) : scores)
    return [byHead(matmul(weights, byHead(values)))]
  },
  onnx(emit, [q, k, v, mask], { inputs, attributes: { scale } }) {
    const [queries, keys, values, bias] = inputs as readonly [Tensor, Tensor, Tensor, Tensor | undefined]
    const joined = (value: string, x: Tensor) =>
      emit.reshape(value, x.shape, [x.size(0), x.size(1), (x.size(2) as number) * (x.size(3) as number)])
    const heads = queries.size(2) as number
    const scores = [queries.size(0), heads, queries.size(1), keys.size(1)]
    const full =
      mask && bias && emit.reshape(mask, bias.shape, [...Array<number>(4 - bias.rank).fill(1), ...bias.shape])
    const spread =
      full &&
      emit.node('Expand', [
        full,
        emit.shape([bias.rank === 4 ? bias.size(0) : 1, bias.rank > 2 ? bias.size(-3) : 1, ...scores.slice(2)]),
      ])
    const output = emit.nodeAll(
      'MultiHeadAttention',
      [
        joined(q as string, queries),
        joined(k as string, keys),
        joined(v as string, values),
        ...(spread ? ['', '', spread] : []),
      ],
      { attributes: { num_heads: heads, scale: float(scale) }, domain: MICROSOFT },
    )
    const width = values.size(3)
    return [
      emit.reshape(
        output[0] as string,
        [queries.size(0), queries.size(1), heads * (width as number)],
        [queries.size(0), queries.size(1), heads, width],
      ),
    ]
  },
}

function checkMask(inputs: readonly Tensor[], mask: Tensor, scores: readonly (number | string)[]): void {
  const isBroadcast =
    mask.rank >= 2 && mask.rank <= 4 && mask.shape.every((size, i) => size === 1 || size === scores[i + 4 - mask.rank])
  if (!isBroadcast || mask.type !== inputs[0]?.type) {
    refuse('attention', inputs, `the mask must be ${inputs[0]?.type} and broadcast to ${formatShape(scores)}`)
  }
}

/**
 * softmax(scale · q kᵀ + mask) v, head by head (arXiv 1706.03762).
 * queries, keys, values [batch, sequence, heads, width]; mask broadcasts to [batch, heads, queries, past + keys]
 * → [batch, queries, heads, width]
 */
export function attention(queries: Tensor, keys: Tensor, values: Tensor, options: AttentionOptions = {}): Tensor {
  const { mask, past, scale = 1 / Math.sqrt(Number(queries.size(-1))) } = options
  if (past) return cachedAttention(queries, keys, values, { ...options, past, scale })
  return apply(attentionOperator, mask ? [queries, keys, values, mask] : [queries, keys, values], { scale })
}

type CachedOptions = AttentionOptions & Required<Pick<AttentionOptions, 'past' | 'scale'>>

function cachedAttention(queries: Tensor, keys: Tensor, values: Tensor, { mask, past, scale }: CachedOptions): Tensor {
  checkOperands([queries, keys, values])
  const pastShape = [queries.size(0), queries.size(2), past.keys.size(2), queries.size(3)]
  const isCache = (cache: Tensor, width: number | string) =>
    cache.rank === 4 &&
    cache.type === queries.type &&
    cache.shape.every((size, i) => size === (i === 3 ? width : pastShape[i]))
  if (!isCache(past.keys, queries.size(3)) || !isCache(past.values, values.size(3))) {
    refuse(
      'attention',
      [queries, past.keys, past.values],
      `kept keys and values must be ${queries.type} ${formatShape(pastShape)}`,
    )
  }
  if (mask) {
    const seen = addDimensions(past.keys.size(2), keys.size(1))
    checkMask([queries, keys, values, mask], mask, [queries.size(0), queries.size(2), queries.size(1), seen])
  }
  const q = byHead(queries)
  const scores = concat([
    matmul(q, past.keys, { transposeB: true, scale }),
    matmul(q, byHead(keys), { transposeB: true, scale }),
  ]) // [batch, heads, sequence, past + sequence]
  const weights = softmax(mask ? add(scores, mask) : scores)
  const length = past.keys.size(2)
  const seen = matmul(slice(weights, { axis: -1, end: length }), past.values)
  const fresh = matmul(slice(weights, { axis: -1, start: length }), byHead(values))
  return byHead(add(seen, fresh))
}

/** The mask of causal order: position i sees the keys up to i. [sequence, sequence] of 0 and a large negative number. */
export function causalMask(sequence: number): Tensor {
  const mask = new Float32Array(sequence * sequence)
  for (let row = 0; row < sequence; row++) mask.fill(MASKED, row * sequence + row + 1, (row + 1) * sequence)
  return constant(mask, [sequence, sequence])
}

/** What hides a key: small enough to vanish in any softmax, and two of them still a finite float32. */
export const MASKED = -1e9
