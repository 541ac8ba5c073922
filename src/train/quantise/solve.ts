/**
 * GPTQ (Frantar et al., arXiv 2210.17323) of one layer: its inputs are rounded one after the other, and what rounding
 * changes of the outputs is made good, as far as the data allows, by the inputs that are still to come. Knows matrices;
 * which layers, and where their data comes from, is unknown here.
 *
 * The usual form walks through the rows of a factor U of the inverse of H and changes all later weights after each
 * panel. Here U = R⁻¹ is not made. With D = W - Q for the inputs that are done, the weights of the panel that comes next
 * are W + D R[done, panel] R[panel, panel]⁻¹, which is the same number: one product reads what is known, and nothing
 * large is written.
 */
import { checkBlockSize, packBlocks, type QuantisedBlocks } from '../../checkpoint/blocks.ts'
import { narrowToFloat16, widenFloat16 } from '../../checkpoint/halfPrecision.ts'
import { CheckpointError } from '../../checkpoint/index.ts'
import type { LinearSize } from '../../model/index.ts'
import { type Factor, PANEL } from './factor.ts'
import type { Product } from './product.ts'

export interface SolveOptions {
  /** As errors name the layer. */
  readonly name: string
  /** Inputs that share a scale: a power of two from 16. */
  readonly group: number
  readonly signal?: AbortSignal | undefined
}

export interface Solved {
  readonly blocks: QuantisedBlocks
  /** ‖(W - Q) X‖² over the data X that the factor was made from, the damping included. */
  readonly squares: number
}

/**
 * Quantises a weight [out, in] to 4 bits, symmetrically, in the order of the factor's inputs; scales are rounded to
 * float16 first, as they are stored. Where the inputs say nothing of each other, this is rounding to the nearest, with
 * the integers of `quantise`. Every scale is chosen when its group is reached, from what the weights are then.
 *
 * Throws a CheckpointError for groups that do not fill the rows, and for scales that are too large for float16.
 */
export async function solve(
  weights: Float32Array,
  size: LinearSize,
  factor: Factor,
  product: Product,
  { name, group, signal }: SolveOptions,
): Promise<Solved> {
  const { in: width, out } = size
  checkBlockSize(name, width, group)
  const rows = inOrder(weights, size, factor.order) // [in, out], as all that follows
  const integers = new Uint8Array(width * out)
  const scales = new Float32Array((width / group) * out)
  const differences = new Float32Array(width * out)
  const step = Math.max(PANEL, group)
  let squares = 0
  for (let start = 0; start < width; start += step) {
    signal?.throwIfAborted()
    const end = Math.min(width, start + step)
    const inverse = factor.inverseSquare(start, end)
    const panel = rows.slice(start * out, end * out)
    if (start > 0) {
      const done = differences.subarray(0, start * out)
      const known = await product.of(factor.columns(start, end, start), done, start)
      const made = await product.of(Float32Array.from(inverse), known, end - start)
      for (let i = 0; i < panel.length; i++) panel[i]! += made[i]!
    }
    for (let from = start; from < end; from += group) {
      const scale = chooseScales(panel.subarray((from - start) * out, (from - start + group) * out), out, name)
      scales.set(scale, (from / group) * out)
      for (let j = from; j < from + group; j++) {
        const row = integers.subarray(j * out, (j + 1) * out)
        const errors = roundRow(panel.subarray((j - start) * out, (j - start + 1) * out), scale, row)
        const pivot = inverse[(j - start) * (end - start) + j - start]!
        for (let o = 0; o < out; o++) squares += (errors[o]! / pivot) ** 2
        makeGood(panel, errors, inverse, j - start, end - start)
        for (let o = 0; o < out; o++)
          differences[j * out + o] = rows[j * out + o]! - Math.fround((row[o]! - 8) * scale[o]!)
      }
    }
  }
  return { blocks: inBlocks(integers, scales, size, group, factor.order), squares }
}

/** The weights [out, in] by inputs, in an order. → [in, out] */
function inOrder(weights: Float32Array, { in: width, out }: LinearSize, order: Int32Array): Float32Array {
  const rows = new Float32Array(weights.length)
  for (let j = 0; j < width; j++) {
    const input = order[j]!
    for (let o = 0; o < out; o++) rows[j * out + o] = weights[o * width + input]!
  }
  return rows
}

/** The scales of a group [group, out], chosen as `quantise` does: the value of largest magnitude becomes -8. → [out] */
function chooseScales(group: Float32Array, out: number, name: string): Float32Array {
  const extremes = new Float32Array(out)
  for (let i = 0; i < group.length; i += out) {
    for (let o = 0; o < out; o++) {
      const value = group[i + o]!
      // Not ">": a NaN must get through to the scale.
      if (!(Math.abs(value) <= Math.abs(extremes[o]!))) extremes[o] = value
    }
  }
  for (let o = 0; o < out; o++) extremes[o]! /= -8
  const halves = new Uint16Array(out)
  narrowToFloat16(extremes, halves)
  widenFloat16(halves, extremes)
  const wrong = extremes.findIndex(scale => !Number.isFinite(scale))
  if (wrong < 0) return extremes
  throw new CheckpointError(
    `${name}: a scale of output ${wrong} is too large for float16, in which the layout stores it`,
  )
}

/** Rounds the weights of one input [out] to integers, and gives what that changes. */
function roundRow(row: Float32Array, scale: Float32Array, integers: Uint8Array): Float64Array {
  const errors = new Float64Array(row.length)
  for (let o = 0; o < row.length; o++) {
    const [value, step] = [row[o]!, scale[o]!]
    const integer = Math.min(15, Math.max(0, Math.round(value * (step === 0 ? 0 : 1 / step)) + 8))
    integers[o] = integer
    errors[o] = value - (integer - 8) * step
  }
  return errors
}

/** Changes the inputs of a panel [count, out] that come after input `j` by what its errors [out] ask of them. */
function makeGood(panel: Float32Array, errors: Float64Array, inverse: Float64Array, j: number, count: number): void {
  const out = errors.length
  const own = inverse[j * count + j]!
  for (let k = j + 1; k < count; k++) {
    const part = inverse[j * count + k]! / own
    if (part === 0) continue
    const row = panel.subarray(k * out, (k + 1) * out)
    for (let o = 0; o < out; o++) row[o]! -= errors[o]! * part
  }
}

/** [in, out] in an order → blocks [out, in] that take their inputs in that order. */
function inBlocks(
  integers: Uint8Array,
  scales: Float32Array,
  { in: width, out }: LinearSize,
  group: number,
  order: Int32Array,
): QuantisedBlocks {
  const groups = width / group
  const turned = { integers: new Uint8Array(integers.length), scales: new Float32Array(scales.length) }
  for (let o = 0; o < out; o++) {
    for (let j = 0; j < width; j++) turned.integers[o * width + j] = integers[j * out + o]!
    for (let g = 0; g < groups; g++) turned.scales[o * groups + g] = scales[g * out + o]!
  }
  const blocks = packBlocks({ bits: 4, blockSize: group, out, in: width, ...turned })
  return order.every((input, j) => input === j) ? blocks : { ...blocks, inputOrder: Int32Array.from(order) }
}

/** ‖V X‖² of a matrix V [out, in] over the data X that a factor was made from, the damping included. */
export async function outputSquares(
  matrix: Float32Array,
  size: LinearSize,
  factor: Factor,
  product: Product,
): Promise<number> {
  const rows = inOrder(matrix, size, factor.order)
  let sum = 0
  for (let start = 0; start < size.in; start += PANEL) {
    const end = Math.min(size.in, start + PANEL)
    const part = await product.of(factor.columns(start, end, end), rows.subarray(0, end * size.out), end)
    for (let i = 0; i < part.length; i++) sum += part[i]! * part[i]!
  }
  return sum
}
