/** The model that an adapter is merged into: opened, checked, and with what an adapter may change listed. */
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type AdapterBase,
  type Checkpoint,
  CheckpointError,
  expectTensors,
  fingerprint,
  gptqLayerNames,
  openCheckpoint,
  resolveModel,
} from '../../checkpoint/index.ts'
import { allowedExtra } from '../../generate/load.ts'
import { expectedTensors } from '../../generate/weights.ts'
import { linearLayers, parameterShapes, parseConfig, type QwenVLConfig } from '../../model/index.ts'

export interface MergeBase {
  /** As the caller named it. */
  readonly name: string
  /** Its folder. */
  readonly path: string
  readonly checkpoint: Checkpoint
  readonly config: QwenVLConfig
  /** Paths of the layers that are stored as GPTQ integers; none in a model of floats. */
  readonly int4: ReadonlySet<string>
}

/**
 * Opens a model by folder or by name in the cache. The caller disposes of the checkpoint. Throws what says that it is no
 * Qwen-VL model, or not a whole one: ModelNotFoundError, CheckpointError, ConfigError, TensorMismatchError.
 */
export async function openBase(name: string, cache?: string): Promise<MergeBase> {
  const resolved = await resolveModel(name, cache === undefined ? {} : { cache })
  const checkpoint = await openCheckpoint(resolved.path)
  try {
    // A file of tensors may be named, too: what else a model needs lies beside it.
    const isFolder = (await stat(resolved.path)).isDirectory()
    const path = isFolder ? resolved.path : dirname(resolved.path)
    if (!checkpoint.config) throw new CheckpointError(`${path} has no config.json: it is not a whole model`)
    const config = parseConfig(checkpoint.config, join(path, 'config.json'))
    expectTensors(checkpoint, expectedTensors(checkpoint, config), { allowExtra: allowedExtra })
    return { name, path, checkpoint, config, int4: new Set(gptqLayerNames(checkpoint)) }
  } catch (error) {
    await checkpoint.dispose()
    throw error
  }
}

/** `transformer.h.0.attn.c_attn` of `transformer.h.0.attn.c_attn.weight`. */
export const layerOf = (tensor: string): string => tensor.slice(0, Math.max(0, tensor.lastIndexOf('.')))

/** What an adapter is held against. Reads some bytes of every tensor. */
export async function adapterBase(
  { name, checkpoint, config, int4 }: MergeBase,
  options: { readonly signal?: AbortSignal } = {},
): Promise<AdapterBase> {
  const shapes = [...parameterShapes(config)].filter(([tensor]) => checkpoint.has(tensor) && !int4.has(layerOf(tensor)))
  return {
    origin: name,
    layers: linearLayers(config),
    shapes: new Map(shapes),
    fingerprint: await fingerprint(checkpoint, options),
  }
}
