/**
 * What contrastive training begins with, and what it leaves behind: first values from a seed, and the folder that holds
 * a vision tower for Qwen-VL and a scorer in one. Knows nothing of steps.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { replaceFile } from '../../checkpoint/replaceFile.ts'
import type { FloatType } from '../../checkpoint/storedType.ts'
import { convertTensor, tensorFromMemory } from '../../checkpoint/tensor.ts'
import { writeCheckpoint } from '../../checkpoint/write.ts'
import { seededRandom } from '../../generate/sampling.ts'
import {
  type ContrastiveConfig,
  contrastiveShapes,
  FIRST_LOGIT_SCALE,
  LARGEST_LOGIT_SCALE,
  LOGIT_SCALE,
  parseConfig,
  parseContrastive,
  type QwenVLConfig,
} from '../../model/index.ts'
import { gaussian, initialValues } from '../run/initialise.ts'

/**
 * A parameter's first values, row-major: the text tower and the projections as OpenCLIP draws them, by width and depth;
 * the vision tower as Qwen-VL's. Biases are zeros. What a parameter gets depends on its name and the seed only.
 */
export function initialContrastive(
  name: string,
  shape: readonly number[],
  config: QwenVLConfig,
  contrastive: ContrastiveConfig,
  seed: number,
): Float32Array<ArrayBuffer> {
  if (!name.startsWith('contrastive.')) return initialValues(name, shape, config, seed)
  const count = shape.reduce((product, size) => product * size, 1)
  if (name === LOGIT_SCALE) return Float32Array.of(FIRST_LOGIT_SCALE)
  if (/\.ln_\w+\.weight$/.test(name)) return new Float32Array(count).fill(1)
  if (/bias$/.test(name)) return new Float32Array(count)
  const deviation = spread(name, config, contrastive)
  const digest = createHash('sha256').update(`${seed}:${name}`).digest()
  const draw = gaussian(seededRandom(digest.readUInt32LE(0)))
  return Float32Array.from({ length: count }, () => deviation * draw())
}

/** Source: `init_parameters` of `TextTransformer` and the constructor of `VisionTransformer`, `transformer.py` of OpenCLIP. */
function spread(name: string, { visual }: QwenVLConfig, { width, layers }: ContrastiveConfig): number {
  if (name.endsWith('token_embedding.weight')) return 0.02
  if (name.endsWith('positional_embedding')) return 0.01
  if (name.endsWith('image.proj')) return visual.width ** -0.5
  if (name.endsWith('mlp.c_fc.weight')) return (2 * width) ** -0.5
  // What writes into the residual stream is smaller, the more there are who do.
  if (/(out_proj|c_proj)\.weight$/.test(name)) return width ** -0.5 * (2 * layers) ** -0.5
  return width ** -0.5 // attn.in_proj_weight and text_projection
}

export interface ContrastiveModel {
  /** The published `config.json` that the model is trained for. */
  readonly json: Readonly<Record<string, unknown>>
  readonly contrastive: ContrastiveConfig
  /** The contents of `qwen.tiktoken`. */
  readonly vocabulary: Uint8Array
  /** Every parameter's values by name. */
  readonly values: (name: string) => Float32Array
}

export interface SaveContrastiveOptions {
  /** What the values are stored as (default float32). */
  readonly saved?: FloatType
  readonly signal?: AbortSignal
}

/** `config.json` of a model of contrastive training: the published one, and the sizes of the text tower. */
export const contrastiveJson = ({ json, contrastive }: Pick<ContrastiveModel, 'json' | 'contrastive'>): string =>
  `${JSON.stringify({ ...json, contrastive }, undefined, 2)}\n`

/**
 * Writes a model of contrastive training: `config.json`, `qwen.tiktoken`, and the tensors of the vision tower and of
 * `contrastive.`. Each file is there whole or not at all. Throws what `writeCheckpoint` throws, and a ConfigError for a
 * configuration that could not be read back.
 */
export async function saveContrastive(
  folder: string,
  model: ContrastiveModel,
  { saved = 'float32', signal }: SaveContrastiveOptions = {},
): Promise<void> {
  const text = contrastiveJson(model)
  const shapes = contrastiveShapes(parseConfig(model.json), parseContrastive(JSON.parse(text)))
  const tensors = [...shapes].map(([name, shape]) =>
    convertTensor(tensorFromMemory(name, 'float32', shape, bounded(name, model.values(name))), saved),
  )
  await writeCheckpoint(folder, tensors, signal ? { signal } : {})
  await replaceFile(join(folder, 'qwen.tiktoken'), model.vocabulary)
  await replaceFile(join(folder, 'config.json'), text)
}

/** The logit scale may stand above its bound between a step and the next. */
const bounded = (name: string, values: Float32Array): Float32Array =>
  name === LOGIT_SCALE ? values.map(value => Math.min(value, LARGEST_LOGIT_SCALE)) : values
