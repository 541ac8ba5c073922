/**
 * Writes LoRA adapters in PEFT's layout, so that PEFT reads what this project trains. The folder is there whole or not
 * at all. Knows no model: layers and tensors come by their names.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { ReadableTensor } from './checkpoint.ts'
import { CheckpointError } from './errors.ts'
import { BASE_FINGERPRINT } from './peft.ts'
import { describeTensor, type FloatType } from './storedType.ts'
import { convertTensor } from './tensor.ts'
import { type WriteOptions, writeSafetensors } from './write.ts'

/** An adapter as a training run has it. */
export interface AdapterContent {
  /** The rank of the layers; those of another rank are listed in `rank_pattern`. */
  readonly rank: number
  readonly alpha: number
  /** Default 0. */
  readonly dropout?: number
  /** As the run was told: names that layers end with, an expression, or `all-linear`. */
  readonly targets: readonly string[] | string
  /** The scale is alpha / √rank instead of alpha / rank. */
  readonly rankStabilised?: boolean
  /** Named as in a model's graph: `PATH.lora_A.weight` [rank, in], `PATH.lora_B.weight` [out, rank]; others are saved whole. */
  readonly tensors: readonly ReadableTensor[]
  /** What it was trained on: a name or folder, and what `fingerprint` gives for it. */
  readonly base: { readonly name: string; readonly fingerprint?: string }
}

export interface WriteAdapterOptions extends Pick<WriteOptions, 'signal' | 'onProgress'> {
  /** How values are stored. Default `float32`. */
  readonly dtype?: FloatType
}

/**
 * Writes `adapter_config.json` and `adapter_model.safetensors` into a folder, which is made if need be; an adapter that
 * lies there is replaced, other files stay.
 *
 *     await writeAdapter('runs/lora/adapter', { rank: 64, alpha: 16, targets: ['c_attn'], tensors, base: { name } })
 *
 * Throws a CheckpointError for a layer without one of its matrices, a DiskSpaceError, or the signal's reason.
 */
export async function writeAdapter(
  folder: string,
  content: AdapterContent,
  { dtype = 'float32', ...options }: WriteAdapterOptions = {},
): Promise<void> {
  const layers = ranksOf(content.tensors)
  const tensors = content.tensors.map(tensor => ({
    ...convertTensor(tensor, dtype),
    name: `base_model.model.${tensor.name}`,
  }))
  const { fingerprint } = content.base
  const metadata = { format: 'pt', ...(fingerprint === undefined ? {} : { [BASE_FINGERPRINT]: fingerprint }) }
  const staging = join(
    dirname(resolve(folder)),
    `.${basename(resolve(folder))}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`,
  )
  await mkdir(staging, { recursive: true })
  try {
    await writeSafetensors(join(staging, 'adapter_model.safetensors'), tensors, { ...options, metadata })
    await writeFile(join(staging, 'adapter_config.json'), `${JSON.stringify(configOf(content, layers), null, 2)}\n`)
    await publish(staging, folder)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/** A new folder appears at once; in an old one, each of the two files is replaced at once. */
async function publish(staging: string, folder: string): Promise<void> {
  const there = await readdir(folder).catch(() => [])
  if (there.length === 0) {
    await rm(folder, { recursive: true, force: true })
    return rename(staging, folder)
  }
  for (const name of ['adapter_model.safetensors', 'adapter_config.json'])
    await rename(join(staging, name), join(folder, name))
  await rm(join(folder, 'adapter_model.bin'), { force: true })
}

interface Layers {
  /** Rank by path. */
  readonly ranks: ReadonlyMap<string, number>
  /** Modules saved whole, by path. */
  readonly saved: readonly string[]
}

function ranksOf(tensors: readonly ReadableTensor[]): Layers {
  const sizes = new Map<string, { a?: number; b?: number }>()
  const saved = new Set<string>()
  for (const { name, shape, dtype } of tensors) {
    const [, path, which] = /^(.+)\.lora_([AB])\.weight$/.exec(name) ?? []
    if (path === undefined) {
      saved.add(name.split('.').slice(0, -1).join('.'))
      continue
    }
    if (shape.length !== 2)
      throw new CheckpointError(`${name} is ${describeTensor({ dtype, shape })}: a matrix of an adapter has two axes`)
    sizes.set(path, { ...sizes.get(path), ...(which === 'A' ? { a: shape[0]! } : { b: shape[1]! }) })
  }
  for (const [path, { a, b }] of sizes) {
    if (a === b) continue
    throw new CheckpointError(
      `the adapter of ${path} has rank ${a ?? 'nothing'} in A and ${b ?? 'nothing'} in B: both matrices are needed, with one rank`,
    )
  }
  if (sizes.size === 0) throw new CheckpointError('there are no matrices of an adapter to write: no layer was adapted')
  return { ranks: new Map([...sizes].map(([path, { a }]) => [path, a as number])), saved: [...saved] }
}

function configOf(content: AdapterContent, { ranks, saved }: Layers): Record<string, unknown> {
  const { rank, alpha, dropout = 0, targets, rankStabilised = false, base } = content
  const others = [...ranks].filter(([, own]) => own !== rank)
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: base.name,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: alpha,
    lora_dropout: dropout,
    modules_to_save: saved.length > 0 ? saved : null,
    peft_type: 'LORA',
    r: rank,
    rank_pattern: Object.fromEntries(others),
    revision: null,
    // PEFT reads "all-linear" in its own way, by the types of the modules that it finds.
    target_modules: targets === 'all-linear' ? [...ranks.keys()] : targets,
    task_type: 'CAUSAL_LM',
    use_rslora: rankStabilised,
  }
}
