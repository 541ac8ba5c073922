/**
 * Makes `recipes/recipe.schema.json`, by which editors complete and check recipes, of `src/train/recipe/schema.ts`. Run
 * it after every change there; a test compares.
 *
 *     npx tsx scripts/make-recipe-schema.ts
 */
import { writeFileSync } from 'node:fs'
import { recipeJsonSchema } from '../src/train/recipe/index.ts'

const target = new URL('../recipes/recipe.schema.json', import.meta.url)
writeFileSync(target, `${JSON.stringify(recipeJsonSchema(), undefined, 2)}\n`)
