/** A recipe as YAML again, with everything in it: what a run's folder keeps, and what a resumed run is compared with. */
import { stringify } from 'yaml'
import type { Recipe } from './recipe.ts'

/** The keys in the order in which people write them. */
const order: readonly (keyof Recipe)[] = [
  ...(['name', 'objective', 'model', 'stage', 'train', 'lora', 'contrastive', 'resolution', 'sequence'] as const),
  ...(['packing', 'data', 'strict', 'batch', 'accumulation', 'steps', 'epochs', 'optimiser', 'schedule'] as const),
  ...(['precision', 'recompute', 'checkpoints', 'evaluation', 'seed', 'out'] as const),
]

/** The recipe as YAML. Read from anywhere, it gives an equal recipe: paths are absolute, defaults are written out. */
export function writeRecipe(recipe: Recipe): string {
  const keys = Object.keys(recipe) as (keyof Recipe)[]
  const sorted = [...keys].sort((a, b) => order.indexOf(a) - order.indexOf(b))
  const body = Object.fromEntries(sorted.map(key => [key, recipe[key]]))
  const head = '# The recipe of this run, with everything that it left to defaults and to the command line.\n'
  return `${head}${stringify(body, { lineWidth: 0, aliasDuplicateObjects: false })}`
}
