/**
 * Planned rows as batches: arrays of tokens, labels, positions and segments, and which pictures go where. Knows nothing of
 * where rows come from and opens no pictures.
 */
import type { PictureSource } from '../../image/index.ts'
import { ignoredLabel } from '../../text/index.ts'
import type { Batch, EncodedSample, PlacedSample } from './batch.ts'
import { DataError } from './errors.ts'

/** How the rows of a step are shared out. */
export interface Division {
  /** Rows of a step. */
  readonly batch: number
  /** Parts that are computed one after the other. */
  readonly accumulation: number
  /** Which process this is, of how many. */
  readonly rank: number
  readonly processes: number
}

/** Throws a DataError where the rows cannot be shared out evenly. */
export function checkDivision({ batch, accumulation, rank, processes }: Division): void {
  const whole = [batch, accumulation, processes].every(value => Number.isInteger(value) && value > 0)
  if (!whole || batch % (accumulation * processes) !== 0) {
    const share = `${batch} rows of a step cannot be shared out over ${accumulation} × ${processes}`
    throw new DataError(`${share} (accumulation × processes): make the batch a multiple of ${accumulation * processes}`)
  }
  if (!Number.isInteger(rank) || rank < 0 || rank >= processes) {
    throw new DataError(`process ${rank} of ${processes}: they are counted from 0`)
  }
}

/** The rows of one part that one process takes, and what all of the part's rows have in common. */
export interface Part<Sample> {
  /** The process's rows; at the end of a finite run some are empty. */
  readonly rows: readonly (readonly Sample[])[]
  /** Of the longest row of the part, over all processes. */
  readonly longest: number
}

/**
 * Part p of a step has rows [p·R, (p + 1)·R), and process r of n takes the r-th of n equal stretches of each part. Parts
 * in which nobody has a row are left out.
 */
export function partsOf<Sample extends { readonly ids: { readonly length: number } }>(
  rows: readonly (readonly Sample[])[],
  { batch, accumulation, rank, processes }: Division,
): Part<Sample>[] {
  const size = batch / accumulation
  const share = size / processes
  const count = Math.ceil(rows.length / size)
  return Array.from({ length: count }, (_, part) => {
    const all = rows.slice(part * size, (part + 1) * size)
    const lengths = all.map(row => row.reduce((sum, { ids }) => sum + ids.length, 0))
    const own = Array.from({ length: share }, (_, row) => all[rank * share + row] ?? [])
    return { rows: own, longest: Math.max(...lengths) }
  })
}

/** Tokens that are learnt. */
export const supervisedTokens = (samples: Iterable<EncodedSample>): number => {
  let count = 0
  for (const { labels } of samples) for (const label of labels) if (label !== ignoredLabel) count++
  return count
}

/** The length of rows that hold one sample each: the longest, rounded up so that lengths repeat from step to step. */
export const roundedLength = (longest: number, most: number): number => Math.min(Math.ceil(longest / 64) * 64, most)

/** A picture of a batch before it was opened. */
export interface WantedPicture {
  readonly slot: number
  readonly source: PictureSource
  /** The sample that it belongs to, by its place in `samples`. */
  readonly sample: number
}

/** Rows as arrays. What is left of a row is `padding`; pictures are still to be filled in. */
export function assemble(
  rows: readonly (readonly EncodedSample[])[],
  length: number,
  padding: number,
): { readonly batch: Omit<Batch, 'pictures'>; readonly wanted: readonly WantedPicture[] } {
  const size = rows.length * length
  const tokens = new Int32Array(size).fill(padding)
  const labels = new Int32Array(size).fill(ignoredLabel)
  const positions = new Int32Array(size)
  const segments = new Int32Array(size).fill(-1)
  const samples: PlacedSample[] = []
  const wanted: WantedPicture[] = []
  rows.forEach((row, number) => {
    let start = 0
    row.forEach((sample, segment) => {
      const at = number * length + start
      tokens.set(sample.ids, at)
      labels.set(sample.labels, at)
      for (let i = 0; i < sample.ids.length; i++) positions[at + i] = i
      segments.fill(segment, at, at + sample.ids.length)
      for (const picture of sample.pictures) {
        wanted.push({ slot: at + picture.start + 1, source: picture.source, sample: samples.length })
      }
      const { id, task } = sample
      samples.push({ id, task, row: number, start, end: start + sample.ids.length })
      start += sample.ids.length
    })
  })
  return { batch: { rows: rows.length, length, tokens, labels, positions, segments, samples }, wanted }
}
