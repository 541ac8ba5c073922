/** Who answers a benchmark's items: a model, or in tests anybody. Knows no files and no scores. */
import type { RawPixels } from '../../image/index.ts'
import type { BenchmarkItem } from './benchmark.ts'

export interface Answerer extends AsyncDisposable {
  /** What answers depend on: equal ones give equal answers. Values are what `results.jsonl` keeps and compares. */
  readonly identity: Readonly<Record<string, string>>
  /** Tokens of the item's prompt, by which batches are made. Throws a PromptTooLongError where no answer has room. */
  promptLength(item: BenchmarkItem): number
  /**
   * Answers in the order of the items, greedily, each what it would be alone: with markup, without white space around
   * it. Throws the signal's reason when cancelled, a PictureError for what is no picture.
   */
  answer(items: readonly BenchmarkItem[], options: AnswerOptions): Promise<readonly string[]>
}

export interface AnswerOptions {
  readonly maxNewTokens: number
  readonly signal?: AbortSignal
}

/** A plain grey picture. */
const grey: RawPixels = { data: new Uint8Array(8 * 8 * 3).fill(128), width: 8, height: 8, channels: 3 }

/**
 * The item with plain grey in the place of its pictures: what a model makes of the question alone. The pictures are not
 * left out, since a model that was always shown one is lost without it, and would seem to see more than it does.
 */
export const withoutSight = (item: BenchmarkItem): BenchmarkItem => ({
  ...item,
  pictures: item.pictures.map(() => grey),
})
