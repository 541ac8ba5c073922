/**
 * The files of a model of contrastive training, opened and checked: the vision tower under its published names, the text
 * tower and what compares them under `contrastive.`, and `config.json` with the sizes of both. Runs nothing.
 */
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { expectTensors } from '../checkpoint/expect.ts'
import { openCheckpoint } from '../checkpoint/folder.ts'
import { resolveModel } from '../checkpoint/hub/cache.ts'
import { tensorSource } from '../checkpoint/tensor.ts'
import {
  type ContrastiveConfig,
  contrastiveShapes,
  parameterShapes,
  parseConfig,
  parseContrastive,
  type QwenVLConfig,
} from '../model/index.ts'
import type { Tokenizer } from '../text/index.ts'
import { openModelTokenizer } from './load.ts'
import type { WeightLoader } from './network.ts'

export interface OpenedScorer {
  /** Its folder. */
  readonly path: string
  readonly checkpoint: Checkpoint
  /** `config.json` as it was read. */
  readonly json: Readonly<Record<string, unknown>>
  readonly config: QwenVLConfig
  readonly contrastive: ContrastiveConfig
  /** Reads what a graph asks for, as float32; parts of files are mapped where they are float32 already. */
  readonly load: WeightLoader
  /** Opens the tokenizer beside the weights. The caller disposes of it. */
  tokenizer(): Promise<Tokenizer>
}

/**
 * Opens a model of contrastive training by folder or by name in the cache. The parts of a whole Qwen-VL may be in it
 * too. The caller disposes of the checkpoint. Throws a ConfigError where the configuration knows no contrastive
 * training, a TensorMismatchError that lists what is missing or has another shape, and what `openCheckpoint` throws.
 */
export async function openScorerModel(
  reference: string,
  { cache }: { readonly cache?: string } = {},
): Promise<OpenedScorer> {
  const resolved = await resolveModel(reference, cache === undefined ? {} : { cache })
  const checkpoint = await openCheckpoint(resolved.path)
  try {
    const isFolder = (await stat(resolved.path)).isDirectory()
    const path = isFolder ? resolved.path : dirname(resolved.path)
    const json = checkpoint.config
    if (!json) throw new TypeError(`${path} has no config.json: it is not a whole model`)
    const file = join(path, 'config.json')
    const config = parseConfig(json, file)
    const contrastive = parseContrastive(json, file)
    const rest = parameterShapes(config)
    const expected = [...contrastiveShapes(config, contrastive)].map(([name, shape]) => ({ name, shape }))
    expectTensors(checkpoint, expected, { allowExtra: name => rest.has(name) })
    const load: WeightLoader = async wanted => {
      const sources: [string, Awaited<ReturnType<typeof tensorSource>>][] = []
      for (const { name } of wanted) sources.push([name, await tensorSource(checkpoint.get(name), 'float32')])
      return Object.fromEntries(sources)
    }
    const tokenizer = () => openModelTokenizer(path, config, json)
    return { path, checkpoint, json, config, contrastive, load, tokenizer }
  } catch (error) {
    await checkpoint.dispose()
    throw error
  }
}
