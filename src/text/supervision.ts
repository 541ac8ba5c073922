/**
 * A conversation to learn from: token ids, and the label of each. Knows nothing of batches, padding or losses.
 *
 * Source: `preprocess` of finetune.py in the official repository.
 */
import { defaultSystem, type Message } from './chat.ts'
import { ContentEncoder, type ContentOptions, type PlacedPicture } from './content.ts'
import { TextError } from './errors.ts'
import type { Tokenizer } from './tokenizer.ts'

/** The label of a token that is not learnt. */
export const ignoredLabel = -100

export interface SupervisedConversation<Image> {
  readonly ids: readonly number[]
  /** For each id itself (not the next one): the id where it is learnt, else -100. */
  readonly labels: readonly number[]
  readonly pictures: readonly PlacedPicture<Image>[]
}

/**
 * ChatML with `⏎` after every turn. Learnt are what the assistant says, and of every turn, whoever speaks,
 * `<|im_start|>`, `<|im_end|>` and the last line break; not learnt are roles, the system's and the user's words, and
 * pictures. A first message from the assistant is left out.
 *
 * Two things differ from the original: control tokens in a sample's text are text unless `specials` is `all`, and a
 * picture in the assistant's words is not learnt (the original would teach the bytes of its path).
 */
export function supervise<Image>(
  tokenizer: Tokenizer,
  conversation: readonly Message<Image>[],
  options: ContentOptions & { readonly system?: string } = {},
): SupervisedConversation<Image> {
  const { imStart, imEnd } = tokenizer.ids
  const encoder = new ContentEncoder<Image>(tokenizer, options)
  const newline = tokenizer.encode('\n')
  const [first, ...rest] = conversation
  const given = first?.role === 'system' ? first : { role: 'system' as const, content: options.system ?? defaultSystem }
  const messages = first?.role === 'system' || first?.role === 'assistant' ? rest : conversation

  const ids: number[] = []
  const labels: number[] = []
  const pictures: PlacedPicture<Image>[] = []
  const add = (more: readonly number[], learnt: boolean) => {
    for (const id of more) {
      ids.push(id)
      labels.push(learnt ? id : ignoredLabel)
    }
  }
  const turn = ({ role, content }: Message<Image>) => {
    add([imStart], true)
    add([...tokenizer.encode(role), ...newline], false)
    const offset = ids.length
    const encoded = encoder.encode(content)
    add(encoded.ids, role === 'assistant')
    for (const picture of encoded.pictures) {
      const [start, end] = [picture.start + offset, picture.end + offset]
      labels.fill(ignoredLabel, start, end)
      pictures.push({ ...picture, start, end })
    }
    add([imEnd, ...newline], true)
  }
  turn(given)
  messages.forEach((message, i) => {
    const expected = i % 2 === 0 ? 'user' : 'assistant'
    if (message.role !== expected) {
      const found = `turn ${i + 1} of the sample is from "${message.role}"`
      throw new TextError('conversation', `${found}: users and assistants take turns, here comes the ${expected}`)
    }
    turn(message)
  })
  return { ids, labels, pictures }
}
