/**
 * Low-rank adapters beside linear layers (LoRA, Hu et al., arXiv 2106.09685), with the names and rules of PEFT: which
 * layers get one, what its two matrices begin as, and the layer itself. It describes; files, training and merging are
 * others' affairs.
 */
import { add, dropout, type LinearLayer, linear, matmul, plainLinear, type Scope, type Tensor } from '../graph/index.ts'
import type { QwenVLConfig } from './config.ts'
import { describeWhole } from './parameters.ts'

export interface LoraOptions {
  /** The rank of the adapter of a layer, by the layer's path (`transformer.h.0.attn.c_attn`); undefined: it has none. */
  rankOf(path: string): number | undefined
  /** What the adapter's product is multiplied by: alpha / rank, or alpha / √rank if it is rank-stabilised. */
  scaleOf(path: string): number
  /** Of the adapter's input, in training only. `seed` is an int64 scalar, fed anew at each step. */
  readonly dropout?: { readonly probability: number; readonly seed: Tensor }
}

/** The names that PEFT gives the two matrices, after the layer's path. */
export const LORA_A = 'lora_A.weight'
export const LORA_B = 'lora_B.weight'

/**
 * y = base(x) + scale · (drop(x) Aᵀ) Bᵀ for the layers that have a rank; all others are the base's. The parameters are
 * `PATH.lora_A.weight` [rank, in] and `PATH.lora_B.weight` [out, rank]. `base` may be plain or of small integers.
 * x [..., in] → [..., out]
 *
 *     const root = scope('', { linear: loraLinear(plainLinear, { rankOf: path => ranks.get(path), scaleOf: () => 0.25 }) })
 *
 * Throws a RangeError for a rank that is no whole number from 1 on, or a scale that is not finite.
 */
export function loraLinear(base: LinearLayer, options: LoraOptions): LinearLayer {
  return (at, x, shape) => {
    const path = pathOf(at)
    const rank = options.rankOf(path)
    const y = base(at, x, shape)
    if (rank === undefined) return y
    const scale = options.scaleOf(path)
    if (!Number.isInteger(rank) || rank < 1)
      throw new RangeError(`the adapter of ${path} has rank ${rank}: it must be a whole number from 1 on`)
    if (!Number.isFinite(scale))
      throw new RangeError(`the adapter of ${path} has the scale ${scale}, which is no number`)
    const a = at.parameter(LORA_A, [rank, x.size(-1) as number])
    const b = at.parameter(LORA_B, [shape.out, rank])
    const drop = options.dropout
    const seen = drop ? dropout(x, drop.probability, drop.seed, dropoutStream(path)) : x
    return add(y, matmul(linear(seen, a), b, { transposeB: true, scale }))
  }
}

/** A scope's own path: `transformer.h.0.attn.c_attn`. */
const pathOf = (at: Scope): string => at.path('').replace(/\.$/, '')

/**
 * The dropout stream of a layer: the same wherever and in whichever order graphs are described, so that a resumed run
 * goes on with the same patterns. 22 bits, which the operator's arithmetic takes without rounding.
 */
export const dropoutStream = (path: string): number => hash(path) >>> 10

/** FNV-1a with a last mixing, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  value = Math.imul(value ^ (value >>> 12), 0x297a2d39)
  return (value ^ (value >>> 15)) >>> 0
}

/** The sizes of a linear layer. */
export interface LinearSize {
  readonly in: number
  readonly out: number
}

/**
 * Every layer of a model that can have an adapter, by path, in the order of describing: all linear layers of the
 * published layout but `lm_head`, which is read as a table of embeddings, and the adapter's packed attention.
 */
export function linearLayers(config: QwenVLConfig): Map<string, LinearSize> {
  const found = new Map<string, LinearSize>()
  const record: LinearLayer = (at, x, shape) => {
    found.set(pathOf(at), { in: x.size(-1) as number, out: shape.out })
    return plainLinear(at, x, shape)
  }
  describeWhole(config, { linear: record })
  return found
}

/**
 * The layers that targets mean, in the order of `paths`, by PEFT's rule. A list: layers whose path is a target or ends
 * with one after a dot, so that `attn.c_proj` is not `mlp.c_proj`. A text: a regular expression for the whole path, or
 * `all-linear` for every path.
 *
 *     matchTargets(['c_attn', 'attn.c_proj', 'w1', 'w2'], linearLayers(config).keys())
 *
 * Throws a RangeError that lists the kinds of layers there are, for a target that means none, and for an expression
 * that cannot be read.
 */
export function matchTargets(targets: readonly string[] | string, paths: Iterable<string>): string[] {
  const all = [...paths]
  if (targets === 'all-linear') return all
  if (typeof targets === 'string') {
    const expression = wholeExpression(targets)
    const matched = all.filter(path => expression.test(path))
    if (matched.length === 0)
      throw new RangeError(`the expression "${targets}" matches the whole path of no layer; ${kindsOf(all)}`)
    return matched
  }
  if (targets.length === 0) throw new RangeError(`there is no target for an adapter; ${kindsOf(all)}`)
  const means = (target: string, path: string) => path === target || path.endsWith(`.${target}`)
  const idle = targets.filter(target => !all.some(path => means(target, path)))
  if (idle.length > 0) {
    const named = idle.map(target => `"${target}"`).join(', ')
    throw new RangeError(
      `${idle.length === 1 ? 'the target' : 'the targets'} ${named} ${idle.length === 1 ? 'means' : 'mean'} no layer; ${kindsOf(all)}`,
    )
  }
  return all.filter(path => targets.some(target => means(target, path)))
}

function wholeExpression(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`)
  } catch (cause) {
    throw new RangeError(`"${text}" is no regular expression for layers: ${(cause as Error).message}`, { cause })
  }
}

/** `the kinds of layers are transformer.h.N.attn.c_attn, …` */
function kindsOf(paths: readonly string[]): string {
  const kinds = new Set(paths.map(path => path.replace(/\.\d+(?=\.|$)/g, '.N')))
  return `the kinds of layers are ${[...kinds].join(', ')}`
}

/** What an adapter begins with: A [rank, in], B [out, rank]. */
export interface LoraMatrices {
  readonly a: Float32Array<ArrayBuffer>
  readonly b: Float32Array<ArrayBuffer>
}

/**
 * PEFT's beginning, after which the adapter adds nothing: A uniform in ±1/√in (Kaiming with a = √5), B zeros. What a
 * layer gets depends on the seed and its path only, not on which others there are.
 */
export function initialLora(path: string, rank: number, { in: width, out }: LinearSize, seed: number): LoraMatrices {
  const bound = 1 / Math.sqrt(width)
  const random = generator((hash(path) ^ Math.imul(seed, 0x9e3779b1)) >>> 0)
  return {
    a: Float32Array.from({ length: rank * width }, () => (2 * random() - 1) * bound),
    b: new Float32Array(out * rank),
  }
}

/** Numbers in [0, 1) from a state of 32 bits: mulberry32. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}
