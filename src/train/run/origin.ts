/**
 * Where a run's model comes from: a published checkpoint, or its parts from different places and from nothing. Gives
 * every parameter's first values, and what stands beside the weights. Knows nothing of what is trained.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Checkpoint, CheckpointTensor } from '../../checkpoint/checkpoint.ts'
import { compareTensors } from '../../checkpoint/expect.ts'
import { openCheckpoint } from '../../checkpoint/folder.ts'
import { resolveModel } from '../../checkpoint/hub/cache.ts'
import { tensorFromMemory, tensorSource } from '../../checkpoint/tensor.ts'
import { openModelTokenizer } from '../../generate/load.ts'
import type { WeightLoader } from '../../generate/network.ts'
import { parameterShapes, parseConfig, type QwenVLConfig } from '../../model/index.ts'
import type { Tokenizer } from '../../text/index.ts'
import { type Part, partOfParameter } from '../stages.ts'
import { initialValues } from './initialise.ts'

/** A model to be, in parts: each from a folder or drawn at random. */
export interface PartsOfModel {
  /** Path of a published `config.json`. */
  readonly config: string
  /** Path of `qwen.tiktoken`. */
  readonly tokenizer: string
  readonly vision: string
  readonly adapter: string
  readonly language: string
}

/** `from`: a whole model, by folder or by name. */
export type ModelRecipe = { readonly from: string } | PartsOfModel

/** Files of the published layout that are not weights, and their contents. */
export type Companions = Readonly<Record<string, Uint8Array | string>>

export interface Origin {
  /** As messages and adapters name it. */
  readonly name: string
  readonly config: QwenVLConfig
  /** `config.json` as it was read. */
  readonly json: Readonly<Record<string, unknown>>
  readonly companions: Companions
  readonly tokenizer: Tokenizer
  /** Every parameter of the architecture. */
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /** The checkpoint, where the whole model comes from one. */
  readonly checkpoint: Checkpoint | undefined
  /** A parameter with its first values. */
  tensor(name: string): Promise<CheckpointTensor>
  /** The same for a session, as float32: parts of files are mapped. */
  readonly load: WeightLoader
  dispose(): Promise<void>
}

/** A model that cannot be begun with: what is missing, and where. */
export class OriginError extends Error {
  override readonly name = 'OriginError'
}

const RANDOM = 'random'

/**
 * Opens what a recipe begins with. Throws an OriginError for parts that do not fit the configuration, and what
 * `openCheckpoint`, `parseConfig` and `openTokenizer` throw.
 */
export async function openOrigin(model: ModelRecipe, seed: number): Promise<Origin> {
  return 'from' in model ? openWhole(model.from) : openParts(model, seed)
}

/** A model's configuration and parameters, without its weights. Throws as `openOrigin`. */
export async function describeModel(model: ModelRecipe): Promise<Pick<Origin, 'config' | 'shapes'>> {
  if ('from' in model) {
    const { path } = await resolveModel(model.from)
    const file = join(path, 'config.json')
    const config = parseConfig(await readJson(file), file)
    return { config, shapes: parameterShapes(config) }
  }
  const config = parseConfig(await readJson(model.config), model.config)
  return { config, shapes: parameterShapes(config) }
}

async function openWhole(reference: string): Promise<Origin> {
  const { openModel } = await import('../../generate/load.ts')
  const opened = await openModel(reference)
  const { checkpoint, config, path } = opened
  const json = checkpoint.config ?? {}
  const tokenizer = await openModelTokenizer(path, config, json)
  return {
    name: reference,
    config,
    json,
    tokenizer,
    checkpoint,
    companions: await companionsOf(path, join(path, 'qwen.tiktoken'), json),
    shapes: parameterShapes(config),
    tensor: async name => checkpoint.get(name),
    load: opened.load,
    async dispose() {
      tokenizer.dispose()
      await checkpoint.dispose()
    },
  }
}

async function openParts(model: PartsOfModel, seed: number): Promise<Origin> {
  const json = await readJson(model.config)
  const config = parseConfig(json, model.config)
  const shapes = parameterShapes(config)
  const tokenizer = await openModelTokenizer(model.tokenizer.replace(/[^/\\]*$/, ''), config, json)
  const opened = new Map<Part, Checkpoint>()
  try {
    for (const part of ['vision', 'adapter', 'language'] as const) {
      if (model[part] !== RANDOM) opened.set(part, await openPart(part, model[part], shapes))
    }
  } catch (error) {
    for (const checkpoint of opened.values()) await checkpoint.dispose()
    throw error
  }
  const tensor = async (name: string): Promise<CheckpointTensor> => {
    const checkpoint = opened.get(partOfParameter(name))
    if (checkpoint) return checkpoint.get(name)
    const shape = shapes.get(name) as readonly number[]
    return tensorFromMemory(name, 'float32', shape, initialValues(name, shape, config, seed))
  }
  return {
    name: model.config,
    config,
    json,
    tokenizer,
    checkpoint: undefined,
    companions: await companionsOf(undefined, model.tokenizer, json),
    shapes,
    tensor,
    load: async wanted => {
      const sources: [string, Awaited<ReturnType<typeof tensorSource>>][] = []
      for (const { name } of wanted) sources.push([name, await tensorSource(await tensor(name), 'float32')])
      return Object.fromEntries(sources)
    },
    async dispose() {
      tokenizer.dispose()
      for (const checkpoint of opened.values()) await checkpoint.dispose()
    },
  }
}

/** Opens the checkpoint that a part comes from; it may hold more than that part. */
async function openPart(
  part: Part,
  reference: string,
  shapes: ReadonlyMap<string, readonly number[]>,
): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint((await resolveModel(reference)).path)
  const expected = [...shapes].flatMap(([name, shape]) => (partOfParameter(name) === part ? [{ name, shape }] : []))
  const found = checkpoint.tensors.filter(({ name }) => partOfParameter(name) === part)
  const { missing, wrong } = compareTensors(found, expected)
  if (missing.length === 0 && wrong.length === 0) return checkpoint
  await checkpoint.dispose()
  const [first] = missing
  const faults = [
    ...(first ? [`${missing.length} of ${expected.length} tensors are missing, such as ${first.name}`] : []),
    ...wrong
      .slice(0, 3)
      .map(
        ({ expected, found }) =>
          `${found.name} is [${found.shape.join(', ')}], not [${expected.shape.join(', ')}] as config.json has it`,
      ),
  ]
  throw new OriginError(`${reference} cannot give the ${part} part of the model: ${faults.join('; ')}`)
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new OriginError(`${path} cannot be read (${cause.code}): model.config names the config.json of the model`, {
      cause,
    })
  })
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (cause) {
    throw new OriginError(`${path} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

async function companionsOf(
  folder: string | undefined,
  tokenizer: string,
  json: Readonly<Record<string, unknown>>,
): Promise<Companions> {
  const generation = folder && (await readFile(join(folder, 'generation_config.json')).catch(() => undefined))
  return {
    'config.json': `${JSON.stringify(json, undefined, 2)}\n`,
    'qwen.tiktoken': await readFile(tokenizer),
    ...(generation && { 'generation_config.json': generation }),
  }
}
