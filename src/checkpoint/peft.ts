/**
 * LoRA adapters in PEFT's layout: a folder with `adapter_config.json` and `adapter_model.safetensors` (or the older
 * `adapter_model.bin`). Here they are opened, checked, and held against a base; `peftConfig.ts` reads the configuration,
 * `peftWrite.ts` writes them. Which layers and tensors a base has is told to this file: it knows no model.
 *
 * Names, for a layer `transformer.h.0.attn.c_attn`:
 * - `base_model.model.transformer.h.0.attn.c_attn.lora_A.weight` [rank, in] and `….lora_B.weight` [out, rank]; in older
 *   files the adapter's own name stands inside, `….lora_A.default.weight`;
 * - modules saved whole: `base_model.model.lm_head.weight`, in older files `….lm_head.modules_to_save.default.weight`.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checkpoint, CheckpointTensor } from './checkpoint.ts'
import { CheckpointError, FormatError, ModelNotFoundError } from './errors.ts'
import { openCheckpoint, openFile } from './folder.ts'
import { readObject } from './jsonDocument.ts'
import { nearest } from './nearest.ts'
import { type AdapterConfig, parseAdapterConfig, rankOf, scaleOf } from './peftConfig.ts'
import { describeTensor, isFloatType } from './storedType.ts'

/** The matrices of one layer's adapter: W becomes W + scale · B A. */
export interface AdapterModule {
  /** The layer's path, `transformer.h.0.attn.c_attn`. */
  readonly path: string
  /** [rank, in] */
  readonly a: CheckpointTensor
  /** [out, rank] */
  readonly b: CheckpointTensor
  readonly rank: number
  readonly scale: number
  readonly in: number
  readonly out: number
}

/** An adapter, opened: its values stay on the disk until they are asked for. */
export interface Adapter extends AsyncDisposable {
  /** The folder, as errors name it. */
  readonly origin: string
  readonly config: AdapterConfig
  /** By the path of the layer. */
  readonly modules: ReadonlyMap<string, AdapterModule>
  /** Tensors that replace the base's, by the base's names (`lm_head.weight`). */
  readonly saved: ReadonlyMap<string, CheckpointTensor>
  /** All tensors under the names of a model's graph: `PATH.lora_A.weight`, `PATH.lora_B.weight`, and the saved ones. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  /** The base that it was trained on, as far as the files say it. */
  readonly base: {
    readonly name: string | undefined
    /** What `fingerprint` gave for it, where this project wrote the adapter. */
    readonly fingerprint: string | undefined
  }
  /** Closes the files. Calling it again changes nothing. */
  dispose(): Promise<void>
}

/** The key of the base's fingerprint in the header of `adapter_model.safetensors`. */
export const BASE_FINGERPRINT = 'qwen_vl_base_sha256'

const CONFIG = 'adapter_config.json'
const FILES = ['adapter_model.safetensors', 'adapter_model.bin'] as const

const isFile = (path: string) =>
  stat(path).then(
    info => info.isFile(),
    () => false,
  )

/**
 * Opens an adapter.
 *
 *     await using adapter = await openAdapter('runs/lora/adapter')
 *     const warnings = checkAdapter(adapter, base)
 *
 * Throws a ModelNotFoundError where there is none, a FormatError for another kind of adapter or damaged files, and a
 * CheckpointError for tensors that are missing, unknown, or of the wrong shape.
 */
export async function openAdapter(folder: string): Promise<Adapter> {
  const [hasConfig, ...hasFile] = await Promise.all([CONFIG, ...FILES].map(name => isFile(join(folder, name))))
  const file = FILES.find((_, i) => hasFile[i])
  if (!hasConfig || file === undefined) {
    const lacking = hasConfig ? FILES.join(' or ') : CONFIG
    throw new ModelNotFoundError(`${folder} is no adapter: it has no ${lacking}. Name the folder that holds both files`)
  }
  const config = await readConfig(join(folder, CONFIG))
  const checkpoint = await openCheckpoint(join(folder, file))
  try {
    return assemble(folder, config, checkpoint)
  } catch (error) {
    await checkpoint.dispose()
    throw error
  }
}

async function readConfig(path: string): Promise<AdapterConfig> {
  const source = await openFile(path)
  try {
    return parseAdapterConfig(await readObject(source), path)
  } finally {
    await source.close()
  }
}

function assemble(origin: string, config: AdapterConfig, checkpoint: Checkpoint): Adapter {
  const { pairs, saved } = sort(checkpoint, config)
  const modules = new Map([...pairs].map(([path, pair]) => [path, pairUp(checkpoint.origin, path, pair, config)]))
  if (modules.size === 0)
    throw new FormatError(checkpoint.origin, 'it holds no matrices of an adapter (lora_A, lora_B): it is another file')
  const matrices = [...modules.values()].flatMap(({ path, a, b }) => [
    [`${path}.lora_A.weight`, a] as const,
    [`${path}.lora_B.weight`, b] as const,
  ])
  return {
    origin,
    config,
    modules,
    saved,
    tensors: new Map([...matrices, ...saved]),
    base: {
      name: config.base_model_name_or_path ?? undefined,
      fingerprint: checkpoint.metadata[BASE_FINGERPRINT],
    },
    dispose: () => checkpoint.dispose(),
    [Symbol.asyncDispose]: () => checkpoint.dispose(),
  }
}

interface Pair {
  a?: CheckpointTensor
  b?: CheckpointTensor
}

/** Which tensor is what, by its name. */
function sort({ tensors, origin }: Checkpoint, config: AdapterConfig) {
  const pairs = new Map<string, Pair>()
  const saved = new Map<string, CheckpointTensor>()
  const refuse = (tensor: CheckpointTensor, problem: string): never => {
    throw new FormatError(origin, problem, { tensor: tensor.name })
  }
  const twice = 'it is there twice under two spellings: the file holds more than one adapter, save one alone'
  for (const tensor of tensors) {
    const name = tensor.name.replace(/^base_model\.model\./, '')
    const matrix = /^(.+)\.lora_([AB])(?:\.[^.]+)?\.weight$/.exec(name)
    if (matrix) {
      const [, path, which] = matrix as unknown as [string, string, 'A' | 'B']
      const pair = pairs.get(path) ?? {}
      const part = which === 'A' ? 'a' : 'b'
      if (pair[part]) refuse(tensor, twice)
      pairs.set(path, { ...pair, [part]: tensor })
      continue
    }
    const kind = otherKind(name)
    if (kind !== undefined) refuse(tensor, kind)
    const plain = name.replace(/\.modules_to_save(\.default)?\./, '.')
    if (plain === name && !isSaved(name, config))
      refuse(tensor, 'it belongs neither to a layer’s adapter nor to a module of modules_to_save: it is not known')
    if (saved.has(plain)) refuse(tensor, twice)
    if (!isFloatType(tensor.dtype)) refuse(tensor, `it is ${describeTensor(tensor)}, and no float`)
    saved.set(plain, tensor)
  }
  return { pairs, saved }
}

/** What is known of tensors that are refused. */
function otherKind(name: string): string | undefined {
  if (/\.lora_embedding_[AB]/.test(name))
    return 'it is an adapter of an embedding table: only linear layers have one here'
  if (/\.lora_magnitude_vector/.test(name)) return 'it belongs to DoRA, which is not known here'
  if (/\.lora_[AB].*\.bias$/.test(name)) return 'it is a bias of an adapter, which is not known here'
  return undefined
}

/** PEFT saves what modules_to_save names, and tables of embeddings also where their size was changed. */
function isSaved(name: string, { modules_to_save: modules }: AdapterConfig): boolean {
  if (/(^|\.)(wte|lm_head)\.weight$/.test(name)) return true
  const parts = name.split('.')
  const parents = parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'))
  return (modules ?? []).some(module => parents.some(path => path === module || path.endsWith(`.${module}`)))
}

function pairUp(origin: string, path: string, { a, b }: Pair, config: AdapterConfig): AdapterModule {
  if (!a || !b) {
    const [there, lacking] = a ? ['lora_A', 'lora_B'] : ['lora_B', 'lora_A']
    throw new FormatError(
      origin,
      `layer ${path} has ${there} but no ${lacking}: the file is not complete, save it again`,
    )
  }
  const rank = rankOf(config, path)
  for (const tensor of [a, b]) {
    const isFlat = tensor.shape.length === 2
    const size = tensor === a ? tensor.shape[0] : tensor.shape[1]
    if (isFlat && size === rank && isFloatType(tensor.dtype)) continue
    const wanted = tensor === a ? `[${rank}, in]` : `[out, ${rank}]`
    throw new FormatError(
      origin,
      `it is ${describeTensor(tensor)}, but by ${CONFIG} (r ${config.r}) the layer needs floats ${wanted}: the two files belong to different adapters`,
      { tensor: tensor.name },
    )
  }
  return { path, a, b, rank, scale: scaleOf(config, path), in: a.shape[1]!, out: b.shape[0]! }
}

/** What an adapter is held against. */
export interface AdapterBase {
  /** As errors name it. */
  readonly origin: string
  /** Every linear layer that can have an adapter, by path. */
  readonly layers: ReadonlyMap<string, { readonly in: number; readonly out: number }>
  /** Every tensor of the model that may be replaced, by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** What `fingerprint` gives for it, where that is known. */
  readonly fingerprint?: string
}

/** Faults that one message tells. */
const TOLD = 4

/**
 * Holds an adapter against a base. Throws a CheckpointError for layers and tensors that the base has not, or has in
 * another size. Gives warnings: what fits by its shapes, and yet was made for another base.
 */
export function checkAdapter(adapter: Adapter, base: AdapterBase): readonly string[] {
  const faults = [
    ...[...adapter.modules.values()].flatMap(module => layerFault(module, base) ?? []),
    ...[...adapter.saved].flatMap(([name, { shape }]) => savedFault(name, shape, base) ?? []),
  ]
  if (faults.length > 0) {
    const more = faults.length > TOLD ? [`and ${faults.length - TOLD} more of the kind`] : []
    throw new CheckpointError(
      [`the adapter ${adapter.origin} does not fit ${base.origin}:`, ...faults.slice(0, TOLD), ...more].join('\n  '),
    )
  }
  const { name, fingerprint: trainedOn } = adapter.base
  if (trainedOn === undefined || base.fingerprint === undefined || trainedOn === base.fingerprint) return []
  const called = name === undefined ? '' : ` (${name})`
  return [
    `the adapter was trained on another base${called}: fingerprint ${trainedOn.slice(0, 12)}…, and ${base.origin} has ${base.fingerprint.slice(0, 12)}…. It fits by its shapes, but its answers may be wrong`,
  ]
}

function layerFault(module: AdapterModule, { layers }: AdapterBase): string | undefined {
  const layer = layers.get(module.path)
  if (layer === undefined) {
    const similar = nearest(module.path, [...layers.keys()], 2)
    return `there is no linear layer ${module.path}${similar.length > 0 ? `; the most similar ones are ${similar.join(', ')}` : ''}`
  }
  if (layer.in === module.in && layer.out === module.out) return undefined
  return `the layer ${module.path} is ${layer.in} → ${layer.out}, but its adapter ${module.in} → ${module.out}: the base has another size`
}

function savedFault(name: string, shape: readonly number[], { shapes }: AdapterBase): string | undefined {
  const wanted = shapes.get(name)
  if (wanted === undefined) return `there is no tensor ${name}, which the adapter replaces`
  if (describeTensor({ shape }) === describeTensor({ shape: wanted })) return undefined
  const found = `${name} is ${describeTensor({ shape })} in the adapter, but ${describeTensor({ shape: wanted })} in the base`
  const isTable = /(^|\.)(wte|lm_head)\.weight$/.test(name)
  if (!isTable || shape[1] !== wanted[1]) return found
  return `${found}: the vocabulary differs. The published model has 151936 rows, of which the tokenizer uses 151860; an adapter with another number was trained after the tables were resized (resize_token_embeddings). Train it again without resizing, or merge it into the base with the resized tables`
}
