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
  const kept = topK > 0 ? topTokens(scores, topK) : possibleTokens(scores)
  const largest = kept.reduce((most, token) => Math.max(most, scores[token] as number), Number.NEGATIVE_INFINITY)
  const weightOf = (token: number) => Math.exp(((scores[token] as number) - largest) / temperature)
  const chosen = topP < 1 ? nucleus(kept, weightOf, topP) : kept
  let rest = random() * chosen.reduce((sum, token) => sum + weightOf(token), 0)
  for (const token of chosen) {
    rest -= weightOf(token)
    if (rest < 0) return token
  }
  return chosen.at(-1) as number
}

/** The likeliest tokens that together reach the share `topP` of all, at least one; likeliest first. */
function nucleus(tokens: readonly number[], weightOf: (token: number) => number, topP: number): number[] {
  const total = tokens.reduce((sum, token) => sum + weightOf(token), 0)
  // Tokens below this weight have less than 1 - topP of all together: the others reach topP without them. That leaves
  // few of a large vocabulary to sort.
  const least = ((1 - topP) * total) / tokens.length
  const candidates = tokens.filter(token => weightOf(token) >= least).map(token => ({ token, weight: weightOf(token) }))
  candidates.sort((a, b) => b.weight - a.weight || a.token - b.token)
  let sum = 0
  const last = candidates.findIndex(({ weight }) => {
    sum += weight
    return sum >= topP * total
  })
  return candidates.slice(0, last < 0 ? undefined : last + 1).map(({ token }) => token)
}

const possibleTokens = (scores: Float32Array): number[] =>
  [...scores.keys()].filter(token => scores[token] !== Number.NEGATIVE_INFINITY)

/** The `count` tokens of the highest scores, highest first; ties in the order of the vocabulary. */
function topTokens(scores: Float32Array, count: number): number[] {
  if (count === 0) return []
  // Typed arrays sort numbers fast; only what reaches the last place is sorted as tokens.
  const threshold = Float32Array.from(scores).sort()[Math.max(0, scores.length - count)] as number
  const candidates = possibleTokens(scores).filter(token => (scores[token] as number) >= threshold)
  return candidates.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b).slice(0, count)
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
