/**
 * A model of the published layout at reduced sizes, with random weights: all 853 tensors, a vocabulary of single bytes,
 * and the files beside them. It answers nonsense, but it answers.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gptqConfigOf, lazyGptqTensors } from '../src/checkpoint/gptqWrite.ts'
import type { StoredType } from '../src/checkpoint/storedType.ts'
import { convertTensor, tensorFromMemory } from '../src/checkpoint/tensor.ts'
import { writeCheckpoint } from '../src/checkpoint/write.ts'
import { seededRandom } from '../src/generate/sampling.ts'
import { languageLayers, parameterShapes, parseConfig } from '../src/model/index.ts'
import { publishedSpecialTokens } from '../src/text/specialTokens.ts'

/** As published but for the sizes; 256 bytes, then the special tokens, then rows that no token has. */
export const tinyConfig = {
  architectures: ['QWenLMHeadModel'],
  model_type: 'qwen',
  vocab_size: 480,
  hidden_size: 128,
  num_hidden_layers: 32,
  num_attention_heads: 4,
  kv_channels: 32,
  intermediate_size: 64,
  layer_norm_epsilon: 1e-6,
  seq_length: 256,
  max_position_embeddings: 1024,
  rotary_emb_base: 10000,
  rotary_pct: 1.0,
  no_bias: true,
  tie_word_embeddings: false,
  use_dynamic_ntk: true,
  use_logn_attn: true,
  visual: {
    image_size: 56,
    patch_size: 14,
    width: 32,
    layers: 48,
    heads: 4,
    mlp_ratio: 2,
    output_dim: 128,
    n_queries: 16,
    image_start_id: 470,
  },
} as const

export interface TinyModelOptions {
  readonly chatFormat?: 'chatml' | 'raw'
  readonly dtype?: StoredType & ('float32' | 'float16' | 'bfloat16')
  /** Several files with an index, instead of one. */
  readonly maxFileBytes?: number
  readonly seed?: number
  /** Layers of the language model and of the vision transformer (default: as published). Few load fast. */
  readonly layers?: number
}

/** The configuration of a tiny model. */
export const tinyConfigOf = ({ layers }: Pick<TinyModelOptions, 'layers'> = {}) => ({
  ...tinyConfig,
  num_hidden_layers: layers ?? tinyConfig.num_hidden_layers,
  visual: { ...tinyConfig.visual, layers: layers ?? tinyConfig.visual.layers },
})

/** Every tensor of the tiny model, by name. */
export function tinyTensors(
  options: TinyModelOptions = {},
): { name: string; shape: readonly number[]; values: Float32Array }[] {
  const random = seededRandom(options.seed ?? 1)
  return [...parameterShapes(parseConfig(tinyConfigOf(options)))].map(([name, shape]) => {
    const count = shape.reduce((product, size) => product * size, 1)
    const isNorm = /ln_\w+\.weight$/.test(name)
    const scale = shape.length > 1 ? 1.5 / Math.sqrt(shape.at(-1) as number) : 0.1
    const values = Float32Array.from({ length: count }, () => (isNorm ? 1 : (random() * 2 - 1) * scale))
    return { name, shape, values }
  })
}

/** Writes everything but the tensors: configuration and vocabulary. */
export async function writeTinyCompanions(
  folder: string,
  { chatFormat = 'chatml', ...size }: TinyModelOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const ranks = Array.from({ length: 256 }, (_, byte) => `${Buffer.of(byte).toString('base64')} ${byte}`)
  await writeFile(join(folder, 'qwen.tiktoken'), `${ranks.join('\n')}\n`)
  await writeFile(join(folder, 'config.json'), JSON.stringify(tinyConfigOf(size)))
  const generation = {
    chat_format: chatFormat,
    do_sample: false,
    max_new_tokens: 24,
    eos_token_id: 256,
    max_window_size: 512,
  }
  await writeFile(join(folder, 'generation_config.json'), JSON.stringify(generation))
}

export async function writeTinyModel(folder: string, options: TinyModelOptions = {}): Promise<string> {
  const { dtype = 'float32', maxFileBytes } = options
  await writeTinyCompanions(folder, options)
  const tensors = tinyTensors(options).map(({ name, shape, values }) =>
    convertTensor(tensorFromMemory(name, 'float32', shape, values), dtype),
  )
  await writeCheckpoint(folder, tensors, maxFileBytes === undefined ? {} : { maxFileBytes })
  return folder
}

/** Inputs that share a scale in a tiny model of integers: its narrowest layer has 32. */
export const TINY_GROUP = 32

/**
 * Writes the tiny model in the layout of the published Int4 checkpoint: the five linear layers of each language model
 * block as GPTQ tensors, each with a bias, the rest as float16.
 */
export async function writeTinyInt4Model(folder: string, options: TinyModelOptions = {}): Promise<string> {
  await writeTinyCompanions(folder, options)
  const file = join(folder, 'config.json')
  const quantised = { ...tinyConfigOf(options), quantization_config: gptqConfigOf(TINY_GROUP) }
  await writeFile(file, JSON.stringify(quantised))
  const all = tinyTensors(options)
  const layers = [...languageLayers(parseConfig(tinyConfigOf(options)))]
  const integers = layers.flatMap(([name, size]) => {
    const floats = async () => all.find(tensor => tensor.name === `${name}.weight`)!.values
    const bias = all.find(tensor => tensor.name === `${name}.bias`)?.values
    return lazyGptqTensors({ name, ...size, groupSize: TINY_GROUP, floats, ...(bias && { bias }) })
  })
  const isInteger = new Set(layers.flatMap(([name]) => [`${name}.weight`, `${name}.bias`]))
  const floats = all
    .filter(({ name }) => !isInteger.has(name))
    .map(({ name, shape, values }) => convertTensor(tensorFromMemory(name, 'float32', shape, values), 'float16'))
  await writeCheckpoint(folder, [...floats, ...integers])
  return folder
}

/** A word of a script: one character, or a special token of the vocabulary. */
const scriptWord = /<\|im_end\|>|<\/?(?:ref|box|quad)>|./gsu

/**
 * Writes a tiny model that says a script, whatever it is asked in a conversation: every token leads to the one that
 * follows it in the script, and the line break at the end of a prompt to the first. No character may come twice.
 */
export async function writeScriptedModel(folder: string, script: string): Promise<string> {
  const specials = publishedSpecialTokens(256)
  const words = [...`\n${script}<|im_end|>`.match(scriptWord)!]
  const ids = words.map(word => (word.length === 1 ? word.charCodeAt(0) : specials[word]!))
  if (new Set(ids).size !== ids.length) throw new Error('a script has every character once')
  const { hidden_size: width } = tinyConfig
  return writePlainModel(folder, ({ embeddings, scores }) => {
    const rows = ids.slice(1).map((id, i) => [id, ids[i]!] as const)
    for (const [id, before] of rows) scores.set(embeddings.subarray(before * width, (before + 1) * width), id * width)
  })
}

/** Writes a tiny model that says small letters for ever when it draws at random, whatever it is asked. */
export function writeBabblingModel(folder: string): Promise<string> {
  const { hidden_size: width } = tinyConfig
  return writePlainModel(folder, ({ embeddings, scores }) => {
    embeddings.fill(1)
    scores.fill(0.5, 'a'.charCodeAt(0) * width, ('z'.charCodeAt(0) + 1) * width)
  })
}

/** A model of one layer that adds nothing to an embedding on its way, so that what follows depends on the last token. */
async function writePlainModel(
  folder: string,
  edit: (tables: { embeddings: Float32Array; scores: Float32Array }) => void,
): Promise<string> {
  await writeTinyCompanions(folder, { layers: 1 })
  const tensors = tinyTensors({ layers: 1 })
  const values = (wanted: string) => tensors.find(({ name }) => name === wanted)!.values
  for (const { name, values } of tensors) if (/\.h\.\d+\..*c_proj\.weight$/.test(name)) values.fill(0)
  const scores = values('lm_head.weight').fill(0)
  edit({ embeddings: values('transformer.wte.weight'), scores })
  await writeCheckpoint(
    folder,
    tensors.map(({ name, shape, values }) => tensorFromMemory(name, 'float32', shape, values)),
  )
  return folder
}
