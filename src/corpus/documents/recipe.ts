/** What a recipe of pictures of text, and of pages, may say. Knows no files. */
import type { z } from 'zod'
import { group } from '../recipe/fields.ts'
import { makerFields, shares } from '../shards/recipeFields.ts'
import { textContents } from './composeText.ts'
import { pageKinds } from './pages/index.ts'

/** What is asked about a picture of text. */
export const readingTasks = ['ocr', 'read'] as const
export type ReadingTask = (typeof readingTasks)[number]

const tasks = () =>
  shares(readingTasks, { ocr: 1, read: 1 }).describe('ocr: all lines with their places; read: free questions')

/** `qwen-vl corpus make text`. */
export const textRecipeSchema = group({
  ...makerFields,
  tasks: tasks(),
  contents: shares(textContents, { word: 3, random: 3, digits: 2, line: 2, sign: 2, lines: 1.5 }).describe(
    'What the pictures show',
  ),
})
export type TextRecipe = z.output<typeof textRecipeSchema>

/** `qwen-vl corpus make documents`. */
export const documentRecipeSchema = group({
  ...makerFields,
  tasks: tasks(),
  kinds: shares(pageKinds, { receipt: 1, card: 1, notice: 1, table: 1, menu: 1, label: 1, ticket: 1 }).describe(
    'Which pages the pictures show',
  ),
})
export type DocumentRecipe = z.output<typeof documentRecipeSchema>
