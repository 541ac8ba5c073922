/**
 * Multiple choice asked in all rotations of the options, so that a model which likes one letter gains nothing. Knows
 * letters and texts of options, not how an answer becomes one (`optionLetter.ts`).
 *
 * Source: MMBench (Y. Liu et al., arXiv 2307.06281), as in QwenLM/Qwen-VL, eval_mm/mmbench.
 */
import { MetricError } from './errors.ts'
import { accuracyMetric, meanMetric } from './metric.ts'

/** One question, asked once for each rotation. */
export interface CircularItem {
  readonly rotations: readonly {
    /** The text of the option that was chosen; undefined where the answer chose none. */
    readonly prediction: string | undefined
    readonly answer: string
  }[]
}

/** Right only if every rotation is. */
export const circularAccuracy = accuracyMetric<CircularItem>('circular', item =>
  rotationsOf(item).every(({ prediction, answer }) => prediction === answer),
)

/**
 * Right if more rotations chose the right option than any other. The original breaks ties at random; here a tie of n
 * options with the right one among them scores 1/n, which is what that gives on average.
 */
export const circularMajority = meanMetric<CircularItem>('circular-majority', item => {
  const rotations = rotationsOf(item)
  const votes = new Map<string | undefined, number>()
  for (const { prediction } of rotations) votes.set(prediction, (votes.get(prediction) ?? 0) + 1)
  const most = Math.max(...votes.values())
  const chosen = [...votes].filter(([, count]) => count === most).map(([prediction]) => prediction)
  return chosen.includes(rotations[0]?.answer) ? 1 / chosen.length : 0
})

function rotationsOf({ rotations }: CircularItem): CircularItem['rotations'] {
  if (rotations.length > 0) return rotations
  throw new MetricError('a question has no rotations: give each way in which it was asked')
}
