/**
 * The vision transformer (OpenCLIP bigG's layout): a picture in patches, learned positions on a grid that is fitted to
 * the picture's, and pre-norm blocks with full attention and exact GELU. No class token, and no norm after the last
 * block. Source: `visual.py` of the published model.
 */
import {
  add,
  attention,
  flatten,
  gelu,
  patchEmbedding,
  reshape,
  resizeBicubic,
  type Scope,
  split,
  type Tensor,
} from '../graph/index.ts'
import { type VisionConfig, visionMlpWidth } from './config.ts'
import { dense, norm } from './layers.ts'
import { type Observe, unobserved } from './observe.ts'

/** The learned positions form a 16 × 16 grid in every configuration. */
const GRID = 16

/**
 * pixels [pictures, 3, size, size], normalised; `size` any multiple of the patch size → [pictures, patches, width],
 * patches row by row.
 */
export function visionTransformer(
  at: Scope,
  pixels: Tensor,
  config: VisionConfig,
  observe: Observe = unobserved,
): Tensor {
  const { width, patch_size: patch, layers } = config
  const patches = patchEmbedding(pixels, at.at('conv1').parameter('weight', [width, 3, patch, patch]))
  observe('vis.patch_embed', patches)
  const grid = at.parameter('positional_embedding', [GRID * GRID, width])
  const positioned = add(patches, fitGrid(grid, GRID, (pixels.size(-1) as number) / patch))
  observe('vis.patch_embed_pos', positioned)
  let x = norm(at.at('ln_pre'), positioned)
  observe('vis.ln_pre', x)
  for (let layer = 0; layer < layers; layer++) {
    const block = at.at('transformer.resblocks').at(layer)
    const before = x
    x = block.block(() => visionBlock(block, before, config))
    observe(`vis.block.${layer}`, x)
  }
  return x
}

/** Positions of a square grid, fitted to another number of patches a side. [from², width] → [to², width] */
export function fitGrid(positions: Tensor, from: number, to: number): Tensor {
  const square = reshape(positions, [from, from, positions.size(-1)])
  return flatten(resizeBicubic(square, { rows: to, columns: to }), 0, 1)
}

/** x + attention(norm x), then x + mlp(norm x). x [pictures, patches, width] */
export function visionBlock(at: Scope, x: Tensor, config: VisionConfig): Tensor {
  const attended = add(x, visionAttention(at.at('attn'), norm(at.at('ln_1'), x), config))
  const inner = gelu(dense(at.at('mlp.c_fc'), norm(at.at('ln_2'), attended), visionMlpWidth(config)))
  return add(attended, dense(at.at('mlp.c_proj'), inner, config.width))
}

function visionAttention(at: Scope, x: Tensor, { width, heads }: VisionConfig): Tensor {
  const perHead = width / heads
  const packed = dense(at.at('in_proj'), x, 3 * width)
  // Queries, keys and values are packed head by head, not one after the other.
  const byHead = reshape(packed, [x.size(0), x.size(1), heads, 3 * perHead]) // [pictures, patches, heads, 3·perHead]
  const [queries, keys, values] = split(byHead, 3) as [Tensor, Tensor, Tensor]
  const mixed = attention(queries, keys, values) // [pictures, patches, heads, perHead]
  return dense(at.at('out_proj'), reshape(mixed, x.shape), width)
}
