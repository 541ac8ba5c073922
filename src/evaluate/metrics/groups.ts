/**
 * Figures of parts of a set: by subject, grade, capability. A sample may be in several parts. Knows no metrics.
 */

export interface GroupMean {
  readonly samples: number
  readonly mean: number
}

/** Group → mean score, in the order in which groups first occur. */
export function groupMeans<Item>(
  items: readonly Item[],
  scores: readonly number[],
  groupsOf: (item: Item) => readonly string[],
): Map<string, GroupMean> {
  const sums = new Map<string, { samples: number; sum: number }>()
  for (const [at, item] of items.entries()) {
    for (const group of groupsOf(item)) {
      const { samples, sum } = sums.get(group) ?? { samples: 0, sum: 0 }
      sums.set(group, { samples: samples + 1, sum: sum + (scores[at] ?? 0) })
    }
  }
  return new Map([...sums].map(([group, { samples, sum }]) => [group, { samples, mean: sum / samples }]))
}
