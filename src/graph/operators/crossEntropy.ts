/**
 * The loss of language modelling: cross-entropy against integer labels. No one-hot of the vocabulary is ever built, and
 * `linearCrossEntropy` never holds more than a slice of the logits.
 */
import { type Dimension, formatShape, sameShape } from '../dimension.ts'
import { scalarLike } from '../leaf.ts'
import { applyAll, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { div, mul, sub } from './arithmetic.ts'
import { cast } from './cast.ts'
import { equal, not } from './compare.ts'
import { gather, pick } from './gather.ts'
import { concat, slice } from './join.ts'
import { matmul } from './matmul.ts'
import { sum } from './reduce.ts'
import { flatten, reshape } from './reshape.ts'
import { logSumExp } from './softmax.ts'
import { where } from './where.ts'

export interface CrossEntropyOptions {
  /** The label of positions that predict nothing (default -100). */
  readonly ignored?: number
  /** How much each position counts, float of the labels' shape (default 1). */
  readonly weights?: Tensor
}

export interface LinearCrossEntropyOptions extends CrossEntropyOptions {
  /** Positions whose logits are held at one time (default: as many as keep them under 16 MiB). */
  readonly rowsAtOnce?: number
}

/**
 * Mean of -log softmax(logits)[label] over the positions that are not ignored, weighted: Σ w·loss / Σ w.
 * 0 when all of them are ignored.
 * logits [..., vocabulary], labels [...] of int64 → scalar
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkLabels('crossEntropy', logits, labels, options)
  const { targets, counts } = supervised(labels, logits, options)
  return weightedMean(sub(logSumExp(logits), pick(logits, targets)), counts)
}

/**
 * `crossEntropy(linear(hidden, weight), labels)`, computed a slice of positions at a time, so that the logits of a long
 * text and a large vocabulary are never in memory at once, forward or backward.
 * hidden [..., width], weight [vocabulary, width], labels [...] of int64 → scalar
 */
export function linearCrossEntropy(
  hidden: Tensor,
  weight: Tensor,
  labels: Tensor,
  options: LinearCrossEntropyOptions = {},
): Tensor {
  checkLabels('linearCrossEntropy', hidden, labels, options)
  checkOutputWeight('linearCrossEntropy', hidden, weight)
  const { targets, counts } = supervised(flatten(labels), hidden, options)
  return weightedMean(linearTokenLosses(flatten(hidden, 0, -2), weight, targets, options), counts)
}

/**
 * -log softmax(rows · weightᵀ)[target] of each row, a slice of rows at a time as `linearCrossEntropy`. A number of rows
 * that is only known at run time is one slice.
 * rows [N, width], weight [vocabulary, width], targets [N] of int64 → [N]
 */
export function linearTokenLosses(
  rows: Tensor,
  weight: Tensor,
  targets: Tensor,
  { rowsAtOnce }: Pick<LinearCrossEntropyOptions, 'rowsAtOnce'> = {},
): Tensor {
  checkLabels('linearTokenLosses', rows, targets, {})
  checkOutputWeight('linearTokenLosses', rows, weight)
  const chosen = sum(mul(rows, gather(weight, targets)), { axes: [-1] }) // the logit of each target
  const total = linearLogSumExp(rows, weight, rowsAtOnce ?? rowsUnder(16 * 2 ** 20, weight.size(0)))
  return sub(total, chosen)
}

function checkOutputWeight(name: string, x: Tensor, weight: Tensor): void {
  if (weight.rank === 2 && weight.size(1) === x.size(-1)) return
  refuse(name, [x, weight], `the weight must be [vocabulary, ${x.size(-1)}]`)
}

function rowsUnder(bytes: number, vocabulary: Dimension): number {
  return typeof vocabulary === 'number' ? Math.max(1, Math.floor(bytes / (4 * vocabulary))) : Number.POSITIVE_INFINITY
}

function checkLabels(name: string, x: Tensor, labels: Tensor, { weights }: CrossEntropyOptions): void {
  const positions = x.shape.slice(0, -1)
  if (labels.type !== 'int64' || !sameShape(labels.shape, positions)) {
    refuse(name, [x, labels], `the labels must be int64 ${formatShape(positions)}`)
  }
  if (weights && (weights.type !== x.type || !sameShape(weights.shape, positions))) {
    refuse(name, [x, weights], `the weights must be ${x.type} ${formatShape(positions)}`)
  }
}

/** Labels that are safe to look up, and what each position counts: nothing where the label is the ignored one. */
function supervised(labels: Tensor, like: Tensor, { ignored = -100, weights }: CrossEntropyOptions) {
  const isSupervised = not(equal(labels, ignored))
  const present = cast(isSupervised, like.type)
  return {
    targets: where(isSupervised, labels, 0),
    counts: weights ? mul(present, reshape(weights, labels.shape)) : present,
  }
}

function weightedMean(losses: Tensor, counts: Tensor): Tensor {
  const total = sum(counts)
  return div(sum(mul(losses, counts)), where(equal(total, 0), scalarLike(1, total), total))
}

/** Outputs: log Σ e^logits of each row, and the softmax of the logits for the gradient. */
const linearLogSumExpOperator: Operator<undefined> = {
  name: 'linearLogSumExp',
  infer([rows, weight]) {
    const { type, shape } = rows as Tensor
    return [
      { type, shape: shape.slice(0, 1) },
      { type, shape: [shape[0] as Dimension, (weight as Tensor).size(0)] },
    ]
  },
  // The gradient of the logits is softmax · arrived, row by row. Scaling the narrow side of each product instead leaves
  // the softmax as it is: one pass over the vocabulary less, and no second tensor of that width.
  gradient({ inputs, outputs: [, softmax] }, [arrived]) {
    const [rows, weight] = inputs as readonly [Tensor, Tensor]
    const column = reshape(arrived as Tensor, [rows.size(0), 1])
    return [
      () => mul(matmul(softmax as Tensor, weight), column),
      () => matmul(softmax as Tensor, mul(rows, column), { transposeA: true }),
    ]
  },
  decompose([rows, weight]) {
    const logits = matmul(rows as Tensor, weight as Tensor, { transposeB: true })
    return logSumExp(logits).node.outputs
  },
}

/** log Σ e^(rows · weightᵀ) of each row. rows [N, width], weight [vocabulary, width] → [N] */
function linearLogSumExp(rows: Tensor, weight: Tensor, rowsAtOnce: number): Tensor {
  const count = rows.size(0)
  if (typeof count !== 'number' || count <= rowsAtOnce)
    return applyAll(linearLogSumExpOperator, [rows, weight], undefined)[0] as Tensor
  const parts: Tensor[] = []
  for (let start = 0; start < count; start += rowsAtOnce) {
    const part = slice(rows, { axis: 0, start, end: Math.min(start + rowsAtOnce, count) })
    parts.push(applyAll(linearLogSumExpOperator, [part, weight], undefined)[0] as Tensor)
  }
  return concat(parts, 0)
}
