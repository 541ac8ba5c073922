/** Curves made calm: an exponential mean. Knows numbers only. */

/**
 * The exponential mean of a series, value by value. A value that came `span` values ago counts e⁻¹ of the newest. From
 * the first value on it is a true weighted mean, not one that starts at zero. Values that are not finite are passed over.
 */
export class ExponentialMean {
  readonly #keep: number
  #sum = 0
  #weight = 0

  constructor(span: number) {
    this.#keep = span > 0 ? Math.exp(-1 / span) : 0
  }

  /** Takes a value, and gives the mean: NaN before the first finite value. */
  add(value: number): number {
    if (Number.isFinite(value)) {
      this.#sum = this.#sum * this.#keep + value
      this.#weight = this.#weight * this.#keep + 1
    }
    return this.mean
  }

  get mean(): number {
    return this.#sum / this.#weight
  }
}

/** A whole series made calm; NaN where there is no value, so that gaps stay gaps. A span of 0 changes nothing. */
export function smooth(values: readonly number[], span: number): number[] {
  const mean = new ExponentialMean(span)
  return values.map(value => (Number.isFinite(value) ? mean.add(value) : Number.NaN))
}

/** The same for values of which ratios count: their geometric mean. One that is not positive is passed over. */
export const smoothRatios = (values: readonly number[], span: number): number[] =>
  smooth(
    values.map(value => (value > 0 ? Math.log(value) : Number.NaN)),
    span,
  ).map(Math.exp)

/** A span that suits a run of so many steps: a hundredth of it, from 5 to 100. */
export const usualSpan = (steps: number): number => Math.round(Math.min(100, Math.max(5, steps / 100)))

/**
 * Which places of a series to draw where there are too many: of each group of neighbours the lowest and the highest, so
 * that no spike is lost. All places if there are no more than `most`. Values that are not finite are kept as the extremes
 * that they are.
 */
export function thin(values: readonly number[], most: number): number[] {
  const all = values.length
  if (all <= most) return values.map((_, i) => i)
  const groups = Math.max(1, Math.floor(most / 2))
  const kept: number[] = []
  const rank = (i: number) => {
    const value = values[i] as number
    return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value
  }
  for (let group = 0; group < groups; group++) {
    const from = Math.floor((group * all) / groups)
    const to = Math.floor(((group + 1) * all) / groups)
    let low = from
    let high = from
    for (let i = from + 1; i < to; i++) {
      if (rank(i) < rank(low)) low = i
      if (rank(i) > rank(high)) high = i
    }
    kept.push(Math.min(low, high))
    if (low !== high) kept.push(Math.max(low, high))
  }
  return kept
}
