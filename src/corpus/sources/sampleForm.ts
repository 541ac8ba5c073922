/**
 * A whole sample as JSON, as archives of this project hold it: pictures by the names of members. Knows no archives.
 */
import { z } from 'zod'
import type { Sample } from '../sample.ts'
import { checkRow, rowFields, sampleFields } from './rows.ts'

const schema = z.object({
  ...rowFields,
  task: z.string().min(1),
  format: z.enum(['chatml', 'raw']),
  numbering: z.enum(['spaced', 'none']).optional(),
  references: z.array(z.string()).optional(),
  turns: z
    .array(
      z.object({
        role: z.enum(['system', 'user', 'assistant']),
        parts: z.array(z.union([z.object({ text: z.string() }), z.object({ picture: z.int().nonnegative() })])),
      }),
    )
    .min(1),
  pictures: z.array(z.string().min(1)).default([]),
  record: z.unknown().optional(),
})

/**
 * The sample of
 *
 *     { "task": "caption", "format": "raw", "pictures": ["0001.0.png"], "language": "en",
 *       "turns": [{ "role": "user", "parts": [{ "picture": 0 }, { "text": "Generate …" }] }, …] }
 *
 * `picture` gives what a name in `pictures` stands for. Throws a SourceError for a sample of another form.
 */
export function readSampleForm(
  row: unknown,
  id: string,
  picture: (name: string) => Sample['pictures'][number],
): Sample {
  const { task, format, numbering, references, turns, pictures, record, ...fields } = checkRow(schema, row)
  return {
    ...sampleFields(fields, id),
    ...{ task, format, turns },
    ...(numbering === undefined ? {} : { numbering }),
    ...(references === undefined ? {} : { references }),
    ...(record === undefined ? {} : { record }),
    pictures: pictures.map(picture),
  }
}
