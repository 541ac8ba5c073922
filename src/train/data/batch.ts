/** What a training step is given: rows of tokens with pictures in them. Knows no sources and no graphs. */
import type { PictureSource } from '../../image/index.ts'

/** A sample as token ids. */
export interface EncodedSample {
  readonly id: string
  readonly task: string
  readonly ids: readonly number[]
  /** For each id itself, not the next one: the id where it is learnt, else -100. */
  readonly labels: readonly number[]
  /** `start` is where `<img>` stands; its slots follow. */
  readonly pictures: readonly { readonly source: PictureSource; readonly start: number }[]
}

/** A sample in its place in a batch: positions `start` (inclusive) to `end` of its row. */
export interface PlacedSample {
  readonly id: string
  readonly task: string
  readonly row: number
  readonly start: number
  readonly end: number
}

/** A picture on its way into the model. */
export interface BatchPicture {
  /** Position of its first slot in the flattened batch: row · length + position. */
  readonly slot: number
  /** Names the picture's content and size, for a cache of what was seen: SHA-256 of its file and the size in pixels. */
  readonly key: string
  /** Normalised, [3, size, size]. Missing where the cache has its features. */
  readonly pixels?: Float32Array
  /** What the frozen part of the model makes of it, where the cache has it. */
  readonly features?: Float32Array
}

/**
 * Rows of tokens that are computed at once. Samples stand one after the other in a row and do not see each other; what
 * is left of a row is padding.
 */
export interface Batch {
  readonly rows: number
  readonly length: number
  /** [rows, length] */
  readonly tokens: Int32Array
  /** [rows, length], for each token itself; -100 where nothing is learnt. */
  readonly labels: Int32Array
  /** Place of each token within its sample, from 0: [rows, length]. */
  readonly positions: Int32Array
  /** Which sample of its row a token belongs to, from 0; -1 for padding: [rows, length]. */
  readonly segments: Int32Array
  readonly samples: readonly PlacedSample[]
  readonly pictures: readonly BatchPicture[]
}

/** What one step computes, on this process: one batch after the other, whose gradients add up. */
export interface StepData {
  readonly batches: readonly Batch[]
  /** Supervised tokens of the whole step, over all processes: the loss is the mean over them. */
  readonly tokens: number
  /** Samples of the whole step, over all processes. */
  readonly samples: number
  /** Passes over the data so far, of the source that has gone farthest. */
  readonly epoch: number
  /** Where the data stands after this step: plain JSON, and the same on all processes. */
  readonly position: unknown
}
