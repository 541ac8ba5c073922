/**
 * Linear layers of small integers, put in the place of plain ones by a scope: the model's description stays as it is.
 * Here is which layers of the published model are made small, and what their parameters are called. It describes; which
 * integers a layer has, and where they come from, is unknown here.
 */
import {
  gather,
  type LinearLayer,
  plainLinear,
  type QuantisedLinearOptions,
  type QuantisedWeight,
  quantisedLinear,
  type Scope,
  type Tensor,
  transpose,
} from '../graph/index.ts'
import type { QwenVLConfig } from './config.ts'
import { type LinearSize, linearLayers } from './lora.ts'

/** How the weight of one layer is stored, as far as a graph has to know it. */
export interface LayerFormat extends Pick<QuantisedWeight, 'bits' | 'blockSize'> {
  /** Zero points are stored; else they are 2^(bits - 1) everywhere. */
  readonly zeroPoints?: boolean
  /** The weight takes its inputs in an order of its own (GPTQ with activation order). */
  readonly inputOrder?: boolean
  /** There is a bias, also where the model asks for none: GPTQ checkpoints have one for every layer. */
  readonly bias?: boolean
  /** Default `float32`. */
  readonly accuracy?: NonNullable<QuantisedLinearOptions['accuracy']>
}

/** The parts of a quantised weight: parameters are called `PATH.weight.values` and so on. */
export const quantisedParts = ['values', 'scales', 'zeroPoints', 'inputOrder'] as const

/**
 * Makes the layers of small integers for which `formatOf` gives a format; all others are made by `otherwise`.
 * `formatOf` is asked with a layer's path (`transformer.h.0.attn.c_attn`) and the shape of its weight, [out, in].
 *
 * Parameters of a layer: `PATH.weight.values` uint8 [out, in / block, block · bits / 8], `PATH.weight.scales`
 * [out, in / block], and where the format has them `PATH.weight.zeroPoints` uint8, `PATH.weight.inputOrder` int32 [in]
 * (its column j is for input `inputOrder[j]`), and `PATH.bias` [out].
 * x [..., in] → [..., out]
 *
 *     const root = scope('', { linear: quantisedLayers(path => (isLanguageLayer(path) ? format : undefined)) })
 *
 * A layer throws a ShapeError when blocks of that size do not fill its rows.
 */
export function quantisedLayers(
  formatOf: (path: string, shape: readonly [number, number]) => LayerFormat | undefined,
  otherwise: LinearLayer = plainLinear,
): LinearLayer {
  return (at, x, shape) => {
    const width = x.size(-1) as number
    const format = formatOf(at.path('').replace(/\.$/, ''), [shape.out, width])
    if (format === undefined) return otherwise(at, x, shape)
    const weight = at.at('weight')
    const inputs = format.inputOrder ? reorder(x, weight.parameter('inputOrder', [width], 'int32')) : x
    const hasBias = format.bias || shape.bias !== false
    return quantisedLinear(
      inputs,
      quantisedWeight(weight, format, shape.out, width),
      hasBias ? at.parameter('bias', [shape.out]) : undefined,
      format.accuracy === undefined ? {} : { accuracy: format.accuracy },
    )
  }
}

function quantisedWeight(
  at: Scope,
  { bits, blockSize, zeroPoints }: LayerFormat,
  out: number,
  width: number,
): QuantisedWeight {
  const blocks = width / blockSize
  return {
    bits,
    blockSize,
    values: at.parameter('values', [out, blocks, (blockSize * bits) / 8], 'uint8'),
    scales: at.parameter('scales', [out, blocks]),
    ...(zeroPoints && { zeroPoints: at.parameter('zeroPoints', [out, Math.ceil((blocks * bits) / 8)], 'uint8') }),
  }
}

/** Takes the last axis in another order. x [..., in], order [in] → [..., in] */
function reorder(x: Tensor, order: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis)
  const last = x.rank - 1
  const front = transpose(x, [last, ...axes.slice(0, last)]) // [in, ...]
  return transpose(gather(front, order), [...axes.slice(1), 0])
}

/**
 * Whether a layer is one of the five of each language model block, those that the published Int4 model has as integers.
 * Embeddings, `lm_head`, norms and the whole visual side stay floats.
 */
export const isLanguageLayer = (path: string): boolean =>
  /^transformer\.h\.\d+\.(attn\.(c_attn|c_proj)|mlp\.(w1|w2|c_proj))$/.test(path)

/** The layers that are made small, by path, with their sizes. */
export const languageLayers = (config: QwenVLConfig): Map<string, LinearSize> =>
  new Map([...linearLayers(config)].filter(([path]) => isLanguageLayer(path)))
