/**
 * Recipes: what is said about a training run before it begins. A YAML file in, a checked `Recipe` out, every mistake with
 * its line. Knows no model and runs nothing.
 *
 * Reading order: `recipe.ts` (what a recipe is), `schema.ts` (how it is written, with every default), `contradictions.ts`,
 * `parse.ts` (from text to recipe) with `places.ts`, `overrides.ts` and `resolve.ts`. Then what is done with one:
 * `forModel.ts`, `differences.ts`, `write.ts`, `describe.ts`.
 */

export { type Fault, RecipeError } from '../../corpus/recipe/faults.ts'
export { type DescribeOptions, describeRecipe } from './describe.ts'
export { type Difference, differences } from './differences.ts'
export { type BatchShape, batchShape, type ModelSizes, sizesFor } from './forModel.ts'
export type { RecipeOverrides } from './overrides.ts'
export { type FileOverrides, faultIn, type ParseOptions, parseRecipe, readRecipe } from './parse.ts'
export {
  type ContrastiveRecipe,
  type EvaluationRecipe,
  kindsFor,
  type LoraRecipe,
  type PartsModel,
  type Percentage,
  type Recipe,
  type RecipeData,
  type WholeModel,
  warmupSteps,
} from './recipe.ts'
export { recipeJsonSchema } from './schema.ts'
export { writeRecipe } from './write.ts'
