/** The data of a recipe, looked at before it is trained on: `checkData` with what the recipe says. */
import { join } from 'node:path'
import { openSources } from '../corpus/sources/openSources.ts'
import {
  type CheckDataOptions,
  checkData,
  type DataSummary,
  type ShownRefusal,
  type ShownSample,
} from './data/checkData.ts'
import { type Recipe, sizesFor } from './recipe/index.ts'
import { openOrigin } from './run/origin.ts'

/**
 * The first samples in the order of training, those that would be left out, and the counts. Pictures are drawn into
 * `check-data` of the run's folder.
 */
export async function* checkRecipeData(
  recipe: Recipe,
  options: Pick<CheckDataOptions, 'samples' | 'colour' | 'signal'>,
): AsyncGenerator<ShownSample | ShownRefusal | DataSummary> {
  const origin = await openOrigin(recipe.model, recipe.seed)
  try {
    const sources = await openSources(recipe.data)
    const { sequence } = sizesFor(recipe, origin.config)
    const { tokenizer } = origin
    yield* checkData({
      ...options,
      sources,
      tokenizer,
      sequence,
      seed: recipe.seed,
      folder: join(recipe.out, 'check-data'),
    })
  } finally {
    await origin.dispose()
  }
}
