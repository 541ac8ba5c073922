/** What may stand under `data` in a recipe: sources of samples, as `openSources` takes them. */
import { z } from 'zod'
import { above0, group, path, say, textOf, whole } from './fields.ts'

const files = () => {
  const allowed = 'a path, a pattern, or a list of them'
  return z.union([textOf(allowed), z.array(textOf(allowed)).min(1)], say(allowed))
}

const source = group({
  conversations: files().describe('Official fine-tuning data: JSON or JSON lines').optional(),
  boxes: files().describe('Rows of a picture and boxes in its pixels').optional(),
  pairs: files().describe('Rows of a picture and a caption').optional(),
  shards: files().describe('WebDataset archives: a pattern, a list or a folder').optional(),
  text: files().describe('Paragraphs of plain text, or JSON lines with "text"').optional(),
  weight: above0().describe('How often it is drawn beside the others').default(1),
  task: textOf('a word').describe('Overrides the task that the source says').optional(),
  language: textOf('a language, such as en').describe('Overrides the language that the source says').optional(),
  pictures: path().describe("Where relative paths of pictures start (default: the file's own folder)").optional(),
  limit: whole().describe('Only the first so many entries').optional(),
})

/** A list of at least one source. */
export const sources = () => {
  const allowed = 'a list of sources, each beginning with "- "'
  return z.array(source, say(allowed)).min(1, say(allowed))
}
