/** A causal transformer in twenty lines: pre-norm blocks, learned positions, GELU. */
import {
  add,
  attention,
  causalMask,
  gather,
  gelu,
  layerNorm,
  linear,
  reshape,
  type Scope,
  split,
  type Tensor,
} from '../src/graph/index.ts'

export interface TransformerConfig {
  readonly vocabulary: number
  readonly length: number
  readonly width: number
  readonly heads: number
  readonly layers: number
}

/** Hidden states that predict the next token. tokens [batch, sequence] of int64 → [batch, sequence, width] */
export function transformer(
  at: Scope,
  tokens: Tensor,
  { vocabulary, length, width, heads, layers }: TransformerConfig,
): Tensor {
  const norm = (part: Scope, x: Tensor) =>
    layerNorm(x, part.parameter('weight', [width]), part.parameter('bias', [width]), 1e-5)
  const mask = causalMask(length)
  let x = add(
    gather(at.parameter('wte.weight', [vocabulary, width]), tokens),
    at.parameter('wpe.weight', [length, width]),
  )
  for (let layer = 0; layer < layers; layer++) {
    const block = at.at('h').at(layer)
    const projected = linear(norm(block.at('ln_1'), x), block.parameter('attn.qkv.weight', [3 * width, width]))
    const [q, k, v] = split(projected, 3).map(part => reshape(part, [...tokens.shape, heads, width / heads])) as [
      Tensor,
      Tensor,
      Tensor,
    ]
    const mixed = reshape(attention(q, k, v, { mask }), x.shape)
    x = add(x, linear(mixed, block.parameter('attn.out.weight', [width, width])))
    const wide = gelu(
      linear(
        norm(block.at('ln_2'), x),
        block.parameter('mlp.up.weight', [4 * width, width]),
        block.parameter('mlp.up.bias', [4 * width]),
      ),
    )
    x = add(
      x,
      linear(wide, block.parameter('mlp.down.weight', [width, 4 * width]), block.parameter('mlp.down.bias', [width])),
    )
  }
  return norm(at.at('ln_f'), x)
}
