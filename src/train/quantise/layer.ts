/**
 * One linear layer: rounded to the nearest, or quantised with what is known of its inputs, whichever changes its outputs
 * less. Gives the blocks and what they change.
 */

import { dequantiseBlocks } from '../../checkpoint/blocks.ts'
import { type QuantisedBlocks, quantise } from '../../checkpoint/index.ts'
import type { LinearSize } from '../../model/index.ts'
import type { LayerErrors } from './events.ts'
import type { Factor } from './factor.ts'
import type { Product } from './product.ts'
import { outputSquares, type SolveOptions, solve } from './solve.ts'

/** What is known of a layer's inputs, and what multiplies matrices. */
export interface Known {
  readonly factor: Factor
  readonly product: Product
}

/** The layer as it will be stored, and the same rounded to the nearest. Floats are [out, in]. */
export interface QuantisedLayer {
  readonly blocks: QuantisedBlocks
  readonly floats: Float32Array<ArrayBuffer>
  readonly nearest: Float32Array<ArrayBuffer>
  readonly errors: LayerErrors
}

/**
 * Quantises a weight [out, in] to 4 bits with scales of float16. Throws a CheckpointError for values that are no numbers,
 * groups that do not fill the rows, and scales that are too large.
 */
export async function quantiseLayer(
  weights: Float32Array,
  size: LinearSize,
  known: Known | undefined,
  options: SolveOptions,
): Promise<QuantisedLayer> {
  const { name, group } = options
  const rounded = quantise(weights, [size.out, size.in], { bits: 4, blockSize: group, scaleType: 'float16', name })
  const nearest = dequantiseBlocks(rounded.weight)
  const plain = { blocks: rounded.weight, floats: nearest, nearest }
  if (known === undefined) return { ...plain, errors: { path: name, weights: rounded.error.relative } }
  const { factor, product } = known
  const whole = await outputSquares(weights, size, factor, product)
  const lost = await outputSquares(subtract(weights, nearest), size, factor, product)
  const relative = (squares: number) => (whole === 0 ? 0 : Math.sqrt(squares / whole))
  const solved = await solve(weights, size, factor, product, options)
  // A handful of inputs may be so dependent that making good overshoots; then the plain integers are the better ones.
  if (!(solved.squares < lost)) {
    const errors = { path: name, weights: rounded.error.relative, outputs: relative(lost), nearest: relative(lost) }
    return { ...plain, errors }
  }
  const floats = dequantiseBlocks(solved.blocks)
  const errors = {
    path: name,
    weights: Math.sqrt(squaresOf(subtract(weights, floats)) / squaresOf(weights)),
    outputs: relative(solved.squares),
    nearest: relative(lost),
  }
  return { blocks: solved.blocks, floats, nearest, errors }
}

const subtract = (from: Float32Array, what: Float32Array) => Float32Array.from(from, (value, i) => value - what[i]!)

const squaresOf = (values: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
  return sum
}
