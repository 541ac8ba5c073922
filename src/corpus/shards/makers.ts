/** What can be made: the recipe of each kind of corpus, and its maker. */
import type { z } from 'zod'
import type { Materials } from '../materials/materials.ts'
import type { Maker } from './maker.ts'

/** Kinds of corpora, as `qwen-vl corpus make` names them. */
export const corpusKinds = ['scenes', 'text', 'documents'] as const
export type CorpusKind = (typeof corpusKinds)[number]

/** What a kind's recipe may say, beside how many samples are made. */
export async function recipeSchemaOf(kind: CorpusKind): Promise<z.ZodObject> {
  switch (kind) {
    case 'scenes':
      return (await import('../scenes/recipe.ts')).sceneRecipeSchema
    case 'text':
      return (await import('../documents/recipe.ts')).textRecipeSchema
    case 'documents':
      return (await import('../documents/recipe.ts')).documentRecipeSchema
    default:
      return kind satisfies never
  }
}

/** The maker of a recipe that its schema has read. */
export async function openMaker(kind: CorpusKind, recipe: unknown, materials: Materials): Promise<Maker> {
  switch (kind) {
    case 'scenes': {
      const { sceneRecipeSchema } = await import('../scenes/recipe.ts')
      const { openSceneMaker } = await import('../scenes/makeScenes.ts')
      return openSceneMaker(sceneRecipeSchema.parse(recipe), materials)
    }
    case 'text': {
      const { textRecipeSchema } = await import('../documents/recipe.ts')
      const { openTextMaker } = await import('../documents/makeText.ts')
      return openTextMaker(textRecipeSchema.parse(recipe), materials)
    }
    case 'documents': {
      const { documentRecipeSchema } = await import('../documents/recipe.ts')
      const { openDocumentMaker } = await import('../documents/makeDocuments.ts')
      return openDocumentMaker(documentRecipeSchema.parse(recipe), materials)
    }
    default:
      return kind satisfies never
  }
}
