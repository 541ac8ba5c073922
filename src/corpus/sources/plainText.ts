/** Text to go on with, without pictures: a paragraph, or a row with a text. Knows no files. */
import { z } from 'zod'
import type { Sample } from '../sample.ts'
import { checkRow, rowFields, sampleFields } from './rows.ts'

const schema = z.object({ ...rowFields, text: z.string().refine(text => text.trim() !== '', 'is empty') })

/** The sample of `{ "text": "…" }`, or of a text as it is. */
export function textSample(row: unknown, { id }: { readonly id: string }): Sample {
  const checked = typeof row === 'string' ? { text: row } : checkRow(schema, row)
  return {
    ...sampleFields(checked, id),
    task: ('task' in checked ? checked.task : undefined) ?? 'text',
    format: 'raw',
    pictures: [],
    turns: [{ role: 'assistant', parts: [{ text: checked.text }] }],
  }
}
