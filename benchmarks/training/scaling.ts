/** One process against two, each with one core and one thread: the same step, whose rows the two share. */
import type { Stage } from '../../src/train/stages.ts'
import { medianOf, medianRatio, summarise, type Timing } from '../measure.ts'
import { launchOwn } from './ownProcess.ts'
import type { StepParts } from './step.ts'

export interface Scaling {
  readonly one: Timing
  readonly two: Timing
  /** One process's time over that of two, the median over rounds: 2 would be perfect. */
  readonly factor: number
  /** Milliseconds of a step of two: gradients added up and parameters gathered; and until the slower one is there. */
  readonly exchange: number
  readonly waiting: number
}

/** Steps that do not count: sessions plan their memory in the first ones. */
const WARM_UP = 3

/**
 * A round starts both anew, one after the other, and takes the median of `steps` of each. Rejects where mpirun cannot
 * start two processes with a core each.
 */
export async function measureScaling(stage: Stage, isCached: boolean, rounds: number, steps: number): Promise<Scaling> {
  const one: number[] = []
  const two: number[] = []
  const parts: StepParts[] = []
  const options = { stage, isCached, threads: 1, warmUp: WARM_UP, steps }
  const whole = (taken: readonly StepParts[]) => medianOf(taken.map(step => step.whole))
  for (let round = 0; round < rounds; round++) {
    one.push(whole(await launchOwn(1, options)))
    const taken = await launchOwn(2, options)
    two.push(whole(taken))
    parts.push(...taken)
  }
  return {
    one: summarise(one),
    two: summarise(two),
    factor: medianRatio(one, two),
    exchange: medianOf(parts.map(({ exchange }) => exchange)),
    waiting: medianOf(parts.map(({ waiting }) => waiting)),
  }
}
