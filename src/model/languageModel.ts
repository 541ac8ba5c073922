/**
 * The language model (Qwen-7B's architecture): RMSNorm before attention and MLP, rotary positions, a gated MLP whose gate
 * is `w2`, and output embeddings of its own. Positions, masks and kept keys come from the caller, who knows how long the
 * text is. Source: `modeling_qwen.py` of the published model.
 */
import {
  add,
  attention,
  flatten,
  gather,
  linear,
  mul,
  reshape,
  rmsNorm,
  rotary,
  type Scope,
  scatterRows,
  silu,
  split,
  type Tensor,
  transpose,
} from '../graph/index.ts'
import type { QwenVLConfig } from './config.ts'
import { dense } from './layers.ts'
import { type Observe, unobserved } from './observe.ts'

/** What the language model must be told besides the embeddings. */
export interface Surroundings {
  /** Cosines and sines of the rotary angles, [sequence, rotary / 2] or [batch, sequence, rotary / 2]. */
  readonly cosines: Tensor
  readonly sines: Tensor
  /** What logn attention multiplies queries by, [sequence] or [batch, sequence]; 1 everywhere unless given. */
  readonly queryScale?: Tensor
  /** Added to the scores: 0 for a key that may be seen. Broadcasts to [batch, heads, sequence, past + sequence]. */
  readonly mask: Tensor
  /** For each layer, keys and values of earlier calls: [batch, heads, past, kv_channels], keys turned already. */
  readonly past?: readonly KeysAndValues[]
  /** Positions in the flattened batch, row · sequence + position, whose hidden states are wanted; all unless given. */
  readonly wanted?: Tensor
}

export interface KeysAndValues {
  readonly keys: Tensor
  readonly values: Tensor
}

export interface Decoded {
  /** After the last norm, [batch, sequence, hidden], or [wanted, hidden]. */
  readonly hidden: Tensor
  /** For each layer, what this call adds to the cache: [batch, heads, sequence, kv_channels], keys turned. */
  readonly fresh: readonly KeysAndValues[]
}

/** Token embeddings. tokens [batch, sequence] → [batch, sequence, hidden] */
export function embed(at: Scope, tokens: Tensor, { vocab_size, hidden_size }: QwenVLConfig): Tensor {
  return gather(at.at('wte').parameter('weight', [vocab_size, hidden_size]), tokens)
}

/**
 * Puts picture features where the text has slots for them.
 * x [batch, sequence, hidden], features [pictures, queries, hidden], slots [queries·pictures]: positions in the flattened
 * batch, row · sequence + position.
 */
export function placePictures(x: Tensor, features: Tensor, slots: Tensor): Tensor {
  return reshape(scatterRows(flatten(x, 0, 1), slots, flatten(features, 0, 1)), x.shape)
}

/**
 * The transformer's blocks and last norm. x [batch, sequence, hidden]
 *
 * With `around.wanted`, what follows the last block's attention is done for these positions only, and `hidden` is
 * [wanted, hidden]: behind it no position reads another.
 */
export function decode(
  at: Scope,
  x: Tensor,
  around: Surroundings,
  config: QwenVLConfig,
  observe: Observe = unobserved,
): Decoded {
  const fresh: KeysAndValues[] = []
  let hidden = x
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const block = at.at('h').at(layer)
    const before = hidden
    const isLast = layer === config.num_hidden_layers - 1
    const wanted = (x: Tensor) => (around.wanted && isLast ? gather(flatten(x, 0, 1), around.wanted) : x)
    const { attended, after } = block.block(() => {
      const normed = rms(block.at('ln_1'), before, config)
      const attended = selfAttention(block.at('attn'), normed, around, layer, wanted, config)
      const between = add(wanted(before), attended.mixed)
      return { attended, after: add(between, mlp(block.at('mlp'), rms(block.at('ln_2'), between, config), config)) }
    })
    fresh.push(attended)
    hidden = after
    observe(`lm.layer.${layer}`, hidden)
  }
  const last = rms(at.at('ln_f'), hidden, config)
  observe('lm.ln_f', last)
  return { hidden: last, fresh }
}

/** Scores of every token of the vocabulary. hidden [..., hidden] → [..., vocabulary] */
export function logits(at: Scope, hidden: Tensor, config: QwenVLConfig): Tensor {
  return linear(hidden, outputEmbedding(at, config))
}

/** The weight of the output layer, [vocabulary, hidden]: training multiplies by it a slice at a time. */
export function outputEmbedding(at: Scope, { vocab_size, hidden_size }: QwenVLConfig): Tensor {
  return at.at('lm_head').parameter('weight', [vocab_size, hidden_size])
}

function rms(at: Scope, x: Tensor, { hidden_size, layer_norm_epsilon }: QwenVLConfig): Tensor {
  return rmsNorm(x, at.parameter('weight', [hidden_size]), layer_norm_epsilon)
}

function selfAttention(
  at: Scope,
  x: Tensor,
  { cosines, sines, queryScale, mask, past }: Surroundings,
  layer: number,
  wanted: (x: Tensor) => Tensor,
  { hidden_size, num_attention_heads: heads, kv_channels: channels }: QwenVLConfig,
): KeysAndValues & { mixed: Tensor } {
  const [q, k, v] = split(dense(at.at('c_attn'), x, 3 * hidden_size), 3).map(part =>
    reshape(part, [x.size(0), x.size(1), heads, channels]),
  ) as [Tensor, Tensor, Tensor] // [batch, sequence, heads, channels] each
  const keys = rotary(k, cosines, sines)
  const turned = rotary(q, cosines, sines)
  const queries = queryScale ? mul(turned, reshape(queryScale, [...queryScale.shape, 1, 1])) : turned
  const kept = past?.[layer]
  const mixed = attention(queries, keys, v, kept ? { mask, past: kept } : { mask })
  return {
    mixed: dense(at.at('c_proj'), wanted(reshape(mixed, x.shape)), hidden_size, { bias: false }),
    keys: transpose(keys, [0, 2, 1, 3]),
    values: transpose(v, [0, 2, 1, 3]),
  }
}

/** c_proj(w1 x · silu(w2 x)): the gate is w2. */
function mlp(at: Scope, x: Tensor, { hidden_size, intermediate_size }: QwenVLConfig): Tensor {
  const width = intermediate_size / 2
  const value = dense(at.at('w1'), x, width, { bias: false })
  const gate = silu(dense(at.at('w2'), x, width, { bias: false }))
  return dense(at.at('c_proj'), mul(value, gate), hidden_size, { bias: false })
}
