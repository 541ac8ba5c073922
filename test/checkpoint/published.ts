/** The published Qwen-VL-Chat as a list of names and shapes, and its config: no file of it is needed for that. */

export interface Listed {
  readonly name: string
  readonly dtype: 'bfloat16' | 'float16' | 'int32'
  readonly shape: readonly number[]
}

export const publishedConfig = {
  architectures: ['QWenLMHeadModel'],
  model_type: 'qwen',
  vocab_size: 151936,
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  kv_channels: 128,
  intermediate_size: 22016,
  layer_norm_epsilon: 1e-6,
  seq_length: 2048,
  max_position_embeddings: 8192,
  rotary_emb_base: 10000,
  rotary_pct: 1.0,
  no_bias: true,
  tie_word_embeddings: false,
  use_dynamic_ntk: true,
  use_logn_attn: true,
  torch_dtype: 'bfloat16',
  visual: {
    heads: 16,
    image_size: 448,
    image_start_id: 151857,
    layers: 48,
    mlp_ratio: 4.9231,
    output_dim: 4096,
    patch_size: 14,
    width: 1664,
  },
}

const both = (name: string, weight: number[], bias: number[]): [string, number[]][] => [
  [`${name}.weight`, weight],
  [`${name}.bias`, bias],
]

const languageLayer: [string, number[]][] = [
  ['ln_1.weight', [4096]],
  ...both('attn.c_attn', [12288, 4096], [12288]),
  ['attn.c_proj.weight', [4096, 4096]],
  ['ln_2.weight', [4096]],
  ['mlp.w1.weight', [11008, 4096]],
  ['mlp.w2.weight', [11008, 4096]],
  ['mlp.c_proj.weight', [4096, 11008]],
]

const visionLayer: [string, number[]][] = [
  ...both('ln_1', [1664], [1664]),
  ...both('ln_2', [1664], [1664]),
  ...both('attn.in_proj', [4992, 1664], [4992]),
  ...both('attn.out_proj', [1664, 1664], [1664]),
  ...both('mlp.c_fc', [8192, 1664], [8192]),
  ...both('mlp.c_proj', [1664, 8192], [1664]),
]

const visionRest: [string, number[]][] = [
  ['conv1.weight', [1664, 3, 14, 14]],
  ['positional_embedding', [256, 1664]],
  ...both('ln_pre', [1664], [1664]),
  ['attn_pool.query', [256, 4096]],
  ['attn_pool.pos_embed', [256, 4096]],
  ['attn_pool.kv_proj.weight', [4096, 1664]],
  ['attn_pool.attn.in_proj_weight', [12288, 4096]],
  ['attn_pool.attn.in_proj_bias', [12288]],
  ...both('attn_pool.attn.out_proj', [4096, 4096], [4096]),
  ...both('attn_pool.ln_q', [4096], [4096]),
  ...both('attn_pool.ln_kv', [4096], [4096]),
  ...both('ln_post', [4096], [4096]),
  ['proj', [4096, 4096]],
]

const repeat = (count: number, prefix: string, layer: [string, number[]][]): [string, number[]][] =>
  Array.from({ length: count }, (_, i) =>
    layer.map(([name, shape]): [string, number[]] => [`${prefix}.${i}.${name}`, shape]),
  ).flat()

const languageRest: [string, number[]][] = [
  ['transformer.wte.weight', [151936, 4096]],
  ['transformer.ln_f.weight', [4096]],
  ['lm_head.weight', [151936, 4096]],
]

const vision: [string, number[]][] = [
  ...repeat(48, 'transformer.visual.transformer.resblocks', visionLayer),
  ...visionRest.map(([name, shape]): [string, number[]] => [`transformer.visual.${name}`, shape]),
]

/** All 853 tensors. */
export const publishedTensors: readonly Listed[] = [
  ...languageRest,
  ...repeat(32, 'transformer.h', languageLayer),
  ...vision,
].map(([name, shape]) => ({ name, dtype: 'bfloat16', shape }))

/** A linear layer as GPTQ stores it. */
function packed(name: string, out: number, width: number): Listed[] {
  return [
    { name: `${name}.qweight`, dtype: 'int32', shape: [width / 8, out] },
    { name: `${name}.qzeros`, dtype: 'int32', shape: [width / 128, out / 8] },
    { name: `${name}.scales`, dtype: 'float16', shape: [width / 128, out] },
    { name: `${name}.g_idx`, dtype: 'int32', shape: [width] },
    { name: `${name}.bias`, dtype: 'float16', shape: [out] },
  ]
}

/** All 1461 tensors of Qwen-VL-Chat-Int4. */
export const publishedInt4: readonly Listed[] = publishedTensors.flatMap((tensor): Listed[] => {
  const { name, shape } = tensor
  if (/^transformer\.h\..*(attn|mlp)\..*\.weight$/.test(name))
    return packed(name.replace(/\.weight$/, ''), shape[0]!, shape[1]!)
  if (/^transformer\.h\..*\.bias$/.test(name)) return [] // packed() has it
  return [{ ...tensor, dtype: 'float16' }]
})
