/** Pairs things that were wanted with things that were given, as many as can be. Knows nothing of what they are. */

/**
 * The most pairs that can be made where each thing is in one pair at most and `fits` allows the pair (a maximum
 * matching of a bipartite graph, by augmenting paths). Unlike taking the best fit first, it does not depend on the order
 * in which an answer names its things.
 */
export function mostPairs<Wanted, Given>(
  wanted: readonly Wanted[],
  given: readonly Given[],
  fits: (wanted: Wanted, given: Given) => boolean,
): number {
  const allowed = wanted.map(each => given.flatMap((other, at) => (fits(each, other) ? [at] : [])))
  const takenBy = new Array<number | undefined>(given.length)
  const place = (at: number, tried: Set<number>): boolean => {
    for (const other of allowed[at] as number[]) {
      if (tried.has(other)) continue
      tried.add(other)
      const holder = takenBy[other]
      if (holder !== undefined && !place(holder, tried)) continue
      takenBy[other] = at
      return true
    }
    return false
  }
  return wanted.filter((_, at) => place(at, new Set())).length
}

/** `[pairs, wanted, given]` → 2 · pairs / (wanted + given), the harmonic mean of recall and precision; 1 of nothing. */
export const pairF1 = ([pairs = 0, wanted = 0, given = 0]: readonly number[]): number =>
  wanted + given === 0 ? 1 : (2 * pairs) / (wanted + given)

/** `[pairs, wanted]` → pairs / wanted; 1 where nothing was wanted. */
export const pairRecall = ([pairs = 0, wanted = 0]: readonly number[]): number => (wanted === 0 ? 1 : pairs / wanted)
