/**
 * How a run's weights are written: whole models in the published layout. What is frozen comes from where the run began,
 * what is trained from the optimiser's memory. Knows no steps.
 */
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckpointTensor, ReadableTensor } from '../../checkpoint/checkpoint.ts'
import { writeIndex } from '../../checkpoint/safetensorsLayout.ts'
import type { FloatType } from '../../checkpoint/storedType.ts'
import { convertTensor, tensorFromMemory } from '../../checkpoint/tensor.ts'
import { writeCheckpoint, writeSafetensors } from '../../checkpoint/write.ts'
import type { TensorValue } from '../../runtime/runtime.ts'
import { linkOrCopy } from './snapshots.ts'

export interface RunWeights {
  /** Every parameter of the model that this run writes, in their order. */
  readonly names: readonly string[]
  /** Values of what is trained, as they are now. */
  readonly trained: Readonly<Record<string, TensorValue>>
  /** What is frozen, from where the run began. */
  tensor(name: string): Promise<CheckpointTensor>
}

const TRAINED = 'model-00001-of-00002.safetensors'
const FROZEN = 'model-00002-of-00002.safetensors'

/**
 * Writes the weights of a snapshot, exactly as they are. What is frozen is written into `shared` when it is first needed,
 * and linked from then on.
 */
export async function writeSnapshotWeights(folder: string, shared: string, weights: RunWeights): Promise<void> {
  const trained = inMemory(weights)
  const frozen = weights.names.filter(name => !(name in weights.trained))
  if (frozen.length === 0) {
    await writeSafetensors(join(folder, 'model.safetensors'), trained)
    return
  }
  const tensors: ReadableTensor[] = []
  for (const name of frozen) tensors.push(await weights.tensor(name))
  const isThere = await stat(shared).catch(() => undefined)
  if (!isThere) await writeSafetensors(shared, tensors)
  await linkOrCopy(shared, join(folder, FROZEN))
  await writeSafetensors(join(folder, TRAINED), trained)
  const index = writeIndex([
    { file: TRAINED, tensors: trained },
    { file: FROZEN, tensors },
  ])
  await writeFile(join(folder, 'model.safetensors.index.json'), index)
}

/** Writes the finished model, in the element type wanted. */
export async function writeModelWeights(
  folder: string,
  weights: RunWeights,
  dtype: FloatType,
  signal?: AbortSignal,
): Promise<void> {
  const trained = new Map(inMemory(weights).map(tensor => [tensor.name, tensor]))
  const tensors: ReadableTensor[] = []
  for (const name of weights.names)
    tensors.push(convertTensor(trained.get(name) ?? (await weights.tensor(name)), dtype))
  await writeCheckpoint(folder, tensors, signal ? { signal } : {})
}

function inMemory({ names, trained }: RunWeights): CheckpointTensor[] {
  return names.flatMap(name => {
    const value = trained[name]
    return value ? [tensorFromMemory(name, 'float32', value.shape, value.data)] : []
  })
}
