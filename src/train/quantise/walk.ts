/**
 * The walk through the language model: block after block is quantised, each with what reaches it through the blocks
 * before it as they are stored, and within a block layer after layer (`true_sequential`). One block is in memory at a
 * time, and the hidden states of all samples. Knows no files but the source's tensors.
 */
import { type Checkpoint, type CheckpointTensor, gptqTensors } from '../../checkpoint/index.ts'
import { type LinearSize, languageLayers, parameterShapes, type QwenVLConfig } from '../../model/index.ts'
import { type TensorValue, tensorValue } from '../../runtime/tensor.ts'
import type { Blocks, BlockWeights } from './blocks.ts'
import type { LayerErrors } from './events.ts'
import { type Factor, factorise } from './factor.ts'
import { blockPath, stages } from './graphs.ts'
import { quantiseLayer } from './layer.ts'
import type { Product } from './product.ts'
import type { Row } from './states.ts'

/** Added to the diagonal of the moments, as a part of its mean: as the published checkpoint says it was made. */
export const DAMPING = 0.01

/** What is carried through the blocks: samples, one copy for each of the models that are compared. */
export interface Paths {
  /** For the moments. Goes through the quantised blocks. */
  readonly calibration: Row[]
  /** To be scored: through the source's blocks, through rounded ones, and through quantised ones. */
  readonly float: Row[]
  readonly nearest: Row[]
  readonly gptq: Row[]
}

export interface WalkOptions {
  readonly checkpoint: Checkpoint
  readonly config: QwenVLConfig
  readonly group: number
  readonly activationOrder: boolean
  readonly paths: Paths
  /** What runs blocks; without it there are no samples. */
  readonly blocks: Blocks | undefined
  readonly product: Product
  readonly onLayer: (errors: LayerErrors) => void
  readonly signal?: AbortSignal | undefined
}

type Values = Record<string, TensorValue<'float32'>>

/** Quantises the blocks in their order. Gives each block's tensors when it is done, to be written and let go of. */
export async function* walk(options: WalkOptions): AsyncGenerator<readonly CheckpointTensor[]> {
  const { config } = options
  const model = { sizes: languageLayers(config), parameters: [...parameterShapes(config).keys()] }
  for (let number = 0; number < config.num_hidden_layers; number++) yield await quantiseBlock(number, model, options)
}

interface Model {
  readonly sizes: ReadonlyMap<string, LinearSize>
  readonly parameters: readonly string[]
}

async function quantiseBlock(
  number: number,
  { sizes, parameters }: Model,
  options: WalkOptions,
): Promise<readonly CheckpointTensor[]> {
  const { group, paths, product, blocks, signal } = options
  const path = blockPath(number)
  const float = await readBlock(path, parameters, options)
  const nearest: Values = { ...float }
  const made: Values = { ...float }
  const tensors: CheckpointTensor[] = []
  for (const [stage, layers] of stages.entries()) {
    signal?.throwIfAborted()
    const factor = await momentsOf(stage, `${path}.${layers[0]}`, made, options)
    for (const layer of layers) {
      const name = `${path}.${layer}`
      const size = sizes.get(name)!
      const weight = `${layer}.weight`
      const known = factor && { factor, product }
      const done = await quantiseLayer(float[weight]!.data, size, known, { name, group, signal })
      const shape = [size.out, size.in]
      made[weight] = tensorValue('float32', shape, done.floats)
      nearest[weight] = tensorValue('float32', shape, done.nearest)
      tensors.push(...gptqTensors(name, done.blocks, float[`${layer}.bias`]?.data))
      options.onLayer(done.errors)
    }
  }
  if (blocks) await advance(blocks, paths, { float, nearest, made })
  return tensors
}

async function advance(
  blocks: Blocks,
  paths: Paths,
  weights: Readonly<Record<'float' | 'nearest' | 'made', BlockWeights>>,
): Promise<void> {
  await blocks.pass(paths.calibration, weights.made)
  await blocks.pass(paths.float, weights.float)
  await blocks.pass(paths.nearest, weights.nearest)
  await blocks.pass(paths.gptq, weights.made)
}

/** The factor of what reaches the layers of a stage; undefined where there is no calibration data. */
async function momentsOf(
  stage: number,
  name: string,
  weights: BlockWeights,
  { blocks, paths, product, activationOrder, signal }: WalkOptions,
): Promise<Factor | undefined> {
  if (blocks === undefined || paths.calibration.length === 0) return undefined
  const moments = await blocks.moments(stage, paths.calibration, weights)
  const size = Math.sqrt(moments.length)
  const order = Int32Array.from({ length: size }, (_, i) => i)
  // Inputs that matter most come first, while everything can still be made good. The sort is stable.
  if (activationOrder) order.sort((a, b) => moments[b * size + b]! - moments[a * size + a]!)
  return factorise(moments, name, product, { damping: DAMPING, order, signal })
}

/** The values of a block by their names within it. */
async function readBlock(path: string, parameters: readonly string[], { checkpoint }: WalkOptions): Promise<Values> {
  const values: Values = {}
  for (const name of parameters) {
    if (!name.startsWith(`${path}.`)) continue
    const tensor = checkpoint.get(name)
    values[name.slice(path.length + 1)] = tensorValue('float32', tensor.shape, await tensor.readAs('float32'))
  }
  return values
}
