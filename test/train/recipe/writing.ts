/** Recipes for tests: a sound one, and what is said of a broken one. Knows nothing of what is tested. */
import { parseRecipe, type Recipe, RecipeError, type RecipeOverrides } from '../../../src/train/recipe/index.ts'

/** The folder that relative paths of tests start at, and the file in it. */
export const folder = '/work place'
export const file = 'recipes/my.yaml'

/** The shortest recipe that says all that it must. */
export const shortest = `
model: { from: ../models/base }
stage: 2
data:
  - pairs: captions.jsonl
batch: 8
steps: 100
optimiser: { learningRate: 1e-4 }
`.trimStart()

export const parse = (text: string, overrides: RecipeOverrides = {}): Recipe =>
  parseRecipe(text, { file, folder, overrides })

/** What is wrong with a recipe, one line for each fault; nothing where it is sound. */
export function faultsOf(text: string, overrides: RecipeOverrides = {}): string[] {
  try {
    parse(text, overrides)
    return []
  } catch (error) {
    if (error instanceof RecipeError) return error.message.split('\n')
    throw error
  }
}

/** The shortest recipe with other lines: of a key that it has, in its place, else at the end. */
export function recipeWith(lines: Readonly<Record<string, string | undefined>>): string {
  const blocks = new Map(shortest.split(/^(?=\w)/m).map(block => [block.slice(0, block.indexOf(':')), block]))
  for (const [key, value] of Object.entries(lines)) {
    if (value === undefined) blocks.delete(key)
    else blocks.set(key, `${key}: ${value}\n`)
  }
  return [...blocks.values()].join('')
}
