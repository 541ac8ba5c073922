/**
 * Token ids → text, as they come. Half a character waits for its other half; a picture span waits for its end. Knows
 * neither chat formats nor how the ids were chosen.
 */
import { TextError } from './errors.ts'
import type { SpecialIds } from './specialTokens.ts'

export interface DecodeOptions {
  /**
   * Which special tokens are written out: `all`; `markup`, the six of `<ref> <box> <quad>`; or `none`. The others are
   * left out, and so are ids that no token has; what stands inside a picture span stays. Default `all`.
   */
  readonly specials?: 'all' | 'markup' | 'none'
  /**
   * What becomes of bytes that are no UTF-8, and of ids that no token has: U+FFFD for each (`replace`, one for every
   * maximal part of a sequence, as in Python), or a TextError (`strict`). Default `replace`.
   */
  readonly errors?: 'replace' | 'strict'
}

/** What a decoder needs of its tokenizer. */
export interface TokenTable {
  readonly ids: SpecialIds
  readonly imageTokens: number
  /** Bytes of an ordinary token. */
  ordinary(id: number): Uint8Array | undefined
  /** Written form of a special token. */
  special(id: number): string | undefined
}

/** Not a byte of any UTF-8 text: becomes one U+FFFD. */
const never = 0xff

/** Decodes ids as they come. The pieces of all `push` calls and of `end`, joined, are what decoding at once gives. */
export class StreamingDecoder {
  readonly #table: TokenTable
  readonly #strict: boolean
  readonly #kept: (id: number) => boolean
  readonly #keptUnknown: boolean
  readonly #utf8: TextDecoder
  /** The ids after an `<img>` that has not ended: first bytes, then padding. */
  #span: number[] | undefined
  #bytes: number[] = []

  constructor(table: TokenTable, options: DecodeOptions = {}) {
    const { specials = 'all', errors = 'replace' } = options
    this.#table = table
    this.#strict = errors === 'strict'
    this.#utf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: this.#strict })
    const { ref, refEnd, box, boxEnd, quad, quadEnd } = table.ids
    const markup = new Set([ref, refEnd, box, boxEnd, quad, quadEnd])
    this.#kept = specials === 'all' ? () => true : id => specials === 'markup' && markup.has(id)
    this.#keptUnknown = specials === 'all'
  }

  /** Takes more ids, and gives the text that is complete now; often ''. */
  push(ids: number | Iterable<number>): string {
    for (const id of typeof ids === 'number' ? [ids] : ids) this.#take(id)
    return this.#write(true)
  }

  /** Gives what is left: half a character becomes U+FFFD, half a picture span is decoded as ordinary tokens. */
  end(): string {
    this.#giveUpSpan()
    return this.#write(false)
  }

  #take(id: number): void {
    const { img, imgEnd, imgpad } = this.#table.ids
    const span = this.#span
    if (span === undefined) {
      if (id === img) this.#span = []
      else this.#token(id)
      return
    }
    const padded = span.at(-1) === imgpad
    const full = span.length === this.#table.imageTokens
    if (id === imgEnd && (padded || full)) {
      this.#span = undefined
      this.#token(img)
      this.#bytes.push(...span.filter(each => each !== imgpad)) // in a span, id b is the byte b
      this.#token(imgEnd)
    } else if (!full && (id === imgpad || (id < 256 && !padded))) {
      span.push(id)
    } else {
      this.#giveUpSpan()
      this.#take(id)
    }
  }

  #giveUpSpan(): void {
    const span = this.#span
    if (span === undefined) return
    this.#span = undefined
    this.#token(this.#table.ids.img)
    for (const id of span) this.#token(id)
  }

  #token(id: number): void {
    const ordinary = this.#table.ordinary(id)
    const special = ordinary === undefined ? this.#table.special(id) : undefined
    if (ordinary !== undefined) {
      for (const byte of ordinary) this.#bytes.push(byte)
    } else if (special !== undefined) {
      if (this.#kept(id)) for (let i = 0; i < special.length; i++) this.#bytes.push(special.charCodeAt(i))
    } else if (this.#strict) {
      throw new TextError('unknown token', `no token has the id ${id}: decode with errors 'replace', or leave it out`)
    } else if (this.#keptUnknown) {
      this.#bytes.push(never)
    }
  }

  #write(stream: boolean): string {
    const bytes = Uint8Array.from(this.#bytes)
    this.#bytes = []
    try {
      return this.#utf8.decode(bytes, { stream })
    } catch (cause) {
      throw new TextError('unknown token', "these tokens are no UTF-8 text: decode with errors 'replace'", { cause })
    }
  }
}
