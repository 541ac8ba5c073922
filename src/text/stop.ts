/**
 * Where an answer ends: stop sequences of tokens, stop texts in a stream, and the answer's text. Chooses no tokens.
 *
 * Source: `get_stop_words_ids` and `decode_tokens` of qwen_generation_utils.py; docs/fidelity.md says what differs.
 */
import type { ChatFormat } from './chat.ts'
import type { Tokenizer } from './tokenizer.ts'
import { strip } from './whitespace.ts'

/**
 * The sequences of ids that end an answer. chatml: `<|im_end|>`, `<|im_start|>`; raw: the ids of `Human:`; both:
 * `<|endoftext|>`, which ends every answer in the original too.
 */
export function stopSequences(tokenizer: Tokenizer, format: ChatFormat): number[][] {
  const { endoftext, imStart, imEnd } = tokenizer.ids
  return format === 'chatml' ? [[imEnd], [imStart], [endoftext]] : [tokenizer.encode('Human:'), [endoftext]]
}

export interface Answer {
  /** With `<ref>`, `<box>` and `<quad>`, without other special tokens, stripped of white space at both ends. */
  readonly text: string
  /** The ids that belong to the text: those before the first stop sequence. */
  readonly ids: readonly number[]
  /** The stop sequence that ended it; undefined if the model was cut off, for example by the limit of new tokens. */
  readonly stop: readonly number[] | undefined
}

/**
 * The answer in the ids that the model has written (without the prompt).
 *
 *     decodeAnswer(tokenizer, [108386, 151645, 151643], 'chatml').text   // '你好'
 */
export function decodeAnswer(tokenizer: Tokenizer, written: readonly number[], format: ChatFormat): Answer {
  const stops = stopSequences(tokenizer, format)
  let end = written.length
  let stop: readonly number[] | undefined
  for (let i = 0; i < written.length && stop === undefined; i++) {
    stop = stops.find(sequence => sequence.every((id, j) => written[i + j] === id))
    if (stop !== undefined) end = i
  }
  const ids = written.slice(0, end)
  return { text: strip(tokenizer.decode(ids, { specials: 'markup' })), ids, stop }
}

/**
 * Finds stop texts in a stream, however it is cut into pieces and whatever tokens they were written with. Holds back
 * what may be the beginning of one, so nothing of a stop text is ever shown.
 *
 *     const stop = new StopText(['Observation:'])
 *     stop.push('It rains. Obser')   // 'It rains. '
 *     stop.push('vation: none')      // '', and stop.found is 'Observation:'
 */
export class StopText {
  readonly #stops: readonly string[]
  #held = ''
  #found: string | undefined

  /** An empty text stops nothing. */
  constructor(stops: readonly string[]) {
    this.#stops = stops.filter(stop => stop !== '')
  }

  /** The stop text that ended the stream: of those that begin first, the longest. */
  get found(): string | undefined {
    return this.#found
  }

  /** Takes a piece, and gives what may be shown. Everything after a stop text is swallowed. */
  push(piece: string): string {
    if (this.#found !== undefined) return ''
    this.#held += piece
    const text = this.#held
    for (let at = 0; at < text.length; at++) {
      const rest = text.slice(at)
      // A longer stop text that may still come true outweighs a shorter one that is there.
      const begun = this.#stops.filter(stop => stop.length > rest.length && stop.startsWith(rest))
      const there = this.#longest(rest)
      if (begun.some(stop => stop.length > (there?.length ?? 0))) return this.#show(at)
      if (there !== undefined) return this.#stopAt(at, there)
    }
    return this.#show(text.length)
  }

  /** Gives what was held back, once the stream is over. */
  end(): string {
    for (let at = 0; at < this.#held.length && this.#found === undefined; at++) {
      const there = this.#longest(this.#held.slice(at))
      if (there !== undefined) return this.#stopAt(at, there)
    }
    return this.#show(this.#held.length)
  }

  #longest(rest: string): string | undefined {
    return this.#stops.filter(stop => rest.startsWith(stop)).sort((a, b) => b.length - a.length)[0]
  }

  #show(length: number): string {
    const shown = this.#held.slice(0, length)
    this.#held = this.#held.slice(length)
    return shown
  }

  #stopAt(at: number, stop: string): string {
    const shown = this.#held.slice(0, at)
    this.#found = stop
    this.#held = ''
    return shown
  }
}
