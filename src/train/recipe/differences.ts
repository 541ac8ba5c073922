/** How two recipes differ, for a run that is to go on: what may change on the way, and what makes it another run. */
import { type KeyPath, keyText } from '../../corpus/recipe/faults.ts'
import type { Recipe } from './recipe.ts'

export interface Difference {
  /** `optimiser.learningRate` */
  readonly key: string
  /** As JSON; `none` where the key is missing. */
  readonly before: string
  readonly after: string
  /** Whether a run that began with the one may go on with the other. */
  readonly isHarmless: boolean
}

/** Keys that say nothing of what is computed. What begins with one of them is as harmless. */
const harmless = ['name', 'out', 'strict', 'recompute', 'checkpoints', 'evaluation']
/** How long it trains: more of it is harmless, since what was trained stays as it is. */
const lengths = ['steps', 'epochs']

/**
 * The keys in which two recipes differ, in the order of the first. Lists count as one value, as does all of `model`.
 * A run goes on with a longer `steps`; a schedule that ends at the last step then follows its new curve from there.
 */
export function differences(before: Recipe, after: Recipe): Difference[] {
  const [old, now] = [leaves(before), leaves(after)]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap(key => {
    const [was = 'none', is = 'none'] = [old.get(key), now.get(key)]
    if (was === is) return []
    const isLonger = lengths.includes(key) && Number(is) > Number(was)
    const isHarmless = isLonger || harmless.some(each => key === each || key.startsWith(`${each}.`))
    return [{ key, before: was, after: is, isHarmless }]
  })
}

/** Every value by its key, as JSON. */
function leaves(recipe: Recipe): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (value: unknown, path: KeyPath) => {
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value) && path[0] !== 'model'
    if (!isGroup) found.set(keyText(path), JSON.stringify(value, sortedKeys))
    else for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key])
  }
  for (const [key, value] of Object.entries(recipe)) if (value !== undefined) walk(value, [key])
  return found
}

/** Groups in lists differ by what they say, not by the order in which they say it. */
function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
