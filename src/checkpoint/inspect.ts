/**
 * What a checkpoint is made of and what it takes to run it: the figures behind `qwen-vl inspect`. Reads names, shapes
 * and the config, and no values. It knows the published names of Qwen-VL's parts and nothing else of the model.
 */
import type { Checkpoint } from './checkpoint.ts'
import { isObject } from './jsonDocument.ts'
import { countElements, type StoredType, storedBytes } from './storedType.ts'

/** A part of the model, by the names of its tensors. */
export type PartName = 'language model' | 'vision tower' | 'adapter' | 'vision output' | 'other'

/** Figures of some tensors. */
export interface Figures {
  readonly tensors: number
  /** Numbers of the model: of a packed int4 weight, the weights that it stands for; scales and zero points are none. */
  readonly parameters: number
  /** Size of the values as they are stored. */
  readonly bytes: number
}

/** Memory for weights, in bytes. */
export interface WeightMemory {
  readonly float32: number
  readonly float16: number
  /** The language model's linear layers as integers in blocks of 32 with float32 scales, the rest in float16. */
  readonly int8: number
  readonly int4: number
}

/** Everything that `inspect` tells. */
export interface Inspection {
  readonly total: Figures
  /** In the order of the model; parts without tensors are left out. */
  readonly parts: readonly (Figures & { readonly name: PartName })[]
  /** By size, the largest first. */
  readonly types: readonly (Figures & { readonly dtype: StoredType })[]
  readonly quantisation: 'none' | 'gptq int4'
  /** What the config says, as far as it says it. */
  readonly config: ConfigSummary
  readonly memory: {
    readonly weights: WeightMemory
    /** Keys and values of 1000 tokens, in bytes; undefined if the config does not say. */
    readonly cachePerThousandTokens: { readonly float32: number; readonly float16: number } | undefined
  }
}

/** The sizes that a config states. */
export interface ConfigSummary {
  readonly architecture: string | undefined
  readonly modelType: string | undefined
  readonly storedType: string | undefined
  readonly vocabulary: number | undefined
  readonly hidden: number | undefined
  readonly layers: number | undefined
  readonly heads: number | undefined
  readonly headSize: number | undefined
  readonly contextTokens: number | undefined
  readonly vision:
    | {
        readonly imagePixels: number | undefined
        readonly patchPixels: number | undefined
        readonly width: number | undefined
        readonly layers: number | undefined
        readonly heads: number | undefined
        readonly tokensPerImage: number | undefined
      }
    | undefined
}

/** A tensor as `inspect` needs it. */
export interface InspectedTensor {
  readonly name: string
  readonly dtype: StoredType
  readonly shape: readonly number[]
}

const order: readonly PartName[] = ['language model', 'vision tower', 'adapter', 'vision output', 'other']

/** The part that a tensor belongs to. `vision output` is what follows the adapter: ln_post and proj. */
export function partOf(name: string): PartName {
  if (name.startsWith('transformer.visual.attn_pool.')) return 'adapter'
  if (/^transformer\.visual\.(ln_post\.|proj$)/.test(name)) return 'vision output'
  if (name.startsWith('transformer.visual.')) return 'vision tower'
  return /^(transformer|lm_head)\./.test(name) ? 'language model' : 'other'
}

const isPacked = (name: string) => name.endsWith('.qweight')

function figuresOf({ name, dtype, shape }: InspectedTensor): Figures {
  const count = countElements(shape)
  const bytes = count * storedBytes(dtype)
  if (isPacked(name)) return { tensors: 1, parameters: 8 * count, bytes }
  return { tensors: 1, parameters: /\.(qzeros|scales|g_idx)$/.test(name) ? 0 : count, bytes }
}

/** The linear layers of the language model, which int8 and int4 make small. */
const isLinear = ({ name, shape }: InspectedTensor) =>
  partOf(name) === 'language model' && (isPacked(name) || (shape.length === 2 && !name.includes('.wte.')))

/** Bytes of scales for one weight: a float32 for each block of 32. */
const SCALE_BYTES = 4 / 32

/** The figures of an open checkpoint. */
export const inspectCheckpoint = ({ tensors, config }: Pick<Checkpoint, 'tensors' | 'config'>): Inspection =>
  inspect(tensors, config)

/** The figures of tensors known by name, type and shape. */
export function inspect(
  tensors: Iterable<InspectedTensor>,
  config: Readonly<Record<string, unknown>> | undefined,
): Inspection {
  const all = [...tensors].map(tensor => ({ tensor, figures: figuresOf(tensor) }))
  const total = sum(all.map(({ figures }) => figures))
  const group = <Key>(keyOf: (tensor: InspectedTensor) => Key) => {
    const groups = new Map<Key, Figures[]>()
    for (const { tensor, figures } of all) {
      const key = keyOf(tensor)
      groups.set(key, [...(groups.get(key) ?? []), figures])
    }
    return new Map([...groups].map(([key, list]) => [key, sum(list)]))
  }
  const parts = group(({ name }) => partOf(name))
  const linear = sum(all.filter(({ tensor }) => isLinear(tensor)).map(({ figures }) => figures)).parameters
  const rest = total.parameters - linear
  const blocks = (bits: number) => Math.ceil(linear * (bits / 8 + SCALE_BYTES)) + 2 * rest
  const summary = summarise(config)
  return {
    total,
    parts: order.flatMap(name => (parts.has(name) ? [{ name, ...parts.get(name)! }] : [])),
    types: [...group(({ dtype }) => dtype)]
      .map(([dtype, figures]) => ({ dtype, ...figures }))
      .sort((a, b) => b.bytes - a.bytes),
    quantisation: all.some(({ tensor }) => isPacked(tensor.name)) ? 'gptq int4' : 'none',
    config: summary,
    memory: {
      weights: { float32: 4 * total.parameters, float16: 2 * total.parameters, int8: blocks(8), int4: blocks(4) },
      cachePerThousandTokens: cacheMemory(summary),
    },
  }
}

const sum = (list: readonly Figures[]): Figures =>
  list.reduce(
    (a, b) => ({ tensors: a.tensors + b.tensors, parameters: a.parameters + b.parameters, bytes: a.bytes + b.bytes }),
    { tensors: 0, parameters: 0, bytes: 0 },
  )

/** A key and a value of every head in every layer, for each token. */
function cacheMemory({ layers, heads, headSize }: ConfigSummary) {
  if (layers === undefined || heads === undefined || headSize === undefined) return undefined
  const values = 1000 * 2 * layers * heads * headSize
  return { float32: 4 * values, float16: 2 * values }
}

function summarise(config: Readonly<Record<string, unknown>> = {}): ConfigSummary {
  const number = (from: Readonly<Record<string, unknown>>, key: string) =>
    typeof from[key] === 'number' ? from[key] : undefined
  const text = (key: string) => (typeof config[key] === 'string' ? config[key] : undefined)
  const architectures = config['architectures']
  const visual = isObject(config['visual']) ? config['visual'] : undefined
  const hidden = number(config, 'hidden_size')
  const heads = number(config, 'num_attention_heads')
  return {
    architecture: Array.isArray(architectures) && typeof architectures[0] === 'string' ? architectures[0] : undefined,
    modelType: text('model_type'),
    storedType: text('torch_dtype'),
    vocabulary: number(config, 'vocab_size'),
    hidden,
    layers: number(config, 'num_hidden_layers'),
    heads,
    headSize: number(config, 'kv_channels') ?? (hidden !== undefined && heads ? hidden / heads : undefined),
    contextTokens: number(config, 'seq_length'),
    vision: visual && {
      imagePixels: number(visual, 'image_size'),
      patchPixels: number(visual, 'patch_size'),
      width: number(visual, 'width'),
      layers: number(visual, 'layers'),
      heads: number(visual, 'heads'),
      // The published config does not name it: the original's default.
      tokensPerImage: number(visual, 'n_queries') ?? 256,
    },
  }
}
