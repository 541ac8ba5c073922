/**
 * Contrastive image-text training (CLIP; Radford et al., arXiv 2103.00020): the model's own vision transformer and a
 * small text transformer bring pictures and texts to unit vectors that are near where they belong together. It
 * describes; nothing here knows of batches in parts, of processes or of files.
 *
 * The vision tower keeps the published names, so that its weights go on into Qwen-VL as they are. Everything else is
 * under `contrastive.`, with the names of OpenCLIP's text tower. Source: `transformer.py`, `model.py` and `loss.py` of
 * OpenCLIP, from which the published model's vision tower comes.
 */
import {
  add,
  attention,
  causalMask,
  div,
  exp,
  flatten,
  gather,
  gelu,
  input,
  layerNorm,
  linear,
  logSumExp,
  MASKED,
  matmul,
  max,
  mean,
  mul,
  pick,
  reshape,
  type Scope,
  type ScopeOptions,
  scope,
  slice,
  split,
  sqrt,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts'
import type { QwenVLConfig } from './config.ts'
import type { ContrastiveConfig } from './contrastiveConfig.ts'
import { dense, norm } from './layers.ts'
import { transformerScope } from './qwenVL.ts'
import { visionTransformer } from './visionTransformer.ts'

/** PyTorch's default, which OpenCLIP's text tower has. */
const TEXT_EPSILON = 1e-5

/** The logarithm of what cosines are multiplied by before the softmax: one over the temperature. */
export const LOGIT_SCALE = 'contrastive.logit_scale'

/** CLIP begins with a temperature of 0.07, and never goes below 0.01. */
export const FIRST_LOGIT_SCALE = Math.log(1 / 0.07)
export const LARGEST_LOGIT_SCALE = Math.log(100)

export const logitScale = (root: Scope): Tensor => root.at('contrastive').parameter('logit_scale', [])

/**
 * Pictures as unit vectors: the mean over the vision transformer's patches, LayerNorm, a linear projection.
 * pixels [pictures, 3, size, size], normalised → [pictures, dimension]
 */
export function imageFeatures(
  root: Scope,
  pixels: Tensor,
  { visual }: QwenVLConfig,
  { dimension }: ContrastiveConfig,
): Tensor {
  const patches = visionTransformer(transformerScope(root).at('visual'), pixels, visual) // [pictures, patches, width]
  const at = root.at('contrastive.image')
  const pooled = norm(at.at('ln_post'), mean(patches, { axes: [1] })) // [pictures, width]
  return unit(matmul(pooled, at.parameter('proj', [visual.width, dimension])))
}

/**
 * Texts as unit vectors: the state at each text's last token, which has seen all the others, projected.
 * tokens [texts, length] of int64, `length` at most the context, filled up behind the texts' ends with any token;
 * ends [texts] of int64: where each text's last token stands in the flattened batch → [texts, dimension]
 */
export function textFeatures(
  root: Scope,
  tokens: Tensor,
  ends: Tensor,
  { vocab_size: vocabulary }: Pick<QwenVLConfig, 'vocab_size'>,
  { width, layers, heads, context, dimension }: ContrastiveConfig,
): Tensor {
  const at = root.at('contrastive.text')
  const length = tokens.size(1)
  const first = (x: Tensor, axis: number) => slice(x, { axis, end: length })
  const embedded = gather(at.at('token_embedding').parameter('weight', [vocabulary, width]), tokens)
  let x = add(embedded, first(at.parameter('positional_embedding', [context, width]), 0)) // [texts, length, width]
  const mask = first(first(causalMask(context), 0), 1)
  for (let layer = 0; layer < layers; layer++) {
    const block = at.at('transformer.resblocks').at(layer)
    const before = x
    x = block.block(() => textBlock(block, before, mask, heads))
  }
  const last = textNorm(at.at('ln_final'), gather(flatten(x, 0, 1), ends)) // [texts, width]
  return unit(matmul(last, at.parameter('text_projection', [width, dimension])))
}

/** x + attention(norm x), then x + mlp(norm x). x [texts, length, width] */
function textBlock(at: Scope, x: Tensor, mask: Tensor, heads: number): Tensor {
  const width = x.size(-1) as number
  const attended = add(x, textAttention(at.at('attn'), textNorm(at.at('ln_1'), x), mask, heads))
  const inner = gelu(dense(at.at('mlp.c_fc'), textNorm(at.at('ln_2'), attended), 4 * width))
  return add(attended, dense(at.at('mlp.c_proj'), inner, width))
}

/** PyTorch's `MultiheadAttention`: queries, keys and values are packed one after the other. */
function textAttention(at: Scope, x: Tensor, mask: Tensor, heads: number): Tensor {
  const width = x.size(-1) as number
  const packed = linear(
    x,
    at.parameter('in_proj_weight', [3 * width, width]),
    at.parameter('in_proj_bias', [3 * width]),
  )
  const [queries, keys, values] = split(packed, 3).map(part =>
    reshape(part, [x.size(0), x.size(1), heads, width / heads]),
  ) as [Tensor, Tensor, Tensor] // [texts, length, heads, width / heads] each
  return dense(at.at('out_proj'), reshape(attention(queries, keys, values, { mask }), x.shape), width)
}

function textNorm(at: Scope, x: Tensor): Tensor {
  const width = x.size(-1) as number
  return layerNorm(x, at.parameter('weight', [width]), at.parameter('bias', [width]), TEXT_EPSILON)
}

/** Less than this counts as this, as PyTorch's `normalize` does, so that a zero vector stays one. */
const SMALLEST_SQUARE = 1e-24

/** Vectors of length 1 along the last axis. */
function unit(x: Tensor): Tensor {
  const squares = sum(mul(x, x), { axes: [-1], keepAxes: true })
  return div(x, sqrt(add(squares, SMALLEST_SQUARE)))
}

export interface Matching {
  /** Vectors of length 1, [queries, dimension]: pictures that look for their texts, or the other way round. */
  readonly queries: Tensor
  /** [candidates, dimension] */
  readonly candidates: Tensor
  /** Which candidate belongs to each query, [queries] of int64. */
  readonly targets: Tensor
  /** 1 where a candidate is as right as the query's own and is left out, else 0: float32 [queries, candidates]. */
  readonly same?: Tensor
}

export interface Matched {
  /** -log of the probability of the right candidate, [queries]. */
  readonly losses: Tensor
  /** How far the right candidate's logit is below the largest, [queries]: 0 where it is found. */
  readonly lags: Tensor
}

/**
 * One half of CLIP's loss: how surely each query finds its candidate among all,
 * -log softmax(e^logitScale · queries · candidatesᵀ)[target].
 */
export function match({ queries, candidates, targets, same }: Matching, scale: Tensor): Matched {
  const cosines = matmul(queries, candidates, { transposeB: true })
  const scaled = mul(cosines, exp(scale)) // [queries, candidates]
  const logits = same ? add(scaled, mul(same, MASKED)) : scaled
  const right = pick(logits, targets)
  return { losses: sub(logSumExp(logits), right), lags: sub(max(logits, { axes: [-1] }), right) }
}

/**
 * Every parameter of contrastive training by name, in the order of describing: the vision tower's, those under
 * `contrastive.` and the logit scale. Values are shapes.
 */
export function contrastiveShapes(
  config: QwenVLConfig,
  contrastive: ContrastiveConfig,
): Map<string, readonly number[]> {
  const root = describeContrastive(config, contrastive)
  return new Map([...root.parameters].map(([name, { shape }]) => [name, shape as readonly number[]]))
}

/** Describes both towers, with one picture size and any texts, in a scope of its own. */
export function describeContrastive(
  config: QwenVLConfig,
  contrastive: ContrastiveConfig,
  options: ScopeOptions = {},
): Scope {
  const root = scope('', options)
  const { image_size: side } = config.visual
  imageFeatures(root, input('pixels', 'float32', ['pairs', 3, side, side]), config, contrastive)
  const tokens = input('tokens', 'int64', ['pairs', 'length'])
  textFeatures(root, tokens, input('ends', 'int64', ['pairs']), config, contrastive)
  logitScale(root)
  return root
}
