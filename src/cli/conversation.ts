/**
 * A conversation with a model: what was said, pictures that wait for their question, and the answer that comes next.
 * Knows no terminal.
 */
import type { Answer } from '../generate/answer.ts'
import type { Piece } from '../generate/answerStream.ts'
import type { AskOptions, Message, QwenVL } from '../generate/qwenVL.ts'
import type { Picture } from '../image/index.ts'
import { pixelsOf } from './opening.ts'

/** A picture by the name under which a person gave it. */
export interface NamedPicture {
  readonly name: string
  readonly picture: Picture
}

interface Turn {
  readonly pictures: readonly NamedPicture[]
  readonly question: string
  /** As the model wrote it, markup included. */
  readonly reply: string
}

/** How an answer came out. */
export type Reply =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** It was stopped: what was written until then stays part of the conversation. */
  | { readonly kind: 'stopped'; readonly text: string; readonly raw: string }

export class Conversation {
  readonly #model: QwenVL
  readonly #options: AskOptions
  #turns: Turn[] = []
  #waiting: NamedPicture[] = []
  /** The last answer that was not stopped. */
  last: Answer | undefined

  constructor(model: QwenVL, options: AskOptions) {
    this.#model = model
    this.#options = options
  }

  /** Pictures that the next question is about. */
  get waiting(): readonly NamedPicture[] {
    return this.#waiting
  }

  get turns(): readonly Turn[] {
    return this.#turns
  }

  add(picture: NamedPicture): void {
    this.#waiting.push(picture)
  }

  clear(): void {
    this.#turns = []
    this.#waiting = []
    this.last = undefined
  }

  /**
   * Asks, and tells each piece of the answer. A question that fails is not part of the conversation; its pictures wait
   * for the next one. Throws what answering throws, but for the signal's reason.
   */
  async ask(question: string, signal: AbortSignal, onPiece: (piece: Piece) => void): Promise<Reply> {
    const pictures = this.#waiting
    const reply = await this.#answer(this.#turns, { pictures, question }, signal, onPiece)
    this.#waiting = []
    return reply
  }

  /** Asks the last question once more, in place of its answer. Undefined if there was none. */
  async again(signal: AbortSignal, onPiece: (piece: Piece) => void): Promise<Reply | undefined> {
    const last = this.#turns.at(-1)
    return last && this.#answer(this.#turns.slice(0, -1), last, signal, onPiece)
  }

  async #answer(
    before: readonly Turn[],
    asked: Omit<Turn, 'reply'>,
    signal: AbortSignal,
    onPiece: (piece: Piece) => void,
  ): Promise<Reply> {
    let text = ''
    let raw = ''
    const stream = this.#model.chat(messagesOf(before, asked), { ...this.#options, signal })
    try {
      for await (const piece of untilAborted(stream, signal)) {
        text += piece.text
        raw += piece.raw
        onPiece(piece)
      }
      const answer = await stream.answer()
      this.last = answer
      this.#turns = [...before, { ...asked, reply: answer.raw }]
      return { kind: 'answer', answer }
    } catch (error) {
      if (!signal.aborted) throw error
      // A turn without an answer would leave two questions in a row: what was never begun is forgotten.
      if (raw.trim() !== '') this.#turns = [...before, { ...asked, reply: raw.trim() }]
      return { kind: 'stopped', text: text.trim(), raw: raw.trim() }
    }
  }
}

function messagesOf(turns: readonly Turn[], asked: Omit<Turn, 'reply'>): Message[] {
  const question = ({ pictures, question }: Omit<Turn, 'reply'>): Message => ({
    role: 'user',
    content: [...pictures.map(({ picture }) => ({ image: pixelsOf(picture) })), { text: question }],
  })
  return [
    ...turns.flatMap((turn): Message[] => [question(turn), { role: 'assistant', content: turn.reply }]),
    question(asked),
  ]
}

/** Gives a stream's items, and throws the signal's reason as soon as it aborts, whatever the stream waits for. */
async function* untilAborted<T>(stream: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  const items = stream[Symbol.asyncIterator]()
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  aborted.catch(() => {}) // it may come when nobody waits any more
  for (;;) {
    signal.throwIfAborted()
    const next = items.next()
    next.catch(() => {}) // the stream ends with the same reason, later
    const { done, value } = await Promise.race([next, aborted])
    if (done) return
    yield value
  }
}
