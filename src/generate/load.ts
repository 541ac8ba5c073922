/** From a model's name to a network that runs: checkpoint, configuration, tokenizer, engine. */
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { expectTensors } from '../checkpoint/expect.ts'
import { fingerprint } from '../checkpoint/fingerprint.ts'
import { openCheckpoint } from '../checkpoint/folder.ts'
import { resolveModel } from '../checkpoint/hub/cache.ts'
import { type Adapter, checkAdapter, openAdapter } from '../checkpoint/peft.ts'
import { linearLayers, parameterShapes, parseConfig, type QwenVLConfig } from '../model/index.ts'
import { openRuntime, type Runtime, type RuntimeOptions } from '../runtime/node.ts'
import { openTokenizer, specialTokensByName, type Tokenizer } from '../text/node.ts'
import { withAdapter } from './adapted.ts'
import { type GenerationDefaults, parseGenerationConfig } from './generationConfig.ts'
import { Network, type WeightLoader } from './network.ts'
import { expectedTensors, type ModelWeights, modelWeights, type WeightOptions } from './weights.ts'

/** Which files a model is made of, and what becomes of its weights. */
export interface OpenOptions extends WeightOptions {
  /** Where pulled models are (default: the standard cache of Hugging Face's tools). */
  readonly cache?: string
  /** A folder with a LoRA adapter in PEFT's layout, to be computed beside the model. */
  readonly adapter?: string
}

/**
 * The weights of small integers are multiplied in `int8` accuracy here, unless asked otherwise: that changes a product
 * about as much as rounding the weights to 8 bits does, and answers come several times faster.
 */
export interface LoadOptions extends OpenOptions, Omit<RuntimeOptions, 'checkNumerics'> {}

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
  readonly weights: ModelWeights
  /** What a person should know of the model as it was loaded, in sentences. */
  readonly remarks: readonly string[]
  dispose(): Promise<void>
}

/** A model's files, opened and checked, with nothing running yet. */
export interface OpenedModel extends AsyncDisposable {
  /** Its folder. */
  readonly path: string
  readonly checkpoint: Checkpoint
  readonly config: QwenVLConfig
  readonly defaults: GenerationDefaults
  /** How descriptions make their linear layers, and what the weights are. */
  readonly weights: ModelWeights
  /** Values for graphs whose scopes have `weights.linear`; parts of files are mapped where they are float32 already. */
  readonly load: WeightLoader
  /** What a person should know: layers that stayed float32, an adapter that was made for another base. */
  readonly remarks: readonly string[]
  /** Closes the files of model and adapter. */
  dispose(): Promise<void>
}

/**
 * Opens a model by folder or by name in the cache, and holds its tensors against its configuration: everything missing,
 * left over or of another shape is in one error. So with an adapter. The caller disposes of it; without an adapter, to
 * dispose of the checkpoint is enough.
 *
 * Throws what `resolveModel`, `openCheckpoint`, `parseConfig`, `modelWeights`, `openAdapter` and `checkAdapter` throw.
 */
export async function openModel(reference: string, options: OpenOptions = {}): Promise<OpenedModel> {
  const { cache, adapter: adapterFolder, ...weightOptions } = options
  const resolved = await resolveModel(reference, cache === undefined ? {} : { cache })
  const checkpoint = await openCheckpoint(resolved.path)
  const cleanUp: (() => Promise<void>)[] = [() => checkpoint.dispose()]
  const dispose = async () => {
    for (const step of cleanUp.splice(0).reverse()) await step()
  }
  try {
    // A file of tensors may be named, too: what else a model needs lies beside it.
    const isFolder = (await stat(resolved.path)).isDirectory()
    const path = isFolder ? resolved.path : dirname(resolved.path)
    if (!checkpoint.config) throw new TypeError(`${path} has no config.json: it is not a whole model`)
    const config = parseConfig(checkpoint.config, join(path, 'config.json'))
    expectTensors(checkpoint, expectedTensors(checkpoint, config), { allowExtra: allowedExtra })
    const defaults = parseGenerationConfig(checkpoint.generationConfig ?? {}, join(path, 'generation_config.json'))
    const plain = await modelWeights(checkpoint, config, weightOptions)
    const adapter = adapterFolder === undefined ? undefined : await openAdapter(adapterFolder)
    if (adapter) cleanUp.push(() => adapter.dispose())
    const remarks = [...plain.remarks, ...(adapter ? await holdAgainst(adapter, checkpoint, config) : [])]
    const weights = adapter ? withAdapter(plain, adapter) : plain
    return {
      path,
      checkpoint,
      config,
      defaults,
      weights,
      load: weights.load,
      remarks,
      dispose,
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Gives what is worth saying. The fingerprint of the base is made only where the adapter has one to compare. */
async function holdAgainst(adapter: Adapter, checkpoint: Checkpoint, config: QwenVLConfig): Promise<readonly string[]> {
  return checkAdapter(adapter, {
    origin: checkpoint.origin,
    layers: linearLayers(config),
    shapes: parameterShapes(config),
    ...(adapter.base.fingerprint !== undefined && { fingerprint: await fingerprint(checkpoint) }),
  })
}

/** Tables that some versions of the original wrote into checkpoints, though they follow from the configuration. */
export const allowedExtra = (name: string): boolean =>
  /rotary_emb\.inv_freq$|\.attn\.(bias|masked_bias|logn_tensor)$/.test(name)

/** Tokens that prompt and answer may take together, by a model's own configuration. */
export const windowOf = ({ max_position_embeddings, seq_length, use_dynamic_ntk }: QwenVLConfig): number =>
  use_dynamic_ntk ? max_position_embeddings : seq_length

/**
 * Loads a model and starts an engine for it. Throws what `openModel` and `openRuntime` throw, and a TypeError where
 * there is no tokenizer.
 */
export async function loadModel(reference: string, options: LoadOptions = {}): Promise<LoadedModel> {
  const { cache, weights: format, accuracy = 'int8', adapter, ...engine } = options
  const opened = await openModel(reference, {
    accuracy,
    ...(cache !== undefined && { cache }),
    ...(format && { weights: format }),
    ...(adapter !== undefined && { adapter }),
  })
  const { path, checkpoint, config, defaults, weights, remarks } = opened
  const cleanUp: (() => unknown)[] = [() => opened.dispose()]
  const dispose = async () => {
    for (const step of cleanUp.splice(0).reverse()) await step()
  }
  try {
    const tokenizer = await openModelTokenizer(path, config, checkpoint.config)
    cleanUp.push(() => tokenizer.dispose())
    const runtime = await openRuntime({ thread: defaultThread, ...engine })
    cleanUp.push(() => runtime.dispose())
    const network = await Network.open(runtime, config, weights.load, weights.linear)
    return { origin: path, config, defaults, runtime, network, tokenizer, weights, remarks, dispose }
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
