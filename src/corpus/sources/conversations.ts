/**
 * Conversations in the form of the official fine-tuning data. Pictures stand in the text as `<img>path</img>`, and the
 * text announces them itself. Knows no files: it takes a row.
 *
 * Source: finetune.py and the README of the official repository.
 */
import { z } from 'zod'
import { splitPictures } from '../../text/index.ts'
import type { Sample, SamplePart, SampleTurn } from '../sample.ts'
import { checkRow, pictureIn, rowFields, sampleFields } from './rows.ts'

/** Who speaks, in the words of the official data and of others that have the same form. */
const roles: Readonly<Record<string, SampleTurn['role']>> = {
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  system: 'system',
}

const schema = z.object({
  ...rowFields,
  conversations: z
    .array(
      z.object({
        from: z.enum(Object.keys(roles) as [string, ...string[]], {
          error: ({ input }) => `${JSON.stringify(input)} is none of ${Object.keys(roles).join(', ')}`,
        }),
        value: z.string(),
      }),
    )
    .min(1, 'has no turns'),
})

/**
 * The sample of a row:
 *
 *     { "id": "1", "conversations": [
 *       { "from": "user", "value": "Picture 1: <img>street.jpg</img>\nWhere is the bus?" },
 *       { "from": "assistant", "value": "<ref>the bus</ref><box>(536,509),(588,602)</box>" }] }
 *
 * `picture` makes a picture of what stands between the tags; default: a path from `folder` on.
 */
export function conversationSample(
  row: unknown,
  { id, folder }: { readonly id: string; readonly folder: string },
  picture: (name: string) => Sample['pictures'][number] = name => pictureIn(folder, name),
): Sample {
  const checked = checkRow(schema, row)
  const pictures: Sample['pictures'][number][] = []
  const turns = checked.conversations.map(({ from, value }): SampleTurn => {
    const parts = splitPictures(value).map((part): SamplePart => {
      if ('text' in part) return part
      pictures.push(picture(part.image))
      return { picture: pictures.length - 1 }
    })
    return { role: roles[from] as SampleTurn['role'], parts }
  })
  const task = checked.task ?? 'chat'
  return { ...sampleFields(checked, id), task, format: 'chatml', numbering: 'none', pictures, turns }
}
