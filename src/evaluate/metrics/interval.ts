/**
 * How far a figure may be from what infinitely many samples would give: intervals that hold the true value in 95 of 100
 * cases. Knows no metrics, only counts and sums.
 */
import { MetricError } from './errors.ts'

/** Both ends are included. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** The 97.5% point of the normal distribution. */
const Z = 1.959963984540054

/**
 * Wilson's score interval of a share, `right` of `samples`:
 *
 *     (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)
 *
 * It stays within 0 … 1 and has a width even where all are right. Throws a MetricError unless 0 ≤ right ≤ samples > 0.
 *
 * Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
 */
export function wilsonInterval(right: number, samples: number): Interval {
  if (!(samples > 0 && right >= 0 && right <= samples)) {
    throw new MetricError(`${right} right of ${samples} samples is no share: give 0 … n of n > 0`)
  }
  const share = right / samples
  const middle = share + Z ** 2 / (2 * samples)
  const half = Z * Math.sqrt((share * (1 - share)) / samples + Z ** 2 / (4 * samples ** 2))
  const all = 1 + Z ** 2 / samples
  return { low: Math.max(0, (middle - half) / all), high: Math.min(1, (middle + half) / all) }
}

export interface BootstrapOptions {
  /** How often as many samples are drawn again as there are (default 1,000). */
  readonly resamples?: number
  /** The same seed gives the same interval (default 0). */
  readonly seed?: number
}

/**
 * The interval between the 2.5% and the 97.5% point of a figure over samples drawn again with replacement. `counts` is
 * what each sample adds to the sums, [samples][counts]; `figure` makes the figure of the sums.
 *
 * Source: B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7 (1979).
 */
export function bootstrapInterval(
  counts: readonly (readonly number[])[],
  figure: (sums: readonly number[], samples: number) => number,
  { resamples = 1000, seed = 0 }: BootstrapOptions = {},
): Interval {
  const width = counts[0]?.length ?? 0
  if (width === 0) throw new MetricError('no samples to draw from: give at least one')
  const random = randomNumbers(seed)
  const figures = new Float64Array(resamples)
  const sums = new Array<number>(width)
  for (let draw = 0; draw < resamples; draw++) {
    sums.fill(0)
    for (let i = 0; i < counts.length; i++) {
      const sample = counts[Math.floor(random() * counts.length)] as readonly number[]
      for (let j = 0; j < width; j++) sums[j] = (sums[j] as number) + (sample[j] as number)
    }
    figures[draw] = figure(sums, counts.length)
  }
  figures.sort()
  const at = (share: number) => figures[Math.min(resamples - 1, Math.floor(share * resamples))] as number
  return { low: at(0.025), high: at(0.975) }
}

/** Numbers in [0, 1) by mulberry32: the same on every machine. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
