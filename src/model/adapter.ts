/**
 * The position-aware adapter ("resampler" in the original): learned queries read the patches by one cross-attention,
 * with positions on queries and keys, and a picture of any number of patches becomes a fixed number of embeddings.
 * No residual, no MLP. Source: `visual.py`, class `Resampler`.
 */
import { add, attention, expand, linear, matmul, reshape, type Scope, split, type Tensor } from '../graph/index.ts'
import type { VisionConfig } from './config.ts'
import { dense, norm } from './layers.ts'
import { type Observe, unobserved } from './observe.ts'
import { fitGrid } from './visionTransformer.ts'

/** Every adapter head has this width. */
const HEAD_WIDTH = 128

/** patches [pictures, patches, width] → [pictures, queries, output_dim], ready to stand among token embeddings. */
export function adapter(at: Scope, patches: Tensor, config: VisionConfig, observe: Observe = unobserved): Tensor {
  const { output_dim: width } = config
  const pooled = crossAttention(at.at('attn_pool'), patches, config, observe)
  observe('vis.resampler', pooled)
  const normed = norm(at.at('ln_post'), pooled)
  observe('vis.ln_post', normed)
  const features = matmul(normed, at.parameter('proj', [width, width])) // x · proj, not its transpose
  observe('vis.out', features)
  return features
}

function crossAttention(at: Scope, patches: Tensor, config: VisionConfig, observe: Observe): Tensor {
  const { output_dim: width, n_queries: count } = config
  const side = Math.sqrt(count)
  const positions = at.parameter('pos_embed', [count, width])
  const projected = config.width === width ? patches : dense(at.at('kv_proj'), patches, width, { bias: false })
  const seen = norm(at.at('ln_kv'), projected)
  const seenPositions = fitGrid(positions, side, Math.sqrt(patches.size(1) as number))
  const asking = add(norm(at.at('ln_q'), at.parameter('query', [count, width])), positions)
  observe('vis.resampler_kv', seen)
  observe('vis.resampler_pos_k', seenPositions)
  observe('vis.resampler_q', asking)
  return multiHeadAttention(at.at('attn'), asking, add(seen, seenPositions), seen)
}

/**
 * PyTorch's `MultiheadAttention`: one packed projection for queries, keys and values.
 * queries [queries, width] are the same for every picture; keys and values [pictures, patches, width]
 */
function multiHeadAttention(at: Scope, queries: Tensor, keys: Tensor, values: Tensor): Tensor {
  const width = queries.size(-1) as number
  const heads = width / HEAD_WIDTH
  const weights = split(at.parameter('in_proj_weight', [3 * width, width]), 3, 0)
  const biases = split(at.parameter('in_proj_bias', [3 * width]), 3, 0)
  const project = (x: Tensor, part: number) => linear(x, weights[part] as Tensor, biases[part])
  const toHeads = (x: Tensor) => reshape(x, [...x.shape.slice(0, -1), heads, HEAD_WIDTH])
  const [pictures, count] = [keys.size(0), queries.size(0)]
  const query = toHeads(project(queries, 0)) // [queries, heads, 128]
  const asked = expand(query, [pictures, ...query.shape]) // [pictures, queries, heads, 128]
  const mixed = attention(asked, toHeads(project(keys, 1)), toHeads(project(values, 2)))
  return dense(at.at('out_proj'), reshape(mixed, [pictures, count, width]), width)
}
