/** From a model's name to a network that runs: checkpoint, configuration, tokenizer, engine. */
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { expectTensors } from '../checkpoint/expect.ts'
import { openCheckpoint } from '../checkpoint/folder.ts'
import { resolveModel } from '../checkpoint/hub/cache.ts'
import { tensorSource } from '../checkpoint/tensor.ts'
import { parameterShapes, parseConfig, type QwenVLConfig } from '../model/index.ts'
import { openRuntime, type Runtime, type RuntimeOptions } from '../runtime/node.ts'
import { openTokenizer, specialTokensByName, type Tokenizer } from '../text/node.ts'
import { type GenerationDefaults, parseGenerationConfig } from './generationConfig.ts'
import { Network, type WeightLoader } from './network.ts'

export interface LoadOptions extends Omit<RuntimeOptions, 'checkNumerics'> {
  /** Where pulled models are (default: the standard cache of Hugging Face's tools). */
  readonly cache?: string
}

/**
 * Before Node 22 a worker's engine cannot read shared memory in place, and the whole key/value cache would be copied for
 * every token. There the engine computes in the caller's thread, between two turns of its event loop.
 */
const defaultThread = Number(process.versions.node.split('.')[0]) < 22 ? 'caller' : 'worker'

export interface LoadedModel {
  /** The folder that it came from. */
  readonly origin: string
  readonly config: QwenVLConfig
  readonly defaults: GenerationDefaults
  readonly runtime: Runtime
  readonly network: Network
  readonly tokenizer: Tokenizer
  dispose(): Promise<void>
}

/** A model's files, opened and checked, with nothing running yet. */
export interface OpenedModel {
  /** Its folder. */
  readonly path: string
  readonly checkpoint: Checkpoint
  readonly config: QwenVLConfig
  readonly defaults: GenerationDefaults
  /** Reads what a graph asks for, as float32; parts of files are mapped where they are float32 already. */
  readonly load: WeightLoader
}

/**
 * Opens a model by folder or by name in the cache, and holds its tensors against its configuration: everything missing,
 * left over or of another shape is in one error. The caller disposes of the checkpoint.
 */
export async function openModel(reference: string, { cache }: Pick<LoadOptions, 'cache'> = {}): Promise<OpenedModel> {
  const resolved = await resolveModel(reference, cache === undefined ? {} : { cache })
  const checkpoint = await openCheckpoint(resolved.path)
  try {
    // A file of tensors may be named, too: what else a model needs lies beside it.
    const isFolder = (await stat(resolved.path)).isDirectory()
    const path = isFolder ? resolved.path : dirname(resolved.path)
    if (!checkpoint.config) throw new TypeError(`${path} has no config.json: it is not a whole model`)
    const config = parseConfig(checkpoint.config, join(path, 'config.json'))
    expectTensors(
      checkpoint,
      [...parameterShapes(config)].map(([name, shape]) => ({ name, shape })),
      { allowExtra: allowedExtra },
    )
    const defaults = parseGenerationConfig(checkpoint.generationConfig ?? {}, join(path, 'generation_config.json'))
    return { path, checkpoint, config, defaults, load: weightsFrom(checkpoint) }
  } catch (error) {
    await checkpoint.dispose()
    throw error
  }
}

/** Tables that some versions of the original wrote into checkpoints, though they follow from the configuration. */
export const allowedExtra = (name: string): boolean =>
  /rotary_emb\.inv_freq$|\.attn\.(bias|masked_bias|logn_tensor)$/.test(name)

/** Tokens that prompt and answer may take together, by a model's own configuration. */
export const windowOf = ({ max_position_embeddings, seq_length, use_dynamic_ntk }: QwenVLConfig): number =>
  use_dynamic_ntk ? max_position_embeddings : seq_length

function weightsFrom(checkpoint: Checkpoint): WeightLoader {
  return async wanted => {
    const sources: [string, Awaited<ReturnType<typeof tensorSource>>][] = []
    // One after the other: each conversion has its own peak of memory.
    for (const { name } of wanted) sources.push([name, await tensorSource(checkpoint.get(name), 'float32')])
    return Object.fromEntries(sources)
  }
}

/**
 * Loads a model and starts an engine for it. Throws what `openModel` and `openRuntime` throw, and a TypeError where
 * there is no tokenizer.
 */
export async function loadModel(reference: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const { cache, ...engine } = options
  const opened = await openModel(reference, cache === undefined ? {} : { cache })
  const { path, checkpoint, config, defaults, load } = opened
  const cleanUp: (() => unknown)[] = [() => checkpoint.dispose()]
  const dispose = async () => {
    for (const step of cleanUp.splice(0).reverse()) await step()
  }
  try {
    const tokenizer = await openModelTokenizer(path, config, checkpoint.config)
    cleanUp.push(() => tokenizer.dispose())
    const runtime = await openRuntime({ thread: defaultThread, ...engine })
    cleanUp.push(() => runtime.dispose())
    const network = await Network.open(runtime, config, load)
    return { origin: path, config, defaults, runtime, network, tokenizer, dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** The tokenizer beside a model's weights: `qwen.tiktoken`. Special tokens follow its ranks unless the config names them. */
export async function openModelTokenizer(
  path: string,
  config: QwenVLConfig,
  json: Readonly<Record<string, unknown>> | undefined,
): Promise<Tokenizer> {
  const file = join(path, 'qwen.tiktoken')
  const vocabulary = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'is missing' : `cannot be read (${cause.code})`
    throw new TypeError(`${file} ${why}: without it, text cannot be turned into tokens; copy or pull the whole model`, {
      cause,
    })
  })
  const named = json?.['tiny_special_tokens'] as Record<string, number> | undefined
  const tokenizer = await openTokenizer(vocabulary, {
    imageTokens: config.visual.n_queries,
    ...(named && { specialTokens: specialTokensByName(named) }),
  })
  if (tokenizer.ids.img === config.visual.image_start_id) return tokenizer
  tokenizer.dispose()
  throw new TypeError(
    `${file} makes <img> token ${tokenizer.ids.img}, but config.json says ${config.visual.image_start_id}: they belong to different models`,
  )
}
