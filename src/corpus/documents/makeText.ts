/** The maker of `qwen-vl corpus make text`: words, numbers, lines and signs. Knows no files. */
import type { Materials } from '../materials/materials.ts'
import type { Maker } from '../shards/maker.ts'
import { composeText } from './composeText.ts'
import { openReadingMaker } from './makeReading.ts'
import type { TextRecipe } from './recipe.ts'

/** Opens the maker of a recipe. It throws a DocumentError where the materials have no font for what is drawn. */
export function openTextMaker(recipe: TextRecipe, materials: Materials): Maker {
  return openReadingMaker('text', recipe, materials, (random, options) =>
    composeText(random, materials, { ...options, content: random.weighted(recipe.contents) }),
  )
}
