/**
 * Weights as blocks of small integers in memory: the arrays behind the graph's `QuantisedWeight`, in its layout. Here
 * are packing and unpacking; `quantise.ts` and `gptq.ts` say which integers. Knows no files.
 */
import type { QuantisedWeight } from '../graph/operators/quantised.ts'
import { CheckpointError } from './errors.ts'
import { narrowToFloat16 } from './halfPrecision.ts'
import { formatBytes } from './storedType.ts'

/**
 * A weight [out, in] in blocks along `in`: w = (q - zero) · scale. The arrays are those of a `QuantisedWeight` of the
 * same `bits` and `blockSize`, and `tensors` gives them as a session takes them.
 */
export interface QuantisedBlocks extends Pick<QuantisedWeight, 'bits' | 'blockSize'> {
  readonly out: number
  readonly in: number
  /** [out, in / blockSize, blockSize · bits / 8]; of two 4-bit integers in a byte, the lower half comes first. */
  readonly values: Uint8Array<ArrayBuffer>
  /** [out, in / blockSize] */
  readonly scales: Float32Array<ArrayBuffer>
  /** [out, ⌈in / blockSize · bits / 8⌉], packed as the values; 2^(bits - 1) everywhere if undefined. */
  readonly zeroPoints?: Uint8Array<ArrayBuffer>
  /**
   * The order in which the weight takes its inputs: its column j is for input `inputOrder[j]`. Undefined: 0, 1, 2, …
   * GPTQ with activation order needs it; the graph has to gather the inputs in this order first.
   */
  readonly inputOrder?: Int32Array<ArrayBuffer>
}

/** The integers of a weight before they are packed. */
export interface UnpackedBlocks extends Pick<QuantisedBlocks, 'bits' | 'blockSize' | 'out' | 'in' | 'scales'> {
  /** [out, in], each of `bits` bits, unsigned. */
  readonly integers: Uint8Array
  /** [out, in / blockSize]; undefined: 2^(bits - 1) everywhere. */
  readonly zeros?: Uint8Array
}

/** Throws a CheckpointError unless blocks of this size fill the rows. */
export function checkBlockSize(name: string, width: number, blockSize: number): void {
  if (blockSize < 16 || (blockSize & (blockSize - 1)) !== 0)
    throw new CheckpointError(`${name}: the block size ${blockSize} is not a power of two from 16`)
  if (width % blockSize === 0) return
  const fitting = [128, 64, 32, 16].filter(size => width % size === 0)
  const advice = fitting.length > 0 ? `blocks of ${fitting.join(', ')} would fit` : 'leave this weight as floats'
  throw new CheckpointError(`${name}: ${width} inputs cannot be divided into blocks of ${blockSize}: ${advice}`)
}

/** Packs the integers. */
export function packBlocks({ integers, zeros, ...rest }: UnpackedBlocks): QuantisedBlocks {
  const { bits, out, in: width, blockSize, scales } = rest
  return {
    bits,
    blockSize,
    out,
    in: width,
    scales,
    values: packRows(integers, bits, out, width),
    ...(zeros === undefined ? {} : { zeroPoints: packRows(zeros, bits, out, width / blockSize) }),
  }
}

/** Packs rows of unsigned integers of `bits` bits, each row from a new byte on. */
export function packRows(integers: Uint8Array, bits: 4 | 8, rows: number, width: number): Uint8Array<ArrayBuffer> {
  if (bits === 8) return new Uint8Array(integers)
  const stride = Math.ceil(width / 2)
  const packed = new Uint8Array(rows * stride)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) packed[row * stride + (i >> 1)]! |= integers[row * width + i]! << (4 * (i & 1))
  }
  return packed
}

function unpackRows(packed: Uint8Array, bits: 4 | 8, rows: number, width: number): Uint8Array {
  if (bits === 8) return packed
  const stride = Math.ceil(width / 2)
  const integers = new Uint8Array(rows * width)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) integers[row * width + i] = (packed[row * stride + (i >> 1)]! >> (4 * (i & 1))) & 15
  }
  return integers
}

/** The floats that the integers stand for, with the inputs in their original order. → [out, in] */
export function dequantiseBlocks(blocks: QuantisedBlocks): Float32Array<ArrayBuffer> {
  const { bits, blockSize, out, in: width, scales, inputOrder } = blocks
  const integers = unpackRows(blocks.values, bits, out, width)
  const perRow = width / blockSize
  const zeros = blocks.zeroPoints && unpackRows(blocks.zeroPoints, bits, out, perRow)
  const floats = new Float32Array(out * width)
  for (let row = 0; row < out; row++) {
    for (let j = 0; j < width; j++) {
      const block = row * perRow + Math.floor(j / blockSize)
      const centred = integers[row * width + j]! - (zeros?.[block] ?? 2 ** (bits - 1))
      floats[row * width + (inputOrder?.[j] ?? j)] = centred * scales[block]!
    }
  }
  return floats
}

/** Size in bytes: what the weight takes in memory. */
export const bytesOfBlocks = ({ values, scales, zeroPoints }: QuantisedBlocks): number =>
  values.byteLength + scales.byteLength + (zeroPoints?.byteLength ?? 0)

/** A tensor as a session takes it: the runtime's `TensorValue`. */
export interface BlockTensor {
  readonly type: 'uint8' | 'float32' | 'float16'
  readonly shape: readonly number[]
  readonly data: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>
}

/**
 * The arrays with their element types and shapes, for the parameters `values`, `scales` and `zeroPoints` of a
 * `QuantisedWeight`. The scales come in the type that the graph computes in.
 */
export function blockTensors(blocks: QuantisedBlocks, scaleType: 'float32' | 'float16' = 'float32') {
  const { bits, blockSize, out, in: width, values, scales, zeroPoints } = blocks
  const perRow = width / blockSize
  return {
    values: tensor('uint8', [out, perRow, (blockSize * bits) / 8], values),
    scales: tensor(scaleType, [out, perRow], scaleType === 'float32' ? scales : halves(scales)),
    ...(zeroPoints === undefined
      ? {}
      : { zeroPoints: tensor('uint8', [out, Math.ceil((perRow * bits) / 8)], zeroPoints) }),
  } satisfies Record<string, BlockTensor>
}

function tensor(type: BlockTensor['type'], shape: readonly number[], data: BlockTensor['data']): BlockTensor {
  return { type, shape, data }
}

function halves(scales: Float32Array): Uint16Array<ArrayBuffer> {
  const narrowed = new Uint16Array(scales.length)
  narrowToFloat16(scales, narrowed)
  return narrowed
}

/** `int4 [4096, 4096] in blocks of 128 (8.9 MB)` */
export const describeBlocks = (blocks: QuantisedBlocks): string =>
  `int${blocks.bits} [${blocks.out}, ${blocks.in}] in blocks of ${blocks.blockSize} (${formatBytes(bytesOfBlocks(blocks))})`
