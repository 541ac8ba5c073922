/** The frozen part of a run's model: how its layers are made and where its weights come from. Knows no training. */
import { createHash } from 'node:crypto'
import type { WeightLoader } from '../../generate/network.ts'
import { modelWeights } from '../../generate/weights.ts'
import { type LinearLayer, plainLinear } from '../../graph/index.ts'
import type { Recipe } from '../recipe/recipe.ts'
import { partOfParameter } from '../stages.ts'
import { type Origin, OriginError } from './origin.ts'

export interface FrozenBase {
  readonly linear: LinearLayer
  readonly load: WeightLoader
}

/**
 * Opens the frozen part in the format that the recipe wants; a checkpoint of small integers stays one. Throws an
 * OriginError for formats that the model cannot have.
 */
export async function openFrozenBase(origin: Origin, { lora, precision }: Recipe): Promise<FrozenBase> {
  const { checkpoint, config, name, load } = origin
  if (!checkpoint) {
    if (precision.frozen === 'float32') return { linear: plainLinear, load }
    throw new OriginError(`precision.frozen: ${precision.frozen} needs a whole model to begin with (model.from)`)
  }
  const weights = await modelWeights(
    checkpoint,
    config,
    precision.frozen === 'float32' ? {} : { weights: precision.frozen },
  )
  if (weights.format === 'float32' || lora) return weights
  throw new OriginError(
    `${name} has weights of ${weights.description}, which cannot be trained: add lora to the recipe`,
  )
}

/** Bytes of each tensor that tell one model's visual side from another's. */
const SAMPLE = 4096

/** Names what a model's visual side makes of pictures: another for other weights. */
export async function eyesFingerprint({ shapes, tensor, config }: Origin): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(config.visual))
  for (const name of shapes.keys()) {
    if (partOfParameter(name) === 'language') continue
    const found = await tensor(name)
    hash.update(name).update(await found.read(0, Math.min(SAMPLE, found.bytes)))
    if (found.bytes > SAMPLE) hash.update(await found.read(found.bytes - SAMPLE, SAMPLE))
  }
  return hash.digest('hex').slice(0, 16)
}
