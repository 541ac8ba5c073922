/**
 * A causal transformer in twenty lines: pre-norm blocks, learned positions, GELU. It only describes: nothing here knows
 * whether it will be trained or asked, on which device, or where its parameters lie.
 */
import * as graph from '../src/graph/index.ts'

export interface TransformerConfig {
  readonly vocabulary: number
  /** Tokens in a sequence. */
  readonly length: number
  readonly width: number
  readonly heads: number
  readonly layers: number
}

/** Hidden states that predict the next token. tokens [batch, length] of int64 → [batch, length, width] */
export function transformer(at: graph.Scope, tokens: graph.Tensor, config: TransformerConfig): graph.Tensor {
  const { add, attention, gather, gelu, layerNorm, linear, reshape, split } = graph
  const { vocabulary, length, width, heads, layers } = config
  const norm = (part: graph.Scope, x: graph.Tensor) =>
    layerNorm(x, part.parameter('weight', [width]), part.parameter('bias', [width]), 1e-5)
  const dense = (part: graph.Scope, x: graph.Tensor, from: number, to: number, bias?: 'bias') =>
    linear(x, part.parameter('weight', [to, from]), bias && part.parameter(bias, [to]))

  const mask = graph.causalMask(length)
  let x = add(gather(at.parameter('wte', [vocabulary, width]), tokens), at.parameter('wpe', [length, width]))
  for (let layer = 0; layer < layers; layer++) {
    const h = at.at('h').at(layer)
    const [q, k, v] = split(dense(h.at('attn.qkv'), norm(h.at('ln_1'), x), width, 3 * width), 3).map(part =>
      reshape(part, [...tokens.shape, heads, width / heads]),
    ) as [graph.Tensor, graph.Tensor, graph.Tensor] // [batch, length, heads, width / heads] each
    x = add(x, dense(h.at('attn.out'), reshape(attention(q, k, v, { mask }), x.shape), width, width))
    const wide = gelu(dense(h.at('mlp.up'), norm(h.at('ln_2'), x), width, 4 * width, 'bias')) // [batch, length, 4·width]
    x = add(x, dense(h.at('mlp.down'), wide, 4 * width, width, 'bias'))
  }
  return norm(at.at('ln_f'), x)
}
