/**
 * Floats → blocks of small integers, each value to the nearest, and how much that changed. No data is needed, and none
 * is used: GPTQ checkpoints (`gptq.ts`), which were made with data, keep more of the model at 4 bits.
 */
import { checkBlockSize, packBlocks, type QuantisedBlocks } from './blocks.ts'
import { CheckpointError } from './errors.ts'
import { narrowToFloat16, widenFloat16 } from './halfPrecision.ts'

/** How a weight is quantised. */
export interface QuantiseOptions {
  readonly bits: 4 | 8
  /** Inputs that share a scale: a power of two from 16. Default 32. Smaller is more exact and larger on disk. */
  readonly blockSize?: number
  /**
   * Symmetric (default): zero is the middle integer, and nothing more is stored. Asymmetric: each block has its own
   * zero point and covers exactly the range from its least to its greatest value.
   */
  readonly symmetric?: boolean
  /** The type that scales will be stored in. With float16 they are rounded first, so that the figures hold. */
  readonly scaleType?: 'float32' | 'float16'
  /** As errors name the weight. */
  readonly name?: string
}

/** What rounding changed. */
export interface QuantisationError {
  /** The largest difference of one value. */
  readonly largest: number
  /** Root of the mean squared difference. */
  readonly rootMeanSquare: number
  /** The same, as a part of the root mean square of the weight: 0.1 means 10%. 0 for a weight of zeros. */
  readonly relative: number
}

export interface Quantised {
  readonly weight: QuantisedBlocks
  readonly error: QuantisationError
}

/**
 * Quantises a weight [out, in].
 *
 *     const { weight, error } = quantise(floats, [4096, 4096], { bits: 4 })
 *
 * Throws a CheckpointError when the blocks do not fill the rows, or a value is NaN or infinite.
 */
export function quantise(floats: Float32Array, shape: readonly number[], options: QuantiseOptions): Quantised {
  const { bits, blockSize = 32, symmetric = true, scaleType = 'float32', name = 'weight' } = options
  const [out, width] = shape as readonly [number, number]
  if (shape.length !== 2 || out * width !== floats.length)
    throw new CheckpointError(
      `${name}: [${shape.join(', ')}] is not the shape of a weight [out, in] of ${floats.length} values`,
    )
  checkBlockSize(name, width, blockSize)
  const blocks = floats.length / blockSize
  const { scales, zeros } = symmetric
    ? symmetricScales(floats, blocks, blockSize, bits)
    : asymmetricScales(floats, blocks, blockSize, bits)
  if (scaleType === 'float16') roundToFloat16(scales)
  const middle = 2 ** (bits - 1)
  const largestInteger = 2 ** bits - 1
  const integers = new Uint8Array(floats.length)
  let largest = 0
  let squares = 0
  let weightSquares = 0
  for (let block = 0, i = 0; block < blocks; block++) {
    const scale = scales[block]!
    if (!Number.isFinite(scale)) refuseNonFinite(name, floats, block * blockSize, width, scaleType)
    const inverse = scale === 0 ? 0 : 1 / scale
    const zero = zeros?.[block] ?? middle
    for (const end = i + blockSize; i < end; i++) {
      const value = floats[i]!
      const integer = Math.min(largestInteger, Math.max(0, Math.round(value * inverse) + zero))
      integers[i] = integer
      const difference = Math.abs((integer - zero) * scale - value)
      if (difference > largest) largest = difference
      squares += difference * difference
      weightSquares += value * value
    }
  }
  return {
    weight: packBlocks({
      bits,
      blockSize,
      out,
      in: width,
      integers,
      scales,
      ...(zeros === undefined ? {} : { zeros }),
    }),
    error: {
      largest,
      rootMeanSquare: Math.sqrt(squares / Math.max(1, floats.length)),
      relative: weightSquares === 0 ? 0 : Math.sqrt(squares / weightSquares),
    },
  }
}

interface Scales {
  readonly scales: Float32Array<ArrayBuffer>
  readonly zeros?: Uint8Array
}

/**
 * The value of largest magnitude becomes -2^(bits - 1), the one integer that has no counterpart on the other side; a
 * scale may be negative for it.
 */
function symmetricScales(floats: Float32Array, blocks: number, blockSize: number, bits: 4 | 8): Scales {
  const scales = new Float32Array(blocks)
  const lowest = -(2 ** (bits - 1))
  for (let block = 0; block < blocks; block++) {
    let extreme = 0
    for (let i = block * blockSize; i < (block + 1) * blockSize; i++) {
      const value = floats[i]!
      // Not ">": a NaN must get through to the scale.
      if (!(Math.abs(value) <= Math.abs(extreme))) extreme = value
      if (Number.isNaN(extreme)) break
    }
    scales[block] = extreme / lowest
  }
  return { scales }
}

/** From the least value to the greatest, with 0 in between, so that 0 stays 0. */
function asymmetricScales(floats: Float32Array, blocks: number, blockSize: number, bits: 4 | 8): Scales {
  const scales = new Float32Array(blocks)
  const zeros = new Uint8Array(blocks)
  const largestInteger = 2 ** bits - 1
  for (let block = 0; block < blocks; block++) {
    let least = 0
    let greatest = 0
    for (let i = block * blockSize; i < (block + 1) * blockSize; i++) {
      least = Math.min(least, floats[i]!)
      greatest = Math.max(greatest, floats[i]!)
    }
    const scale = (greatest - least) / largestInteger
    scales[block] = scale
    zeros[block] = scale === 0 ? 0 : Math.round(-least / scale)
  }
  return { scales, zeros }
}

function roundToFloat16(scales: Float32Array): void {
  const halves = new Uint16Array(scales.length)
  narrowToFloat16(scales, halves)
  widenFloat16(halves, scales)
}

function refuseNonFinite(name: string, floats: Float32Array, from: number, width: number, scaleType: string): never {
  const index = floats.findIndex((value, i) => i >= from && !Number.isFinite(value))
  if (index < 0)
    throw new CheckpointError(`${name}: a scale is too large for ${scaleType}: quantise with float32 scales`)
  const place = `[${Math.floor(index / width)}, ${index % width}]`
  throw new CheckpointError(
    `${name}: the value at ${place} is ${floats[index]}, which has no integer: the weight is damaged`,
  )
}
