/** An answer while it is being written: pieces of text and boxes as they are complete, and the whole at the end. */
import type { Answer, AnswerBox } from './answer.ts'

export interface Piece {
  /** What a reader sees more of: no markup. */
  readonly text: string
  /** What the model wrote, markup included. */
  readonly raw: string
  /** Boxes that became complete with this piece, in pixels of the picture. */
  readonly boxes: readonly AnswerBox[]
}

/**
 * Iterate it for the pieces, or await `answer()` for the whole; the model writes only while somebody asks. Leaving a
 * loop early ends the writing.
 */
export class AnswerStream implements AsyncIterable<Piece> {
  readonly #pieces: AsyncGenerator<Piece, Answer, undefined>
  #answer: Answer | undefined

  constructor(pieces: AsyncGenerator<Piece, Answer, undefined>) {
    this.#pieces = pieces
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Piece, void, undefined> {
    try {
      for (;;) {
        const { value, done } = await this.#pieces.next()
        if (done) {
          if (value) this.#answer = value
          return
        }
        yield value
      }
    } finally {
      if (!this.#answer) await this.#pieces.return(undefined as unknown as Answer)
    }
  }

  /** The whole answer, once it is written. Throws what the writing threw, or an Error if it was ended early. */
  async answer(): Promise<Answer> {
    for await (const _ of this) {
      // Only the end matters here.
    }
    if (!this.#answer) throw new Error('the answer was not finished: its stream was left early')
    return this.#answer
  }
}
