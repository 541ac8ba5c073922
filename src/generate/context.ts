/**
 * A text that a network has read, kept so that what follows it need not be read from the start: a follow-up turn reads
 * only what is new. Knows tokens and the keys of pictures.
 */
import type { KeyValueCache } from './cache.ts'
import type { Network, Reading } from './network.ts'

/** A prompt as the network reads it. */
export interface Prompt {
  readonly tokens: readonly number[]
  readonly pictures: readonly PromptPicture[]
}

export interface PromptPicture {
  /** Position of the first slot among the tokens. */
  readonly at: number
  /** [queries, hidden] */
  readonly features: Float32Array
  /** Tells pictures apart: equal keys, equal features. */
  readonly key: string
}

export class Context {
  readonly cache: KeyValueCache
  #tokens: number[] = []
  #pictures: readonly PromptPicture[] = []
  #alpha = 1
  /** Slots of a picture. */
  readonly #queries: number

  constructor(network: Network) {
    this.cache = network.newCache(1)
    this.#queries = network.config.visual.n_queries
  }

  /**
   * Keeps what the prompt shares with the text so far, forgets the rest, and gives what is left to read: at least the
   * last token. Keys are kept turned, so a prompt that is stretched otherwise shares nothing.
   */
  begin(prompt: Prompt, alpha: number): Reading {
    const shared = alpha === this.#alpha ? Math.min(this.#shared(prompt), prompt.tokens.length - 1) : 0
    // A picture is read as a whole: a cut among its slots moves to before it.
    const cut = prompt.pictures.find(({ at }) => at < shared && shared < at + this.#queries)
    const length = cut ? cut.at : shared
    this.cache.truncate(0, length)
    this.#tokens = [...prompt.tokens]
    this.#pictures = prompt.pictures
    this.#alpha = alpha
    const pictures = prompt.pictures.filter(({ at }) => at >= length)
    return {
      tokens: prompt.tokens.slice(length),
      pictures: pictures.map(({ at, features }) => ({ at: at - length, features })),
      alpha,
    }
  }

  /** Notes a token that was written and has been read back. */
  wrote(token: number): void {
    this.#tokens.push(token)
  }

  #shared({ tokens, pictures }: Prompt): number {
    const length = Math.min(this.cache.lengths[0] as number, this.#tokens.length, tokens.length)
    let shared = 0
    while (shared < length && tokens[shared] === this.#tokens[shared]) shared++
    // The ids in a picture's slots say nothing of the picture.
    const firstOther = [...pictures, ...this.#pictures].filter(
      picture => !samePlace(picture, pictures) || !samePlace(picture, this.#pictures),
    )
    return Math.min(shared, ...firstOther.map(({ at }) => at))
  }
}

const samePlace = ({ at, key }: PromptPicture, pictures: readonly PromptPicture[]): boolean =>
  pictures.some(other => other.at === at && other.key === key)
