/**
 * The published `config.json`, checked: everything that varies between Qwen-VL models is read from it, and whatever
 * would need other code than ours is refused by name.
 */
import { z } from 'zod'

const size = z.int().positive()

const visionSchema = z.object({
  image_size: size,
  patch_size: size,
  width: size,
  layers: size,
  heads: size,
  mlp_ratio: z.number().positive(),
  output_dim: size,
  image_start_id: z.int().nonnegative(),
  n_queries: size.default(256),
})

/** The fields that say what is computed. Others (training flags, versions) are left alone. */
const configSchema = z.object({
  architectures: z.array(z.string()).default(['QWenLMHeadModel']),
  model_type: z.literal('qwen'),
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  kv_channels: size,
  /** Width of w1 and w2 together: each has half of it. */
  intermediate_size: size,
  layer_norm_epsilon: z.number().positive().default(1e-6),
  seq_length: size.default(2048),
  max_position_embeddings: size.default(8192),
  rotary_emb_base: z.number().positive().default(10000),
  rotary_pct: z.number().positive().max(1).default(1),
  no_bias: z.literal(true, { error: 'only models without biases in their linear layers (no_bias: true) are known' }),
  tie_word_embeddings: z
    .literal(false, { error: 'models that share input and output embeddings are not known' })
    .default(false),
  use_dynamic_ntk: z.boolean().default(true),
  use_logn_attn: z.boolean().default(true),
  visual: visionSchema,
})

export type VisionConfig = Readonly<z.infer<typeof visionSchema>>
export type QwenVLConfig = Readonly<Omit<z.infer<typeof configSchema>, 'visual'>> & { readonly visual: VisionConfig }

/** What is wrong with a configuration: every fault, by field. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Checks a parsed `config.json`. Throws a ConfigError that lists every field that is missing, has another form, or asks
 * for a model that this code does not describe. `source` is what the error calls it.
 */
export function parseConfig(json: unknown, source = 'config.json'): QwenVLConfig {
  const family = (json as { model_type?: unknown } | null)?.model_type
  if (family !== 'qwen') {
    throw new ConfigError(`${source}: model_type is ${JSON.stringify(family)}, not "qwen": this is not a Qwen-VL model`)
  }
  const result = configSchema.safeParse(json)
  if (!result.success) {
    const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`)
    throw new ConfigError(`${source}: ${faults.join('; ')}`)
  }
  const faults = contradictions(result.data)
  if (faults.length > 0) throw new ConfigError(`${source}: ${faults.join('; ')}`)
  return result.data
}

function contradictions(config: QwenVLConfig): string[] {
  const { visual, hidden_size: hidden, num_attention_heads: heads, kv_channels: channels } = config
  const queries = Math.sqrt(visual.n_queries)
  const rules: readonly [boolean, string][] = [
    [
      heads * channels === hidden,
      `num_attention_heads · kv_channels = ${heads * channels} must be hidden_size = ${hidden}`,
    ],
    [
      config.intermediate_size % 2 === 0,
      `intermediate_size ${config.intermediate_size} must be even: w1 and w2 share it`,
    ],
    [rotaryWidth(config) % 2 === 0, `rotary_pct ${config.rotary_pct} of kv_channels ${channels} is not an even width`],
    [visual.output_dim === hidden, `visual.output_dim ${visual.output_dim} must be hidden_size ${hidden}`],
    [
      visual.output_dim % 128 === 0,
      `visual.output_dim ${visual.output_dim} must be a multiple of 128, the width of an adapter head`,
    ],
    [
      visual.width % visual.heads === 0,
      `visual.width ${visual.width} must be a multiple of visual.heads ${visual.heads}`,
    ],
    [
      visual.image_size % visual.patch_size === 0,
      `visual.image_size ${visual.image_size} must be a multiple of visual.patch_size ${visual.patch_size}`,
    ],
    [
      Number.isInteger(queries),
      `visual.n_queries ${visual.n_queries} must be a square number: the queries form a grid`,
    ],
    [
      visual.image_start_id + 2 < config.vocab_size,
      `visual.image_start_id ${visual.image_start_id} leaves no room for </img> and <imgpad> in vocab_size ${config.vocab_size}`,
    ],
  ]
  return rules.flatMap(([holds, fault]) => (holds ? [] : [fault]))
}

/** How many channels of each head are turned by position. */
export function rotaryWidth({ kv_channels, rotary_pct }: QwenVLConfig): number {
  return rotary_pct === 1 ? kv_channels : Math.trunc(kv_channels * rotary_pct)
}

/** Inner width of the vision transformer's MLP: truncated, as the original does (1664 · 4.9231 → 8192). */
export const visionMlpWidth = ({ width, mlp_ratio }: VisionConfig): number => Math.trunc(width * mlp_ratio)

/** Ids of `<img>`, `</img>` and `<imgpad>`. */
export function pictureTokens({ visual }: QwenVLConfig): { start: number; end: number; pad: number } {
  const start = visual.image_start_id
  return { start, end: start + 1, pad: start + 2 }
}
