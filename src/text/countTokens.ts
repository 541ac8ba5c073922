/**
 * How long a prompt is, without a model. Knows no model: the window is given.
 */
import { type ChatOptions, chatPrompt, type Message } from './chat.ts'
import type { PromptSize } from './errors.ts'
import type { Tokenizer } from './tokenizer.ts'

export interface TokenCount extends PromptSize {
  /** Messages that fell out of the history window and are not counted. */
  readonly dropped: number
}

/**
 * Tokens of the prompt that `chatPrompt` makes of these messages: 258 for a picture of 256 slots, whatever its size, and
 * those of roles, numbering and texts. With `window`, throws the PromptTooLongError that the prompt would throw.
 *
 *     countTokens(tokenizer, [{ role: 'user', content: [{ image }, { text: 'What is this?' }] }])
 *     // { total: 287, text: 29, pictures: 1, pictureTokens: 258, dropped: 0 }
 */
export function countTokens<Image>(
  tokenizer: Tokenizer,
  messages: readonly Message<Image>[],
  options: ChatOptions = {},
): TokenCount {
  const { size, dropped } = chatPrompt(tokenizer, messages, options)
  return { ...size, dropped }
}
