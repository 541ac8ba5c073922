/**
 * The weights of a model as they are computed with: floats, or small integers where those are stored (GPTQ) or asked for.
 * Gives what a description and a session need for it: how linear layers are made, and their values. Runs nothing, and
 * knows nothing of answering: training over small integers takes the same from here.
 */
import { blockTensors, type QuantisedBlocks } from '../checkpoint/blocks.ts'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import type { ExpectedTensor } from '../checkpoint/expect.ts'
import {
  checkGptqConfig,
  dequantiseGptq,
  gptqBlocks,
  gptqFormat,
  gptqGroupSize,
  readGptqGroups,
  readGptqLayer,
} from '../checkpoint/gptq.ts'
import { quantise } from '../checkpoint/quantise.ts'
import { tensorSource } from '../checkpoint/tensor.ts'
import { type LinearLayer, plainLinear } from '../graph/index.ts'
import {
  type LayerFormat,
  languageLayers,
  parameterShapes,
  type QwenVLConfig,
  quantisedLayers,
  quantisedParts,
} from '../model/index.ts'
import type { WeightSource } from '../runtime/runtime.ts'
import { tensorValue } from '../runtime/tensor.ts'
import type { WeightLoader } from './network.ts'
import type { WeightFormat } from './weightFormat.ts'

export interface WeightOptions {
  /** Default: as the checkpoint has them, `int4` for GPTQ and else `float32`. */
  readonly weights?: WeightFormat
  /**
   * Of products with small integers. `float32` (default) multiplies exactly what they stand for. `int8` also rounds the
   * inputs, block by block: one row then takes an eighth of the time with int4, and a hundredth with int8, for which the
   * engine has no quick exact product. With int4 the difference is lost in that of the weights themselves.
   */
  readonly accuracy?: NonNullable<LayerFormat['accuracy']>
}

/** What rounding to small integers changed: root mean square of the difference, as a part of that of the weight. */
export interface Rounding {
  /** Layers that were rounded. */
  readonly layers: number
  /** Over the layers: 0.006 means 0.6%. */
  readonly mean: number
  readonly worst: number
  /** Where the worst is. */
  readonly path: string
}

export interface ModelWeights {
  readonly format: WeightFormat
  /** How a scope makes linear layers. */
  readonly linear: LinearLayer
  /** Values for the parameters of descriptions made with `linear`. At most one layer more than those is in memory. */
  readonly load: WeightLoader
  /** `float32`; `int4 (GPTQ, groups of 128)`; `int8 (rounded here, blocks of 128)` */
  readonly description: string
  /** What came out other than asked, in sentences: layers that could not be made small. */
  readonly remarks: readonly string[]
  /** What rounding changed in the layers that were loaded so far; undefined where none was rounded here. */
  rounding(): Rounding | undefined
}

/** Blocks that are tried, in this order. Products of int8 are faster and hardly less exact with large ones. */
const blockSizes = { int8: [128, 64, 32, 16], int4: [32, 16] } as const

/** Whether a checkpoint's linear layers are stored as GPTQ integers. Throws a CheckpointError for other quantisations. */
const isGptq = ({ config, names }: Pick<Checkpoint, 'config' | 'names'>): boolean =>
  checkGptqConfig(config) || names.some(name => name.endsWith('.qweight'))

/** The layers that are stored as GPTQ integers, or should be: one that is there as floats is no fault. */
function gptqLayers(checkpoint: Pick<Checkpoint, 'config' | 'names' | 'has'>, config: QwenVLConfig) {
  const layers = isGptq(checkpoint) ? [...languageLayers(config)] : []
  return new Map(layers.filter(([path]) => !checkpoint.has(`${path}.weight`)))
}

/**
 * The tensors that a checkpoint of this model must have, in the layout that it says it has: 853 of floats, 1461 of GPTQ.
 * Throws a CheckpointError for quantisations that are not known.
 */
export function expectedTensors(
  checkpoint: Pick<Checkpoint, 'config' | 'names' | 'has' | 'get'>,
  config: QwenVLConfig,
): ExpectedTensor[] {
  const layers = gptqLayers(checkpoint, config)
  const shapes = parameterShapes(config)
  const groupSize = gptqGroupSize(checkpoint.config)
  const floats = [...shapes].flatMap(([name, shape]) => (layers.has(layerOf(name, 'weight')) ? [] : [{ name, shape }]))
  const integers = [...layers].flatMap(([path, { in: width, out }]) => {
    const scales = `${path}.scales`
    const stored = checkpoint.has(scales) ? (checkpoint.get(scales).shape[0] ?? 0) : 1
    const groups = groupSize === undefined ? stored : groupSize === -1 ? 1 : Math.ceil(width / groupSize)
    const bias = `${path}.bias`
    return [
      { name: `${path}.qweight`, shape: [width / 8, out], dtype: 'int32' },
      { name: `${path}.qzeros`, shape: [groups, Math.ceil(out / 8)], dtype: 'int32' },
      { name: scales, shape: [groups, out], dtype: ['float16', 'float32'] },
      { name: `${path}.g_idx`, shape: [width], dtype: 'int32' },
      // The published layout has a bias everywhere; others have those of the model only.
      ...(checkpoint.has(bias) && !shapes.has(bias) ? [{ name: bias, shape: [out] }] : []),
    ]
  })
  return [...floats, ...integers]
}

/** `transformer.h.0.mlp.w1` of `transformer.h.0.mlp.w1.weight`; '' for a tensor that is called otherwise. */
const layerOf = (name: string, part: string): string =>
  name.endsWith(`.${part}`) ? name.slice(0, -part.length - 1) : ''

/**
 * The weights of an open checkpoint in a format. Reads the small tensors of GPTQ layers, and nothing else until `load`.
 *
 *     const { linear, load } = await modelWeights(checkpoint, config, { weights: 'int4' })
 *
 * Throws a TypeError for int8 of a GPTQ checkpoint, and a CheckpointError for quantisations and groups that cannot be
 * computed with.
 */
export async function modelWeights(
  checkpoint: Checkpoint,
  config: QwenVLConfig,
  options: WeightOptions = {},
): Promise<ModelWeights> {
  const stored = gptqLayers(checkpoint, config)
  if (stored.size > 0) return gptqWeights(checkpoint, [...stored.keys()], options)
  const { weights = 'float32' } = options
  if (weights === 'float32') {
    const load = loader(checkpoint, new Map())
    return { format: weights, linear: plainLinear, load, description: weights, ...exact }
  }
  return roundedWeights(checkpoint, config, weights, options)
}

const exact = { remarks: [], rounding: () => undefined } as const

/** The values of one layer: its weight as floats or in blocks. */
type LayerReader = () => Promise<Float32Array<ArrayBuffer> | QuantisedBlocks>

async function gptqWeights(
  checkpoint: Checkpoint,
  paths: readonly string[],
  { weights = 'int4', accuracy }: WeightOptions,
): Promise<ModelWeights> {
  if (weights === 'int8') {
    throw new TypeError(
      `${checkpoint.origin} has its weights as int4 (GPTQ): int8 would take twice the memory and gain nothing. Choose int4, or float32`,
    )
  }
  const hasBias = (path: string) => checkpoint.has(`${path}.bias`)
  const readers = new Map<string, LayerReader>()
  if (weights === 'float32') {
    for (const path of paths) readers.set(path, async () => dequantiseGptq(await readGptqLayer(checkpoint, path)))
    const stored = new Set(paths)
    const linear: LinearLayer = (at, x, shape) => {
      const path = layerOf(at.path('weight'), 'weight')
      return plainLinear(at, x, { ...shape, bias: (shape.bias ?? true) || (stored.has(path) && hasBias(path)) })
    }
    return {
      format: weights,
      linear,
      load: loader(checkpoint, readers),
      description: 'float32 (from GPTQ)',
      ...exact,
    }
  }
  const formats = new Map<string, LayerFormat>()
  for (const path of paths) {
    const format = gptqFormat(await readGptqGroups(checkpoint, path))
    formats.set(path, { ...format, bias: hasBias(path), ...(accuracy && { accuracy }) })
    readers.set(path, async () => gptqBlocks(await readGptqLayer(checkpoint, path)))
  }
  const size = gptqGroupSize(checkpoint.config)
  return {
    format: weights,
    linear: quantisedLayers(path => formats.get(path)),
    load: loader(checkpoint, readers),
    description: size === undefined || size === -1 ? 'int4 (GPTQ)' : `int4 (GPTQ, groups of ${size})`,
    ...exact,
  }
}

function roundedWeights(
  checkpoint: Checkpoint,
  config: QwenVLConfig,
  weights: 'int8' | 'int4',
  { accuracy }: WeightOptions,
): ModelWeights {
  const bits = weights === 'int8' ? 8 : 4
  const formats = new Map<string, LayerFormat>()
  const readers = new Map<string, LayerReader>()
  const floats: string[] = []
  const errors = new Map<string, number>()
  for (const [path, { in: width, out }] of languageLayers(config)) {
    const blockSize = blockSizes[weights].find(size => width % size === 0)
    if (blockSize === undefined) {
      floats.push(`${path} (${width} inputs)`)
      continue
    }
    formats.set(path, { bits, blockSize, ...(accuracy && { accuracy }) })
    readers.set(path, async () => {
      const name = `${path}.weight`
      const { weight, error } = quantise(await checkpoint.get(name).readAs('float32'), [out, width], {
        bits,
        blockSize,
        name,
      })
      errors.set(path, error.relative)
      return weight
    })
  }
  const sizes = [...new Set([...formats.values()].map(({ blockSize }) => blockSize))].join(' and ')
  return {
    format: formats.size > 0 ? weights : 'float32',
    linear: quantisedLayers(path => formats.get(path)),
    load: loader(checkpoint, readers),
    description: formats.size > 0 ? `${weights} (rounded here, blocks of ${sizes})` : 'float32',
    remarks: floats.length > 0 ? [stayed(floats, weights)] : [],
    rounding: () => summarise(errors),
  }
}

function summarise(errors: ReadonlyMap<string, number>): Rounding | undefined {
  if (errors.size === 0) return undefined
  const [path, worst] = [...errors].reduce((a, b) => (b[1] > a[1] ? b : a))
  return { layers: errors.size, mean: [...errors.values()].reduce((a, b) => a + b) / errors.size, worst, path }
}

function stayed(layers: readonly string[], weights: WeightFormat): string {
  const [which, they] = layers.length === 1 ? ['1 layer', 'it stays'] : [`${layers.length} layers`, 'they stay']
  const others = layers.length > 1 ? ' and others' : ''
  return `the inputs of ${which} cannot be divided into blocks of 16, so ${they} float32 instead of ${weights}: ${layers[0]}${others}`
}

/** Reads parameters by name: those of layers with a reader from there, all others as the checkpoint has them. */
function loader(checkpoint: Checkpoint, readers: ReadonlyMap<string, LayerReader>): WeightLoader {
  return async wanted => {
    const sources: Record<string, WeightSource> = {}
    const names = new Set(wanted.map(({ name }) => name))
    // One after the other: each conversion has its own peak of memory.
    for (const { name, shape } of wanted) {
      if (sources[name]) continue
      const reader = readers.get(layerOf(name.replace(partSuffix, ''), 'weight'))
      if (reader === undefined) {
        sources[name] = (await tensorSource(checkpoint.get(name), 'float32')) as WeightSource
        continue
      }
      const weight = await reader()
      if (weight instanceof Float32Array) sources[name] = tensorValue('float32', shape, weight)
      else {
        const stem = name.replace(partSuffix, '')
        for (const [part, value] of Object.entries(partsOf(weight)))
          if (names.has(`${stem}.${part}`)) sources[`${stem}.${part}`] = value
      }
    }
    return sources
  }
}

const partSuffix = new RegExp(`\\.(${quantisedParts.join('|')})$`)

/** The arrays of a layer, by the names of its parameters. */
function partsOf(blocks: QuantisedBlocks): Record<string, WeightSource> {
  const { inputOrder, in: width } = blocks
  return {
    ...(blockTensors(blocks) as Record<string, WeightSource>),
    ...(inputOrder && { inputOrder: tensorValue('int32', [width], inputOrder) }),
  }
}
