/** The learning rate of each step of a run. Knows nothing but the number of the step. */

export interface Schedule {
  /** How it falls after the warm-up: along half a cosine, along a line, or not at all. */
  readonly shape: 'cosine' | 'linear' | 'constant'
  /** The largest learning rate. */
  readonly peak: number
  /** Steps of the linear rise from 0: the last of them has the peak. Without warm-up the first step has it. */
  readonly warmup: number
  /** Learning rate of the last step. Of no account for a constant one. */
  readonly floor: number
  /** Of the whole run. */
  readonly steps: number
}

/**
 * The learning rate of a step; steps count from 1.
 *
 *     rising:   peak · step / warmup
 *     falling:  floor + (peak - floor) · ½ (1 + cos π x)   (cosine), or · (1 - x)   (linear)
 *               where x = (step - warmup) / (steps - warmup)
 *
 * Steps beyond the last have the last one's. Throws a RangeError for a schedule that makes no sense.
 */
export function learningRateAt(step: number, schedule: Schedule): number {
  checkSchedule(schedule)
  if (!Number.isInteger(step) || step < 1) throw new RangeError(`there is no step ${step}: steps count from 1`)
  const { shape, peak, floor, steps } = schedule
  const warmup = Math.max(1, schedule.warmup)
  if (step <= warmup) return peak * (step / warmup)
  const done = Math.min(1, (step - warmup) / (steps - warmup))
  switch (shape) {
    case 'cosine':
      return floor + (peak - floor) * 0.5 * (1 + Math.cos(Math.PI * done))
    case 'linear':
      return floor + (peak - floor) * (1 - done)
    case 'constant':
      return peak
    default:
      throw new RangeError(`there is no schedule "${shape satisfies never}": choose cosine, linear or constant`)
  }
}

function checkSchedule({ shape, peak, warmup, floor, steps }: Schedule): void {
  if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`a run of ${steps} steps: it must have 1 or more`)
  if (!Number.isInteger(warmup) || warmup < 0 || warmup > steps)
    throw new RangeError(`a warm-up of ${warmup} steps: it must be from 0 to the ${steps} steps of the run`)
  if (!(peak >= 0 && Number.isFinite(peak)))
    throw new RangeError(`the largest learning rate is ${peak}: it must be a number from 0 on`)
  if (shape !== 'constant' && !(floor >= 0 && floor <= peak))
    throw new RangeError(`the last learning rate is ${floor}: it must be from 0 to the largest one, ${peak}`)
}
