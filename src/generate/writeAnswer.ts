/** From chosen tokens to answers: decoding as they come, stop texts, boxes as they are complete. */
import type { Picture } from '../image/index.ts'
import {
  type MarkupOptions,
  MarkupReader,
  type Prompt,
  plainText,
  type Segment,
  StopText,
  type StreamingDecoder,
  type Tokenizer,
} from '../text/node.ts'
import { Answer, boxInPixels } from './answer.ts'
import type { Piece } from './answerStream.ts'
import type { FinishReason, GenerationEvent } from './generate.ts'
import type { Choice } from './sampling.ts'

/** What an answer is an answer to. */
export interface Asked {
  readonly text: Pick<Prompt<unknown>, 'size'>
  readonly picture: Picture | undefined
  /** A tag that the prompt has opened, in which the answer goes on. */
  readonly opened?: MarkupOptions
}

export interface WritingOptions {
  readonly tokenizer: Tokenizer
  /** Texts that end an answer. */
  readonly stop: readonly string[]
}

/** One answer in the making. */
class Writing {
  readonly #asked: Asked
  readonly #decoder: StreamingDecoder
  readonly #stop: StopText
  readonly #markup: MarkupReader
  readonly #tokens: Choice[] = []
  #raw = ''

  constructor(asked: Asked, { tokenizer, stop }: WritingOptions) {
    this.#asked = asked
    this.#decoder = tokenizer.decoder({ specials: 'markup' })
    this.#stop = new StopText(stop)
    this.#markup = new MarkupReader(asked.opened)
  }

  get isStopped(): boolean {
    return this.#stop.found !== undefined
  }

  take(choice: Choice): Piece | undefined {
    this.#tokens.push(choice)
    return this.#show(this.#stop.push(this.#decoder.push(choice.token)), false)
  }

  /** What was held back because more might have come. */
  rest(): Piece | undefined {
    const held = this.isStopped ? '' : this.#stop.push(this.#decoder.end()) + this.#stop.end()
    return this.#show(held, true)
  }

  finish(reason: FinishReason): Answer {
    const { text, picture, opened } = this.#asked
    return new Answer({
      raw: this.#raw.trim(),
      picture,
      finishReason: this.isStopped ? 'stop' : reason,
      usage: {
        promptTokens: text.size.total,
        imageTokens: text.size.pictureTokens,
        completionTokens: this.#tokens.length,
      },
      tokens: this.#tokens,
      ...(opened && { opened }),
    })
  }

  #show(raw: string, isEnd: boolean): Piece | undefined {
    this.#raw += raw
    const segments = [...this.#markup.push(raw), ...(isEnd ? this.#markup.end() : [])]
    if (segments.length === 0) return undefined
    return { raw, text: segments.map(plainText).join(''), boxes: segments.flatMap(segment => this.#boxes(segment)) }
  }

  #boxes(segment: Segment) {
    const { picture } = this.#asked
    return segment.kind === 'box' && picture ? segment.boxes.map(box => boxInPixels(box, picture)) : []
  }
}

/** The pieces of one answer, and the answer. */
export async function* writeAnswer(
  events: AsyncIterable<GenerationEvent>,
  asked: Asked,
  options: WritingOptions,
): AsyncGenerator<Piece, Answer, undefined> {
  const writing = new Writing(asked, options)
  let reason: FinishReason = 'stop'
  for await (const event of events) {
    if (event.kind === 'end') {
      reason = event.reason
      break
    }
    const piece = writing.take(event)
    if (piece) yield piece
    if (writing.isStopped) break
  }
  const rest = writing.rest()
  if (rest) yield rest
  return writing.finish(reason)
}

/** Several answers that are written side by side, in the order of what was asked. */
export async function writeAnswers(
  events: AsyncIterable<GenerationEvent>,
  asked: readonly Asked[],
  options: WritingOptions,
): Promise<Answer[]> {
  const writings = asked.map(one => new Writing(one, options))
  const reasons = asked.map((): FinishReason => 'stop')
  for await (const event of events) {
    if (event.kind === 'end') reasons[event.row] = event.reason
    else if (!writings[event.row]?.isStopped) writings[event.row]?.take(event)
  }
  return writings.map((writing, row) => {
    writing.rest()
    return writing.finish(reasons[row] as FinishReason)
  })
}
