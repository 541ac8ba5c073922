/** Pictures with captions, in the paper's form. Knows no files: it takes a row. */
import { z } from 'zod'
import type { Sample } from '../sample.ts'
import { checkRow, languageName, pictureIn, rowFields, sampleFields } from './rows.ts'

const schema = z.object({
  ...rowFields,
  image: z.string().min(1),
  caption: z.string().refine(caption => caption.trim() !== '', 'is empty'),
})

/**
 * `<img>…</img>Generate the caption in English: a dog on a beach<|endoftext|>`, of which the caption is learnt. A row is
 * `{ "image": "dog.jpg", "caption": "a dog on a beach", "language": "en" }`.
 * Source of the form: the paper's pre-training data (arXiv 2308.12966, appendix B).
 */
export function pairSample(row: unknown, { id, folder }: { readonly id: string; readonly folder: string }): Sample {
  const checked = checkRow(schema, row)
  return captionSample(sampleFields(checked, id), pictureIn(folder, checked.image), checked.caption, checked.task)
}

/** The sample of a picture and its caption. */
export function captionSample(
  fields: ReturnType<typeof sampleFields>,
  picture: Sample['pictures'][number],
  caption: string,
  task = 'caption',
): Sample {
  const question = `Generate the caption in ${languageName(fields.language)}:`
  return {
    ...fields,
    task,
    format: 'raw',
    pictures: [picture],
    turns: [
      { role: 'user', parts: [{ picture: 0 }, { text: question }] },
      { role: 'assistant', parts: [{ text: ` ${caption.trim()}` }] },
    ],
  }
}
