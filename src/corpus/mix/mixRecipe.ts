/** What a recipe for mixing says. Knows no files but its own. */
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { checkRecipe } from '../recipe/check.ts'
import { sources } from '../recipe/dataFields.ts'
import { below1, group, whole } from '../recipe/fields.ts'
import { Places } from '../recipe/places.ts'
import { parseYaml, readRecipeText } from '../recipe/yaml.ts'

export const mixRecipeSchema = group({
  seed: whole(0).describe('The same seed gives the same order').default(1),
  count: whole().describe('Samples in all; without it, every one').optional(),
  shard: whole().describe('Samples of an archive').default(10_000),
  split: group({
    heldOut: below1().describe('Share of the pictures that only held-out samples have').default(0),
  }).prefault({}),
  data: sources(),
})

export type MixRecipe = z.output<typeof mixRecipeSchema>

/** The recipe, and the folder where its relative paths start. Throws a RecipeError. */
export async function readMixRecipe(
  recipe: string | Readonly<Record<string, unknown>>,
): Promise<{ readonly recipe: MixRecipe; readonly folder: string }> {
  if (typeof recipe !== 'string') {
    return { recipe: checkRecipe(mixRecipeSchema, recipe, new Places('recipe')), folder: process.cwd() }
  }
  const { contents, places } = parseYaml(await readRecipeText(recipe), recipe)
  return { recipe: checkRecipe(mixRecipeSchema, contents, places), folder: dirname(resolve(recipe)) }
}
