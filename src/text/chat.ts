/**
 * Prompts: a conversation in ChatML, or a raw text → token ids, and which picture fills which span. Equal to the
 * original's `make_context`, which docs/fidelity.md holds against this point by point. Runs no model and opens no
 * pictures.
 */
import {
  type Content,
  ContentEncoder,
  type ContentOptions,
  type EncodedContent,
  type PlacedPicture,
} from './content.ts'
import { type PromptSize, PromptTooLongError, TextError } from './errors.ts'
import type { Tokenizer } from './tokenizer.ts'

export interface Message<Image> {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: Content<Image>
}

/** `generation_config.json` of a checkpoint says which: Qwen-VL-Chat has chatml, Qwen-VL has raw. */
export type ChatFormat = 'chatml' | 'raw'

export const defaultSystem = 'You are a helpful assistant.'

export interface WindowOptions {
  /** Tokens that the model takes, prompt and answer together. A prompt that leaves none for an answer is refused. */
  readonly window?: number
}

export interface ChatOptions extends ContentOptions, WindowOptions {
  /** The system message, where the conversation has none. */
  readonly system?: string
  /**
   * Turns are kept, newest first, while system + turn + turns kept already are fewer than this many tokens; the question
   * is not counted. `max_window_size` of generation_config.json. Default 6144.
   */
  readonly historyWindow?: number
}

export interface Prompt<Image> {
  readonly ids: readonly number[]
  /** The pictures in the order of their spans. */
  readonly pictures: readonly PlacedPicture<Image>[]
  readonly size: PromptSize
  /** Messages, from the oldest on, that did not fit into the history window. */
  readonly dropped: number
}

/**
 * The prompt of a conversation:
 *
 *     <|im_start|>system⏎You are a helpful assistant.<|im_end|>⏎
 *     <|im_start|>user⏎Picture 1: <img>…</img>⏎What is this?<|im_end|>⏎
 *     <|im_start|>assistant⏎
 *
 * A system message may come first; then users ask and the assistant answers. A question without an answer is followed by
 * one line break more, as in the original. If the last message is the assistant's, its turn stays open and the model
 * goes on with it. Roles and contents are encoded separately. Control tokens in anybody's text are text.
 *
 *     const { ids, pictures } = chatPrompt(tokenizer, [{ role: 'user', content: [{ image }, { text: 'What is this?' }] }])
 *
 * Throws a TextError for roles in another order, and a PromptTooLongError with the arithmetic.
 */
export function chatPrompt<Image>(
  tokenizer: Tokenizer,
  messages: readonly Message<Image>[],
  options: ChatOptions = {},
): Prompt<Image> {
  const { historyWindow = 6144 } = options
  const { imStart, imEnd } = tokenizer.ids
  const encoder = new ContentEncoder<Image>(tokenizer, options)
  const newline = tokenizer.encode('\n')
  const head = (role: Message<Image>['role']) => [imStart, ...tokenizer.encode(role), ...newline]
  const closed = (message: Message<Image>) => [head(message.role), encoder.encode(message.content), [imEnd]]

  const { system, turns, question, prefill } = arrange(messages, options.system ?? defaultSystem)
  const start = join(closed(system))
  const history = turns.map(({ user, assistant }) => {
    const answer = assistant === undefined ? [newline] : [newline, ...closed(assistant)]
    return { messages: assistant === undefined ? 1 : 2, content: join([newline, ...closed(user), ...answer]) }
  })
  const end = join([newline, ...closed(question), newline, head('assistant')])
  const begun = prefill === undefined ? undefined : encoder.encode(prefill.content)

  let first = history.length
  for (let kept = 0; first > 0; first--) {
    const length = history[first - 1]!.content.ids.length
    if (start.ids.length + length + kept >= historyWindow) break
    kept += length
  }
  const shown = history.slice(first).map(turn => turn.content)
  const dropped = history.slice(0, first).reduce((sum, turn) => sum + turn.messages, 0)
  return finish([start, ...shown, end, ...(begun === undefined ? [] : [begun])], dropped, options)
}

/**
 * The prompt of a base model: the text as it stands, with no roles. `specials: 'all'` reads every special token of
 * texts, the ends of turns included.
 *
 *     rawPrompt(tokenizer, [{ image }, { text: 'Describe the image in English:' }])
 */
export function rawPrompt<Image>(
  tokenizer: Tokenizer,
  content: Content<Image>,
  options: ContentOptions & WindowOptions = {},
): Prompt<Image> {
  const encoder = new ContentEncoder<Image>(tokenizer, { numbering: 'none', ...options })
  return finish([encoder.encode(content)], 0, options)
}

interface Arranged<Image> {
  readonly system: Message<Image>
  readonly turns: readonly { readonly user: Message<Image>; readonly assistant?: Message<Image> }[]
  readonly question: Message<Image>
  readonly prefill?: Message<Image>
}

function arrange<Image>(messages: readonly Message<Image>[], defaultText: string): Arranged<Image> {
  const [first] = messages
  const given = first?.role === 'system' ? first : undefined
  const turns: { user: Message<Image>; assistant?: Message<Image> }[] = []
  messages.forEach((message, i) => {
    if (message === given) return
    const at = `message ${i + 1} of ${messages.length} is from "${message.role}"`
    const last = turns.at(-1)
    if (message.role === 'user') turns.push({ user: message })
    else if (message.role === 'system') {
      throw new TextError('conversation', `${at}: a system message comes first and once; put it there`)
    } else if (last === undefined) {
      throw new TextError('conversation', `${at}: a conversation begins with the user; leave this message out`)
    } else if (last.assistant !== undefined) {
      throw new TextError('conversation', `${at}, as the one before it: join the two`)
    } else last.assistant = message
  })
  const question = turns.pop()
  if (question === undefined) throw new TextError('conversation', 'there is no message from the user: add one')
  const system = given ?? { role: 'system', content: defaultText }
  const { user, assistant } = question
  return { system, turns, question: user, ...(assistant === undefined ? {} : { prefill: assistant }) }
}

type Piece<Image> = readonly number[] | EncodedContent<Image>

/** Joins ids and contents; the spans are moved to where they come to stand. */
function join<Image>(pieces: readonly Piece<Image>[]): EncodedContent<Image> {
  const ids: number[] = []
  const pictures: PlacedPicture<Image>[] = []
  for (const piece of pieces) {
    const content: EncodedContent<Image> = 'ids' in piece ? piece : { ids: piece, pictures: [] }
    const offset = ids.length
    for (const picture of content.pictures) {
      pictures.push({ ...picture, start: picture.start + offset, end: picture.end + offset })
    }
    for (const id of content.ids) ids.push(id)
  }
  return { ids, pictures }
}

function finish<Image>(pieces: readonly Piece<Image>[], dropped: number, { window }: WindowOptions): Prompt<Image> {
  const { ids, pictures } = join(pieces)
  const pictureTokens = pictures.reduce((sum, { start, end }) => sum + end - start, 0)
  const total = ids.length
  const size = { total, text: total - pictureTokens, pictures: pictures.length, pictureTokens }
  if (window !== undefined && total >= window) throw new PromptTooLongError(size, window)
  return { ids, pictures, size, dropped }
}
