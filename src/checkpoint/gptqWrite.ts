/**
 * Writes linear layers in the layout of GPTQ checkpoints, as `gptq.ts` reads them: blocks become `qweight`, `qzeros`,
 * `scales`, `g_idx` and `bias`, and floats become blocks first, each value to the nearest. Chooses no layers, and writes
 * no files: `write.ts` takes the tensors.
 */
import { checkBlockSize, type QuantisedBlocks } from './blocks.ts'
import type { CheckpointTensor, ReadableTensor } from './checkpoint.ts'
import { CheckpointError } from './errors.ts'
import { narrowToFloat16 } from './halfPrecision.ts'
import { type QuantisationError, quantise } from './quantise.ts'
import { storedBytes } from './storedType.ts'
import { tensorFromMemory } from './tensor.ts'

/** Inputs that share a scale in the published model. */
const PUBLISHED_GROUP = 128

/** A layer's sizes and how it is grouped. */
export interface GptqShape {
  /** A multiple of 8: eight inputs share a word. */
  readonly in: number
  readonly out: number
  /** Inputs that share a scale. Default 128, as published. -1: all of them. */
  readonly groupSize?: number
}

/** What a config says of a checkpoint that was rounded to the nearest, as published: for `quantization_config`. */
export const gptqConfigOf = (groupSize = PUBLISHED_GROUP): Readonly<Record<string, unknown>> => ({
  bits: 4,
  group_size: groupSize,
  damp_percent: 0.01,
  desc_act: false,
  static_groups: false,
  sym: true,
  true_sequential: true,
  model_name_or_path: null,
  model_file_base_name: 'model',
  quant_method: 'gptq',
})

/**
 * The tensors of a layer from its blocks of 4 bits, without loss but for the scales, which become float16: the inverse
 * of `gptqBlocks`. Blocks whose group was cut (they are never larger than 128) are put together again where `groupSize`
 * says so. A bias is stored as float16, as it comes, or as zeros: the published layers all have one.
 *
 * Throws a CheckpointError for other bits, for a zero point of 0, which the layout cannot store, for scales that are too
 * large for float16, and for blocks that differ within a group.
 */
export function gptqTensors(
  name: string,
  blocks: QuantisedBlocks,
  bias?: Float32Array | undefined,
  { groupSize = blocks.blockSize }: Pick<GptqShape, 'groupSize'> = {},
): CheckpointTensor[] {
  const { bits, in: width, out, blockSize, inputOrder } = blocks
  if (bits !== 4) throw new CheckpointError(`layer "${name}" has ${bits} bits: GPTQ's layout is written with 4 only`)
  const size = groupSize === -1 ? width : groupSize
  if (size % blockSize !== 0 || width % size !== 0)
    throw new CheckpointError(
      `layer "${name}": blocks of ${blockSize} cannot be put together to groups of ${size} of ${width} inputs`,
    )
  const { scales, zeros } = groupsOf(name, blocks, size)
  const groupIndex = new Int32Array(width)
  for (let j = 0; j < width; j++) groupIndex[inputOrder?.[j] ?? j] = Math.floor(j / size)
  const groups = width / size
  return [
    tensorFromMemory(`${name}.qweight`, 'int32', [width / 8, out], packInputs(blocks)),
    tensorFromMemory(`${name}.qzeros`, 'int32', [groups, Math.ceil(out / 8)], packZeros(zeros, groups, out)),
    tensorFromMemory(`${name}.scales`, 'float16', [groups, out], halves(`layer "${name}"`, scales)),
    tensorFromMemory(`${name}.g_idx`, 'int32', [width], groupIndex),
    tensorFromMemory(`${name}.bias`, 'float16', [out], halves(`layer "${name}"`, bias ?? new Float32Array(out))),
  ]
}

export interface QuantisedToGptq {
  readonly tensors: readonly CheckpointTensor[]
  readonly error: QuantisationError
}

/**
 * Quantises a weight [out, in] to 4 bits, symmetrically, each value to the nearest, and gives the layer's tensors. No
 * data is used: what GPTQ itself makes with data keeps more of a model.
 *
 *     const { tensors, error } = quantiseToGptq('transformer.h.0.mlp.w1', floats, { in: 4096, out: 11008 })
 *
 * Throws what `quantise` throws: the groups must be a power of two from 16, and fill the rows.
 */
export function quantiseToGptq(
  name: string,
  floats: Float32Array,
  { in: width, out, groupSize = PUBLISHED_GROUP }: GptqShape,
  bias?: Float32Array,
): QuantisedToGptq {
  const blockSize = groupSize === -1 ? width : groupSize
  const { weight, error } = quantise(floats, [out, width], { bits: 4, blockSize, scaleType: 'float16', name })
  return { tensors: gptqTensors(name, weight, bias), error }
}

/** A layer that is quantised when it is written. */
export interface GptqSource extends GptqShape {
  readonly name: string
  /** The weight, [out, in]. Called when the integers are written, and again when the scales are. */
  floats(): Promise<Float32Array>
  /** [out]; zeros unless given. */
  readonly bias?: Float32Array
  /** Told what rounding changed, when the integers are written. */
  readonly onError?: (error: QuantisationError) => void
}

/**
 * The tensors of `quantiseToGptq`, made when they are read: a whole checkpoint of them can be given to a writer, which
 * then holds one layer at a time. Throws a CheckpointError for groups that do not fill the rows.
 */
export function lazyGptqTensors(source: GptqSource): ReadableTensor[] {
  const { name, in: width, out, groupSize = PUBLISHED_GROUP, bias = new Float32Array(out) } = source
  const size = groupSize === -1 ? width : groupSize
  checkBlockSize(name, width, size)
  const groups = width / size
  const make = async (part: string) => {
    const { tensors, error } = quantiseToGptq(name, await source.floats(), source, bias)
    if (part === 'qweight') source.onError?.(error)
    return tensors.find(tensor => tensor.name === `${name}.${part}`)!
  }
  const zeros = packZeros(new Uint8Array(groups * out).fill(8), groups, out)
  const groupIndex = Int32Array.from({ length: width }, (_, i) => Math.floor(i / size))
  return [
    lazyTensor(`${name}.qweight`, 'int32', [width / 8, out], () => make('qweight')),
    tensorFromMemory(`${name}.qzeros`, 'int32', [groups, Math.ceil(out / 8)], zeros),
    lazyTensor(`${name}.scales`, 'float16', [groups, out], () => make('scales')),
    tensorFromMemory(`${name}.g_idx`, 'int32', [width], groupIndex),
    tensorFromMemory(`${name}.bias`, 'float16', [out], halves(`layer "${name}"`, bias)),
  ]
}

/** A tensor that is made when its reading begins, and kept until its end is read. */
function lazyTensor(
  name: string,
  dtype: 'int32' | 'float16',
  shape: readonly number[],
  make: () => Promise<CheckpointTensor>,
): ReadableTensor {
  const bytes = shape.reduce((product, size) => product * size, storedBytes(dtype))
  let made: Promise<CheckpointTensor> | undefined
  return {
    name,
    dtype,
    shape,
    async read(offset = 0, length = bytes - offset) {
      made ??= make()
      const tensor = await made
      if (offset + length === bytes) made = undefined
      return tensor.read(offset, length)
    },
  }
}

/** Scales and zero points, [groups, out], of blocks that are one or several to a group. */
function groupsOf(name: string, { out, in: width, blockSize, scales, zeroPoints }: QuantisedBlocks, size: number) {
  const [perRow, groups, perGroup] = [width / blockSize, width / size, size / blockSize]
  const stride = Math.ceil(perRow / 2)
  const zeroOf = (o: number, block: number) =>
    zeroPoints ? (zeroPoints[o * stride + (block >> 1)]! >> (4 * (block & 1))) & 15 : 8
  const grouped = { scales: new Float32Array(groups * out), zeros: new Uint8Array(groups * out) }
  for (let o = 0; o < out; o++) {
    for (let block = 0; block < perRow; block++) {
      const group = Math.floor(block / perGroup) * out + o
      const [scale, zero] = [scales[o * perRow + block]!, zeroOf(o, block)]
      if (zero === 0)
        throw new CheckpointError(
          `layer "${name}": output ${o} has the zero point 0, which GPTQ's layout cannot store: quantise symmetrically`,
        )
      const isFirst = block % perGroup === 0
      if (!isFirst && (grouped.scales[group] !== scale || grouped.zeros[group] !== zero))
        throw new CheckpointError(
          `layer "${name}": output ${o} has blocks of different scales in one group of ${size}: write groups of ${blockSize}`,
        )
      grouped.scales[group] = scale
      grouped.zeros[group] = zero
    }
  }
  return grouped
}

/** The integers, eight inputs to a word, the inputs in their own order. → [in / 8, out] */
function packInputs({ values, in: width, out, inputOrder }: QuantisedBlocks): Int32Array<ArrayBuffer> {
  const words = new Int32Array((width / 8) * out)
  for (let o = 0; o < out; o++) {
    for (let j = 0; j < width; j++) {
      const integer = (values[(o * width + j) >> 1]! >> (4 * (j & 1))) & 15
      const i = inputOrder?.[j] ?? j
      words[(i >> 3) * out + o]! |= integer << (4 * (i & 7))
    }
  }
  return words
}

/** One less than the zero points, eight outputs to a word. [groups, out] → [groups, out / 8] */
function packZeros(zeros: Uint8Array, groups: number, out: number): Int32Array<ArrayBuffer> {
  const stride = Math.ceil(out / 8)
  const words = new Int32Array(groups * stride)
  for (let group = 0; group < groups; group++) {
    for (let o = 0; o < out; o++) words[group * stride + (o >> 3)]! |= (zeros[group * out + o]! - 1) << (4 * (o & 7))
  }
  return words
}

function halves(name: string, values: Float32Array): Uint16Array<ArrayBuffer> {
  const narrowed = new Uint16Array(values.length)
  narrowToFloat16(values, narrowed)
  const infinite = narrowed.findIndex(half => (half & 0x7c00) === 0x7c00)
  if (infinite < 0) return narrowed
  throw new CheckpointError(`${name}: ${values[infinite]} is too large for float16, in which GPTQ's layout stores it`)
}
