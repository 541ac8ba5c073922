/**
 * The second moments H of a layer's inputs, factorised: H + damping = R Rᵀ with R upper triangular. It says how the
 * error of each input can be made good by those that come after it, which is all that GPTQ needs of the data.
 *
 * R comes from an ordinary Cholesky factorisation with the inputs in reverse: no inverse of H is ever made, which saves
 * two thirds of the arithmetic of the usual way. It goes panel by panel: the products, nearly all of the work, are the
 * engine's, in float32; the small squares on the diagonal are computed here, in float64.
 */
import { DataError } from '../data/errors.ts'
import type { Product } from './product.ts'

/** Inputs that are worked on together. */
export const PANEL = 128

export interface FactoriseOptions {
  /** Added to the diagonal, as a part of its mean. */
  readonly damping: number
  /** Position j of the factor is for input `order[j]`. */
  readonly order: Int32Array
  readonly signal?: AbortSignal | undefined
}

export class Factor {
  readonly size: number
  readonly order: Int32Array
  /** What was added to the diagonal in the end, as a part of its mean. */
  readonly damping: number
  /** Lᵀ [size, size] of the reversed inputs: R[i, j] = Lᵀ[size - 1 - j, size - 1 - i]. */
  readonly #transposed: Float32Array

  constructor(transposed: Float32Array, order: Int32Array, damping: number) {
    this.#transposed = transposed
    this.order = order
    this.size = order.length
    this.damping = damping
  }

  /** The first `rows` rows of the columns from `start` to `end` (exclusive) of R, [rows, end - start]. */
  columns(start: number, end: number, rows: number): Float32Array {
    const { size } = this
    const width = end - start
    const part = new Float32Array(rows * width)
    for (let j = start; j < end; j++) {
      const row = (size - 1 - j) * size + size - 1
      for (let i = 0; i < rows; i++) part[i * width + j - start] = this.#transposed[row - i]!
    }
    return part
  }

  /** The inverse of the square of R from `start` to `end` (exclusive) on its diagonal: upper triangular, in float64. */
  inverseSquare(start: number, end: number): Float64Array {
    const { size } = this
    const width = end - start
    // Turned round twice: the inverse of an upper triangle from that of a lower one.
    const lower = new Float64Array(width * width)
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) lower[i * width + j] = this.#transposed[(size - end + j) * size + (size - end + i)]!
    }
    const inverse = invertLower(lower, width)
    return inverse.reverse()
  }
}

/**
 * Factorises H [size, size], of which nothing is changed. Inputs that never were anything but zero have the damping
 * alone, so that they neither make good nor are made good for. Where rounding makes H seem indefinite, the damping is
 * raised tenfold, up to the mean of the diagonal.
 *
 * Throws a DataError where H holds values that are no numbers.
 */
export async function factorise(
  moments: Float32Array,
  name: string,
  product: Product,
  options: FactoriseOptions,
): Promise<Factor> {
  const { order, signal } = options
  const size = order.length
  let mean = 0
  for (let i = 0; i < size; i++) mean += moments[i * size + i]! / size
  if (!Number.isFinite(mean))
    throw new DataError(
      `${name}: the model computes values that are no numbers, or too large for float32, on the calibration data`,
    )
  if (mean === 0) mean = 1
  for (let damping = options.damping; ; damping *= 10) {
    const transposed = await cholesky(moments, order, damping * mean, product, signal)
    if (transposed) return new Factor(transposed, order, damping)
    if (damping >= 1)
      throw new DataError(
        `${name}: the moments of its inputs cannot be factorised: the calibration data makes values that differ too much in size`,
      )
  }
}

/** Lᵀ with L Lᵀ = the reversed H; undefined where a pivot is not above zero. */
async function cholesky(
  moments: Float32Array,
  order: Int32Array,
  added: number,
  product: Product,
  signal: AbortSignal | undefined,
): Promise<Float32Array | undefined> {
  const size = order.length
  const from = Int32Array.from(order).reverse()
  const transposed = new Float32Array(size * size)
  for (let start = 0; start < size; start += PANEL) {
    signal?.throwIfAborted()
    const end = Math.min(size, start + PANEL)
    const width = end - start
    const left = size - start
    const panel = new Float32Array(width * left) // rows `start` to `end` of what is left of H
    for (let i = 0; i < width; i++) {
      const row = from[start + i]! * size
      for (let j = 0; j < left; j++) panel[i * left + j] = moments[row + from[start + j]!]!
      panel[i * left + i]! += added
    }
    if (start > 0) {
      const done = transposed.subarray(0, start * size)
      const rest = columnsOf(done, size, start, size)
      const known = await product.of(columnsOf(done, size, start, end), rest, start)
      for (let i = 0; i < panel.length; i++) panel[i]! -= known[i]!
    }
    const lower = squareRoot(panel, left, width)
    if (lower === undefined) return undefined
    const inverse = invertLower(lower, width)
    const rows = await product.of(transpose(inverse, width), panel, width)
    for (let i = 0; i < width; i++) {
      const row = (start + i) * size + start
      for (let j = i; j < width; j++) transposed[row + j] = lower[j * width + i]!
      for (let j = width; j < left; j++) transposed[row + j] = rows[i * left + j]!
    }
  }
  return transposed
}

/** Columns `start` to `end` of rows of `size`. → [rows, end - start] */
function columnsOf(rows: Float32Array, size: number, start: number, end: number): Float32Array {
  const width = end - start
  const count = rows.length / size
  const part = new Float32Array(count * width)
  for (let i = 0; i < count; i++) part.set(rows.subarray(i * size + start, i * size + end), i * width)
  return part
}

/** The lower Cholesky factor of the square that a panel [width, left] begins with; undefined if there is none. */
function squareRoot(panel: Float32Array, left: number, width: number): Float64Array | undefined {
  const lower = new Float64Array(width * width)
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = panel[j * left + i]!
      for (let k = 0; k < j; k++) rest -= lower[i * width + k]! * lower[j * width + k]!
      if (i === j) {
        // Not "<= 0": a NaN must not get through.
        if (!(rest > 0)) return undefined
        lower[i * width + i] = Math.sqrt(rest)
      } else lower[i * width + j] = rest / lower[j * width + j]!
    }
  }
  return lower
}

/** The inverse of a lower triangle [width, width]. */
function invertLower(lower: Float64Array, width: number): Float64Array {
  const inverse = new Float64Array(width * width)
  for (let j = 0; j < width; j++) {
    inverse[j * width + j] = 1 / lower[j * width + j]!
    for (let i = j + 1; i < width; i++) {
      let sum = 0
      for (let k = j; k < i; k++) sum += lower[i * width + k]! * inverse[k * width + j]!
      inverse[i * width + j] = -sum / lower[i * width + i]!
    }
  }
  return inverse
}

/** A square of numbers, transposed and in float32 for the engine. */
function transpose(square: Float64Array, width: number): Float32Array {
  const turned = new Float32Array(square.length)
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) turned[j * width + i] = square[i * width + j]!
  }
  return turned
}
