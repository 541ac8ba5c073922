/** The maker of `qwen-vl corpus make documents`: receipts, cards, menus and other small pages. Knows no files. */
import type { Materials } from '../materials/materials.ts'
import type { Maker } from '../shards/maker.ts'
import { composeDocument } from './composeDocument.ts'
import { openReadingMaker } from './makeReading.ts'
import type { DocumentRecipe } from './recipe.ts'

/** Opens the maker of a recipe. It throws a DocumentError where the materials have no font for what is drawn. */
export function openDocumentMaker(recipe: DocumentRecipe, materials: Materials): Maker {
  return openReadingMaker('documents', recipe, materials, (random, options) =>
    composeDocument(random, materials, { ...options, kind: random.weighted(recipe.kinds) }),
  )
}
