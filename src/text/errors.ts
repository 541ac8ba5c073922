/**
 * What can go wrong with text: one class whose `problem` says what, and one for prompts that do not fit. Every message
 * is one line that says the fix, with the numbers. Knows nothing of where the text came from.
 */

/** What is wrong, for programs: a server maps it to a status, a loader skips the sample. */
export type TextProblem =
  | 'vocabulary' // the vocabulary file or the ids of the special tokens cannot be used
  | 'engine' // the byte-pair encoder could not be loaded, or was used after dispose()
  | 'unclosed tag' // <img>, <ref>, <box> or <quad> without its closing tag, where one is required
  | 'long picture name' // what stands between <img> and </img> has more bytes than there are slots
  | 'long run' // thousands of characters without any place where the encoder may cut
  | 'unknown token' // an id that no token has, decoded with errors: 'strict'
  | 'conversation' // roles in an order that the conversation format cannot write
  | 'markup' // a label, box or list that cannot be written as markup

/** Text that cannot be encoded, decoded, written or arranged. `problem` says why. */
export class TextError extends Error {
  override readonly name: string = 'TextError'
  readonly problem: TextProblem

  constructor(problem: TextProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }
}

/** What a prompt is made of, in tokens. */
export interface PromptSize {
  /** Everything: `text + pictureTokens`. */
  readonly total: number
  readonly text: number
  readonly pictures: number
  readonly pictureTokens: number
}

/** A prompt with more tokens than the model's window takes. Holds the numbers of its message. */
export class PromptTooLongError extends Error {
  override readonly name = 'PromptTooLongError'
  readonly size: PromptSize
  readonly window: number

  constructor(size: PromptSize, window: number) {
    super(explain(size, window))
    this.size = size
    this.window = window
  }
}

const count = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`

/** `9 pictures = 2322 tokens, window 2048: at most 7 fit (258 tokens each); …` */
function explain({ total, text, pictures, pictureTokens }: PromptSize, window: number): string {
  const raise = 'or raise the window'
  if (pictures > 0) {
    const each = pictureTokens / pictures
    const fit = Math.max(0, Math.floor((window - 1 - text) / each))
    const most = `at most ${fit} fit (${each} tokens each) beside ${count(text, 'token')} of text`
    if (pictureTokens >= window || fit < pictures) {
      const parts = `${count(pictures, 'picture')} = ${pictureTokens} tokens`
      const sum = pictureTokens >= window ? parts : `${parts} and ${text} of text make ${total}`
      return `${sum}, window ${window}: ${most}; send fewer or less text, ${raise}`
    }
  }
  return `${count(total, 'token')} of text, window ${window}: shorten by at least ${total - window + 1}, ${raise}`
}
