/** Runs of tokens and how often they occur. Knows no scores. */

/** Longest run that caption metrics count. */
export const longestGram = 4

/** Runs of 1 … 4 tokens → how often they occur; the tokens of a run are joined by a blank, which no token holds. */
export function countGrams(tokens: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (let size = 1; size <= longestGram; size++) {
    for (let at = 0; at + size <= tokens.length; at++) {
      const gram = tokens.slice(at, at + size).join(' ')
      counts.set(gram, (counts.get(gram) ?? 0) + 1)
    }
  }
  return counts
}

/** How many tokens a run has. */
export function sizeOf(gram: string): number {
  let size = 1
  for (let at = gram.indexOf(' '); at !== -1; at = gram.indexOf(' ', at + 1)) size++
  return size
}
