/** Finds the names that are most like another one, for errors about names that do not exist. */

/** The most similar names, best first; none that have nothing in common with it. */
export function nearest(name: string, among: readonly string[], count: number): string[] {
  const wanted = pairs(name)
  return among
    .map(other => ({ other, score: similarity(wanted, pairs(other)) }))
    .filter(({ score }) => score > 0.4)
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ other }) => other)
}

function pairs(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i + 1 < text.length; i++) {
    const pair = text.slice(i, i + 2)
    counts.set(pair, (counts.get(pair) ?? 0) + 1)
  }
  return counts
}

/** Dice's coefficient of the pairs of neighbouring letters. */
function similarity(a: Map<string, number>, b: Map<string, number>): number {
  let shared = 0
  let total = 0
  for (const [pair, count] of a) shared += Math.min(count, b.get(pair) ?? 0)
  for (const counts of [a, b]) for (const count of counts.values()) total += count
  return total === 0 ? 0 : (2 * shared) / total
}
