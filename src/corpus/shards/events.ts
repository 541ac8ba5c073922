/** What the making of a corpus tells on its way. */
import type { WholeShard } from './manifest.ts'

/** What was made. */
export interface MakeReport {
  readonly out: string
  readonly samples: number
  readonly shards: number
  readonly bytes: number
  /** Samples of archives that were there already. */
  readonly kept: number
  readonly seconds: number
}

export type MakeEvent =
  | { readonly type: 'materials'; readonly message: string }
  | {
      readonly type: 'plan'
      readonly out: string
      readonly samples: number
      readonly shards: number
      readonly kept: number
      readonly workers: number
    }
  /** Samples that are written, with those that were there before. */
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | ({ readonly type: 'shard' } & WholeShard)
  | { readonly type: 'done'; readonly report: MakeReport }
