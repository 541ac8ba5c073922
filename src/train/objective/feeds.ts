/** A batch as the tensors that the step's graphs are fed. Plain numbers; runs nothing. */
import { type QwenVLConfig, rotaryTables, rotaryWidth } from '../../model/index.ts'
import type { TensorValue } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import { ignoredLabel } from '../../text/index.ts'
import type { Batch } from '../data/batch.ts'

/** A token that is learnt: where the token before it stands, in the flattened batch, and which it is. */
export interface Supervised {
  readonly at: number
  readonly target: number
}

/** What is learnt in a batch, row after row. The first token of a sample follows nothing, and is never learnt. */
export function supervisedPositions({ labels, positions }: Pick<Batch, 'labels' | 'positions'>): Supervised[] {
  const found: Supervised[] = []
  for (let at = 0; at < labels.length; at++) {
    const target = labels[at] as number
    if (target !== ignoredLabel && (positions[at] as number) > 0) found.push({ at: at - 1, target })
  }
  return found
}

/**
 * Everything but pictures. `share` is what one supervised token counts in the loss: 1 over the step's number of them.
 * What is learnt is padded with tokens that count nothing, so that the slices of the logits are equally long.
 */
export function batchFeeds(
  batch: Batch,
  supervised: readonly Supervised[],
  share: number,
  slices: number,
  config: QwenVLConfig,
): Record<string, TensorValue> {
  const { rows, length } = batch
  const grid = [rows, length]
  const half = rotaryWidth(config) / 2
  const { cosines, sines } = rotaryTables(batch.positions, 1, config)
  const count = Math.max(1, Math.ceil(supervised.length / slices))
  const ats = new BigInt64Array(slices * count)
  const targets = new BigInt64Array(slices * count)
  const shares = new Float32Array(slices * count)
  supervised.forEach(({ at, target }, i) => {
    ats[i] = BigInt(at)
    targets[i] = BigInt(target)
    shares[i] = share
  })
  return {
    tokens: tensorValue('int64', grid, BigInt64Array.from(batch.tokens, BigInt)),
    segments: tensorValue('float32', grid, Float32Array.from(batch.segments)),
    places: tensorValue('float32', grid, Float32Array.from(batch.positions)),
    cosines: tensorValue('float32', [...grid, half], cosines),
    sines: tensorValue('float32', [...grid, half], sines),
    supervised: tensorValue('int64', [slices, count], ats),
    targets: tensorValue('int64', [slices, count], targets),
    shares: tensorValue('float32', [slices * count], shares),
  }
}

/** Pictures as they enter the trained part, and their slots. `entries` are rows of `shape`, in the order of the batch. */
export function pictureFeeds(
  batch: Batch,
  entries: readonly Float32Array[],
  shape: readonly number[],
  queries: number,
): Record<string, TensorValue> {
  const size = shape.reduce((product, extent) => product * extent, 1)
  const data = new Float32Array(entries.length * size)
  entries.forEach((entry, i) => {
    data.set(entry, i * size)
  })
  const slots = new BigInt64Array(entries.length * queries)
  batch.pictures.forEach(({ slot }, i) => {
    for (let query = 0; query < queries; query++) slots[i * queries + query] = BigInt(slot + query)
  })
  return {
    entries: tensorValue('float32', [entries.length, ...shape], data),
    slots: tensorValue('int64', [slots.length], slots),
  }
}
