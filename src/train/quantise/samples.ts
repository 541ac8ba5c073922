/**
 * Samples of training data, chosen by a seed, and where their pictures stand: what a model is calibrated with and scored
 * on. Runs nothing.
 */
import { entryFor, openSources } from '../../corpus/index.ts'
import type { Tokenizer } from '../../text/index.ts'
import type { EncodedSample } from '../data/batch.ts'
import { encodePieces } from '../data/encode.ts'
import { DataError, type Refused } from '../data/errors.ts'
import { StepPlanner } from '../data/plan.ts'

export interface ChooseOptions {
  readonly tokenizer: Tokenizer
  /** The longest sample, in tokens. */
  readonly longest: number
  readonly seed: number
  readonly onRefused: (refused: Refused) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * The first `count` samples of some data in the order of the seed; fewer where there are not so many. Rejects as
 * `entryFor` and `openSources` do, and with a DataError where no sample can be used.
 */
export async function chooseSamples(
  data: readonly string[],
  count: number,
  { tokenizer, longest, seed, onRefused, signal }: ChooseOptions,
): Promise<EncodedSample[]> {
  const entries = []
  for (const path of data) entries.push(await entryFor(path))
  const planner = new StepPlanner({
    sources: await openSources(entries),
    encode: sample => encodePieces(tokenizer, sample, { length: longest }),
    sequence: longest,
    packing: 'none',
    batch: 1,
    epochs: 1,
    seed,
  })
  const chosen: EncodedSample[] = []
  try {
    while (chosen.length < count) {
      signal?.throwIfAborted()
      const step = await planner.next()
      if (step === undefined) break
      step.refused.forEach(onRefused)
      chosen.push(...step.rows.flat())
    }
  } finally {
    await planner.close()
  }
  if (chosen.length === 0) throw new DataError(`${data.join(', ')} has no sample that can be used`)
  return chosen
}

/** Samples to score on, at most, where none are named: of the calibration data, a fifth is held back. */
export const HELD_BACK = 32

/**
 * Divides what there is into `wanted` samples for calibration, or what is left of fewer, and others to be scored on. These
 * are spread evenly: at the end there may be samples of one source alone.
 */
export function holdBack(
  chosen: readonly EncodedSample[],
  wanted: number,
): { readonly calibration: readonly EncodedSample[]; readonly evaluation: readonly EncodedSample[] } {
  const count = chosen.length
  const fifth = Math.max(1, Math.round(count / 5))
  const held = count < 2 ? 0 : Math.min(HELD_BACK, Math.max(count - wanted, fifth))
  const places = new Set(Array.from({ length: held }, (_, i) => Math.floor(((i + 0.5) * count) / held)))
  return {
    calibration: chosen.filter((_, i) => !places.has(i)).slice(0, wanted),
    evaluation: chosen.filter((_, i) => places.has(i)),
  }
}
