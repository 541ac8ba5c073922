/**
 * GPTQ checkpoints (Qwen-VL-Chat-Int4): linear layers of 4-bit integers, packed eight to a word along the inputs, with a
 * scale and a zero point for each group of inputs. Here they become floats, or the blocks that the graph multiplies with.
 *
 * Stored, for a layer in → out:
 * - `qweight` int32 [in / 8, out], input i in bits 4 · (i % 8) of word ⌊i / 8⌋;
 * - `qzeros` int32 [groups, out / 8], packed along out, one less than the zero point;
 * - `scales` float16 [groups, out];
 * - `g_idx` int32 [in], the group of each input.
 *
 * W[o, i] = scales[g, o] · (q[i, o] - (stored zero[g, o] + 1)), g = g_idx[i]
 *
 * With activation order (`desc_act`) a group's inputs lie scattered. The blocks then take their inputs in another order,
 * group by group, and `inputOrder` says which; the graph has to gather them so before it multiplies.
 */
import { checkBlockSize, packRows, type QuantisedBlocks } from './blocks.ts'
import type { Checkpoint, CheckpointTensor } from './checkpoint.ts'
import { CheckpointError } from './errors.ts'
import { isObject } from './jsonDocument.ts'
import { describeTensor } from './storedType.ts'

/** How a layer's inputs are grouped: what a graph has to know before any weight is read. */
export interface GptqGroups {
  /** The layer's name in the model, such as `transformer.h.0.attn.c_attn`. */
  readonly name: string
  readonly in: number
  readonly out: number
  readonly groups: number
  readonly qzeros: Int32Array
  readonly groupOf: Int32Array
}

/** A layer's tensors in memory, and what follows from their shapes. */
export interface GptqLayer extends GptqGroups {
  readonly qweight: Int32Array
  /** float16 values, widened. */
  readonly scales: Float32Array
}

/** What `gptqBlocks` gives for a layer, without the numbers. */
export interface GptqFormat {
  readonly bits: 4
  readonly blockSize: number
  readonly zeroPoints: boolean
  readonly inputOrder: boolean
}

/** The largest block that is made of a group. */
const LARGEST_BLOCK = 128

/**
 * Throws a CheckpointError if a config announces a quantisation that is not this one; false if it announces none.
 */
export function checkGptqConfig(config: Readonly<Record<string, unknown>> | undefined): boolean {
  const about = config?.['quantization_config']
  if (about === undefined || about === null) return false
  const { quant_method: method, bits, checkpoint_format: format } = isObject(about) ? about : {}
  if (method !== 'gptq')
    throw new CheckpointError(`the checkpoint is quantised with ${JSON.stringify(method)}: only "gptq" is read`)
  if (bits !== 4)
    throw new CheckpointError(`the checkpoint has GPTQ weights of ${JSON.stringify(bits)} bits: only 4 are read`)
  if (format !== undefined && format !== 'gptq')
    throw new CheckpointError(
      `the checkpoint has GPTQ weights of the format ${JSON.stringify(format)}: only "gptq" is read`,
    )
  return true
}

/**
 * The inputs that share a scale, as a config says it (`group_size`); undefined if it does not. -1 stands for all inputs
 * of a layer. Throws a CheckpointError for a number that is no size.
 */
export function gptqGroupSize(config: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const about = config?.['quantization_config']
  const size = isObject(about) ? about['group_size'] : undefined
  if (size === undefined || size === null) return undefined
  if (Number.isInteger(size) && (size === -1 || (size as number) > 0)) return size as number
  throw new CheckpointError(`the config has the GPTQ group_size ${JSON.stringify(size)}: it must be -1 or from 1 on`)
}

/** The layers of a checkpoint that are quantised: the names before `.qweight`. */
export const gptqLayerNames = (checkpoint: Pick<Checkpoint, 'names'>): string[] =>
  checkpoint.names.filter(name => name.endsWith('.qweight')).map(name => name.slice(0, -'.qweight'.length))

/** Reads a layer's tensors. Throws a CheckpointError when their types or shapes do not belong together. */
export async function readGptqLayer(checkpoint: Pick<Checkpoint, 'get'>, name: string): Promise<GptqLayer> {
  const { qweight, scales } = partsOf(checkpoint, name)
  return {
    ...(await readGptqGroups(checkpoint, name)),
    qweight: new Int32Array((await qweight.read()).buffer),
    scales: await scales.readAs('float32'),
  }
}

/** Reads the small tensors of a layer only. Throws as `readGptqLayer` does. */
export async function readGptqGroups(checkpoint: Pick<Checkpoint, 'get'>, name: string): Promise<GptqGroups> {
  const { qweight, qzeros, scales, groupIndex } = partsOf(checkpoint, name)
  const [words, out] = qweight.shape as [number, number]
  const groups = scales.shape[0] ?? 0
  const width = 8 * words
  requireTensor(qweight, 'int32', [words, out])
  requireTensor(qzeros, 'int32', [groups, Math.ceil(out / 8)])
  requireTensor(scales, scales.dtype === 'float32' ? 'float32' : 'float16', [groups, out])
  requireTensor(groupIndex, 'int32', [width])
  return {
    name,
    in: width,
    out,
    groups,
    qzeros: new Int32Array((await qzeros.read()).buffer),
    groupOf: checkGroups(name, new Int32Array((await groupIndex.read()).buffer), groups),
  }
}

const partsOf = (checkpoint: Pick<Checkpoint, 'get'>, name: string) => ({
  qweight: checkpoint.get(`${name}.qweight`),
  qzeros: checkpoint.get(`${name}.qzeros`),
  scales: checkpoint.get(`${name}.scales`),
  groupIndex: checkpoint.get(`${name}.g_idx`),
})

function requireTensor(tensor: CheckpointTensor, dtype: string, shape: readonly number[]): void {
  const wanted = { dtype, shape }
  if (describeTensor(tensor) === describeTensor(wanted)) return
  throw new CheckpointError(
    `tensor "${tensor.name}" is ${describeTensor(tensor)}, but the layer's other tensors ask for ${describeTensor(wanted)}`,
  )
}

function checkGroups(name: string, groupOf: Int32Array, groups: number): Int32Array {
  const wrong = groupOf.findIndex(group => group < 0 || group >= groups)
  if (wrong < 0) return groupOf
  throw new CheckpointError(
    `tensor "${name}.g_idx": input ${wrong} is in group ${groupOf[wrong]}, but there are scales for ${groups} groups only`,
  )
}

const nibble = (words: Int32Array, index: number, lane: number) => (words[index]! >>> (4 * lane)) & 15

/** The zero points, one more than what is stored. → [groups, out], from 1 to 16 */
function zeroPoints({ qzeros, groups, out }: GptqGroups): Uint8Array {
  const stride = Math.ceil(out / 8)
  const zeros = new Uint8Array(groups * out)
  for (let group = 0; group < groups; group++) {
    for (let o = 0; o < out; o++) zeros[group * out + o] = nibble(qzeros, group * stride + (o >> 3), o & 7) + 1
  }
  return zeros
}

/** The floats that a layer stands for, with the inputs in their own order. → [out, in] */
export function dequantiseGptq(layer: GptqLayer): Float32Array<ArrayBuffer> {
  const { in: width, out, qweight, scales, groupOf } = layer
  const zeros = zeroPoints(layer)
  const floats = new Float32Array(out * width)
  for (let row = 0; row < width / 8; row++) {
    for (let o = 0; o < out; o++) {
      const word = qweight[row * out + o]!
      for (let lane = 0; lane < 8; lane++) {
        const i = 8 * row + lane
        const group = groupOf[i]! * out + o
        floats[o * width + i] = scales[group]! * (((word >>> (4 * lane)) & 15) - zeros[group]!)
      }
    }
  }
  return floats
}

/** The layer in blocks as far as it can be said before its weights are read. Throws as `gptqBlocks` does. */
export function gptqFormat(groups: GptqGroups): GptqFormat {
  const { blockSize, inputOrder, zeros } = blocksOf(groups)
  return { bits: 4, blockSize, zeroPoints: zeros.some(zero => zero !== 8), inputOrder: inputOrder !== undefined }
}

/** The size of blocks, the order of inputs, and the zero points of groups [groups, out]. */
function blocksOf(layer: GptqGroups) {
  const { name, in: width, out, groups } = layer
  const inputOrder = orderOfInputs(layer)
  const groupSize = width / groups
  const blockSize = Math.min(LARGEST_BLOCK, groupSize & -groupSize)
  checkBlockSize(name, width, blockSize)
  const zeros = zeroPoints(layer)
  const sixteen = zeros.indexOf(16)
  if (sixteen >= 0) {
    throw new CheckpointError(
      `layer "${name}": output ${sixteen % out} has the zero point 16 in group ${Math.floor(sixteen / out)}, which 4 bits cannot hold: load it as floats`,
    )
  }
  return { blockSize, inputOrder, zeros }
}

/**
 * The layer in blocks, without loss: the same integers, the same scales. The zero points are left out where they all are
 * 8, as in the published model. The blocks are the groups, cut into equal parts where a group is larger than 128 or no
 * power of two.
 *
 * Throws a CheckpointError for groups that cannot be blocks.
 */
export function gptqBlocks(layer: GptqLayer): QuantisedBlocks {
  const { in: width, out } = layer
  const { blockSize, inputOrder, zeros: groupZeros } = blocksOf(layer)
  const perRow = width / blockSize
  const scales = new Float32Array(out * perRow)
  const zeros = new Uint8Array(out * perRow)
  for (let block = 0; block < perRow; block++) {
    const group = layer.groupOf[inputOrder?.[block * blockSize] ?? block * blockSize]! * out
    for (let o = 0; o < out; o++) {
      scales[o * perRow + block] = layer.scales[group + o]!
      zeros[o * perRow + block] = groupZeros[group + o]!
    }
  }
  return {
    bits: 4,
    blockSize,
    out,
    in: width,
    values: inputOrder === undefined ? transposeWords(layer) : reorderWords(layer, inputOrder),
    scales,
    ...(zeros.every(zero => zero === 8) ? {} : { zeroPoints: packRows(zeros, 4, out, perRow) }),
    ...(inputOrder === undefined ? {} : { inputOrder }),
  }
}

/** Words at once in a tile, so that neither side of a transposition leaves the cache. */
const TILE = 32

/** [in / 8, out] → [out, in / 8]. A word holds eight inputs just as the blocks do, the first in the lowest bits. */
function transposeWords({ qweight, in: width, out }: GptqLayer): Uint8Array<ArrayBuffer> {
  const rows = width / 8
  const words = new Int32Array(out * rows)
  for (let top = 0; top < rows; top += TILE) {
    for (let left = 0; left < out; left += TILE) {
      for (let o = left; o < Math.min(out, left + TILE); o++) {
        for (let row = top; row < Math.min(rows, top + TILE); row++) words[o * rows + row] = qweight[row * out + o]!
      }
    }
  }
  return new Uint8Array(words.buffer)
}

/** The same, with the inputs in another order: each word is put together from eight. */
function reorderWords({ qweight, in: width, out }: GptqLayer, order: Int32Array): Uint8Array<ArrayBuffer> {
  const rows = width / 8
  const words = new Int32Array(out * rows)
  for (let row = 0; row < rows; row++) {
    for (let lane = 0; lane < 8; lane++) {
      const i = order[8 * row + lane]!
      for (let o = 0; o < out; o++) words[o * rows + row]! |= nibble(qweight, (i >> 3) * out + o, i & 7) << (4 * lane)
    }
  }
  return new Uint8Array(words.buffer)
}

/** The inputs group by group, each group in its own order; undefined if they are so already. */
function orderOfInputs({ name, in: width, groups, groupOf }: GptqGroups): Int32Array<ArrayBuffer> | undefined {
  const groupSize = width / groups
  const filled = new Int32Array(groups)
  const order = new Int32Array(width)
  let sorted = true
  groupOf.forEach((group, i) => {
    const place = group * groupSize + filled[group]!++
    order[place] = i
    sorted &&= place === i
  })
  const uneven = filled.findIndex(count => count !== groupSize)
  if (uneven >= 0) {
    throw new CheckpointError(
      `layer "${name}": group ${uneven} has ${filled[uneven]} inputs, but equal groups of ${groupSize} are needed for blocks: load it as floats`,
    )
  }
  return sorted ? undefined : order
}
