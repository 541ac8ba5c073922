/** What the rows of all sources have in common: how they are checked, what they may say beside their content. */
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { SourceError } from './source.ts'

/** Fields that every row may have; they become fields of its samples. */
export const rowFields = {
  id: z.union([z.string(), z.number()]).optional(),
  task: z.string().min(1).optional(),
  language: z.string().min(1).optional(),
  licence: z.string().optional(),
  provenance: z.string().optional(),
}

export type RowFields = z.infer<z.ZodObject<typeof rowFields>>

/** A row of a schema. Throws a SourceError that lists what is wrong, by field. */
export function checkRow<Row>(schema: z.ZodType<Row>, row: unknown): Row {
  const result = schema.safeParse(row)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the row'}: ${message}`)
  throw new SourceError(faults.slice(0, 4).join('; '))
}

/** The fields of a sample that a row may give. `id` names the place, and the row's own name behind it. */
export function sampleFields(row: RowFields, id: string) {
  const { language, licence, provenance } = row
  return {
    id: row.id === undefined ? id : `${id} (${row.id})`,
    ...(language === undefined ? {} : { language }),
    ...(licence === undefined ? {} : { licence }),
    provenance: provenance ?? id,
  }
}

/** A picture of a row: addresses and absolute paths as they are, others from `folder` on. */
export const pictureIn = (folder: string, picture: string): string =>
  /^(https?|file|data):/i.test(picture) || isAbsolute(picture) ? picture : join(folder, picture)

/** `English` for `en`: languages as the questions of training name them. Others go by the name they were given. */
export const languageName = (language: string | undefined): string => {
  if (language === undefined || /^en\b/i.test(language)) return 'English'
  return /^zh\b/i.test(language) ? 'Chinese' : language
}
