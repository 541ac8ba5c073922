/**
 * Choosing a token from scores: the processors and warpers of transformers 4.31, in its order, and a seeded draw.
 * Knows nothing of texts or models.
 */

export interface SamplingOptions {
  /** Draw at random (default), or always take the likeliest. */
  readonly sample?: boolean
  /** Scores are divided by it; below 1 likely tokens gain (default 1). */
  readonly temperature?: number
  /** Only so many of the likeliest are drawn from; 0 (default) is all. */
  readonly topK?: number
  /** Only the likeliest whose probabilities together reach this are drawn from (default 1: all). */
  readonly topP?: number
  /** Scores of tokens that occurred are divided by it, or multiplied if negative (default 1; arXiv 1909.05858). */
  readonly repetitionPenalty?: number
  /** Taken from the score of a token for each time that it was written (default 0). */
  readonly frequencyPenalty?: number
  /** Taken from the score of a token that was written at all (default 0). */
  readonly presencePenalty?: number
}

export interface Choice {
  readonly token: number
  /** log softmax of the scores before any processing, natural logarithm. */
  readonly logProbability: number
  /** The likeliest tokens, likeliest first, when they were asked for. */
  readonly top: readonly { readonly token: number; readonly logProbability: number }[]
}

/** Throws a RangeError that names the option and the range. */
export function checkSampling(options: SamplingOptions): void {
  const rules: readonly [keyof SamplingOptions, (value: number) => boolean, string][] = [
    ['temperature', value => value >= 0, 'must not be negative'],
    ['topK', value => Number.isInteger(value) && value >= 0, 'must be a whole number, 0 for all'],
    ['topP', value => value > 0 && value <= 1, 'must lie above 0 and not above 1'],
    ['repetitionPenalty', value => value > 0, 'must be above 0'],
    ['frequencyPenalty', value => Math.abs(value) <= 2, 'must lie between -2 and 2'],
    ['presencePenalty', value => Math.abs(value) <= 2, 'must lie between -2 and 2'],
  ]
  for (const [name, holds, rule] of rules) {
    const value = options[name]
    if (typeof value === 'number' && !holds(value)) throw new RangeError(`${name} ${value} ${rule}`)
  }
}

/**
 * Chooses one token. `scores` [vocabulary] are left as they are. `prompt` and `written` are what came before; tokens in
 * `forbidden` cannot be chosen. `random` gives numbers in [0, 1).
 */
export function choose(
  scores: Float32Array,
  {
    prompt,
    written,
    forbidden = [],
  }: { prompt: readonly number[]; written: readonly number[]; forbidden?: Iterable<number> },
  options: SamplingOptions,
  random: () => number,
  topCount = 0,
): Choice {
  const processed = Float32Array.from(scores)
  penalise(processed, prompt, written, options)
  for (const token of forbidden) processed[token] = Number.NEGATIVE_INFINITY
  const isGreedy = options.sample === false || options.temperature === 0
  const token = isGreedy ? likeliest(processed) : draw(processed, options, random)
  const normaliser = logSumExp(scores)
  return {
    token,
    logProbability: (scores[token] as number) - normaliser,
    top: topTokens(scores, topCount).map(other => ({
      token: other,
      logProbability: (scores[other] as number) - normaliser,
    })),
  }
}

function penalise(
  scores: Float32Array,
  prompt: readonly number[],
  written: readonly number[],
  options: SamplingOptions,
): void {
  const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = options
  if (repetitionPenalty !== 1) {
    for (const token of new Set([...prompt, ...written])) {
      const score = scores[token]
      if (score !== undefined) scores[token] = score < 0 ? score * repetitionPenalty : score / repetitionPenalty
    }
  }
  if (frequencyPenalty === 0 && presencePenalty === 0) return
  const counts = new Map<number, number>()
  for (const token of written) counts.set(token, (counts.get(token) ?? 0) + 1)
  for (const [token, count] of counts)
    scores[token] = (scores[token] as number) - frequencyPenalty * count - presencePenalty
}

/** The first of the largest. */
function likeliest(scores: Float32Array): number {
  let best = 0
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i
  return best
}

function draw(
  scores: Float32Array,
  { temperature = 1, topK = 0, topP = 1 }: SamplingOptions,
  random: () => number,
): number {
  const order = topTokens(scores, topK > 0 ? topK : scores.length)
  const largest = scores[order[0] as number] as number
  const weights = order.map(token => Math.exp(((scores[token] as number) - largest) / temperature))
  const kept = nucleus(weights, topP)
  const total = weights.slice(0, kept).reduce((sum, weight) => sum + weight, 0)
  let rest = random() * total
  for (let i = 0; i < kept; i++) {
    rest -= weights[i] as number
    if (rest < 0) return order[i] as number
  }
  return order[kept - 1] as number
}

/** How many of the likeliest it takes to reach the share `topP` of all, at least one. */
function nucleus(weights: readonly number[], topP: number): number {
  if (topP >= 1) return weights.length
  const enough = topP * weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  const last = weights.findIndex(weight => {
    sum += weight
    return sum >= enough
  })
  return last < 0 ? weights.length : last + 1
}

/** The `count` tokens of the highest scores, highest first; ties in the order of the vocabulary. */
function topTokens(scores: Float32Array, count: number): number[] {
  if (count === 0) return []
  const order = Array.from(scores.keys()).filter(token => scores[token] !== Number.NEGATIVE_INFINITY)
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
  return order.slice(0, count)
}

function logSumExp(scores: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY
  for (const score of scores) largest = Math.max(largest, score)
  let sum = 0
  for (const score of scores) sum += Math.exp(score - largest)
  return largest + Math.log(sum)
}

/** Numbers in [0, 1) from a seed, the same everywhere: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
