/**
 * Text → token ids and back, equal to the original's tokenizer. Byte-pair encoding itself is done by the package
 * `tiktoken`, whose regular expressions have Unicode's classes and not JavaScript's; `node.ts` and `browser.ts` load it.
 * Reads no files, knows no pictures (only the name that stands in a picture's span) and no conversation format.
 *
 * Source: tokenization_qwen.py of Qwen/Qwen-VL-Chat.
 */
import { type DecodeOptions, StreamingDecoder, type TokenTable } from './decoder.ts'
import { TextError } from './errors.ts'
import { markupTags, pictureTags, publishedSpecialTokens, type SpecialIds, specialIds } from './specialTokens.ts'
import type { Vocabulary } from './vocabulary.ts'

/** The original's regular expression: letters with one leading mark, single digits, marks, line ends, spaces. */
const pattern = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

/**
 * Characters of one kind in a row, at most. The encoder takes quadratic time over such a run (10,000 letters 0.1 s,
 * 100,000 letters 14 s, measured on an AMD EPYC); at about a million it traps, and its memory cannot be freed any more.
 */
const longestRun = 10_000

/** What this file uses of the class `Tiktoken`. */
export interface BytePairEngine {
  encode_ordinary(text: string): Uint32Array
  free(): void
}

export type BytePairEngineClass = new (
  ranks: string,
  specialTokens: Record<string, number>,
  pattern: string,
) => BytePairEngine

export interface TokenizerOptions {
  /** Slots of a picture: `visual.n_queries` of the checkpoint's config. Default 256. */
  readonly imageTokens?: number
  /**
   * Ids of the special tokens by their written form. Default: they follow the ranks, as published. Only models made for
   * tests need it; `specialTokensByName` makes it of short names.
   */
  readonly specialTokens?: Readonly<Record<string, number>>
}

/**
 * Which special tokens are read in a text; all others are ordinary characters.
 * - `none`: the text of a stranger stays text.
 * - `markup`: `<ref> </ref> <box> </box> <quad> </quad>`.
 * - `image`: these, and `<img> </img> <imgpad>`; `<img>name</img>` becomes a picture span. The original's chat reads so.
 * - `all`: every special token, the ends of turns included. Only for prompts that are written by hand.
 */
export type ReadSpecials = 'none' | 'markup' | 'image' | 'all'

export interface EncodeOptions {
  /** Default `none`. */
  readonly specials?: ReadSpecials
}

/** Where a picture stands in a prompt: `ids[start]` is `<img>`, `ids[end - 1]` is `</img>`, the slots lie between. */
export interface ImageSpan {
  readonly start: number
  readonly end: number
  /** What the original would open: the bytes up to the first `<imgpad>`, as UTF-8. */
  readonly name: string
}

export class Tokenizer implements Disposable {
  /** The special tokens that mean something. */
  readonly ids: SpecialIds
  /** Every special token: written form → id. */
  readonly specialTokens: ReadonlyMap<string, number>
  /** Slots of a picture; its span has two ids more. */
  readonly imageTokens: number
  /** One more than the highest id that has a token: 151860 for the published vocabulary. */
  readonly size: number
  readonly #vocabulary: Vocabulary
  readonly #table: TokenTable
  readonly #tags: { readonly [Which in ReadSpecials]: RegExp | undefined }
  #engine: BytePairEngine | undefined

  /** Use `openTokenizer` of `node.ts` or `browser.ts`, which load the engine. */
  constructor(Engine: BytePairEngineClass, vocabulary: Vocabulary, options: TokenizerOptions = {}) {
    const { imageTokens = 256, specialTokens = publishedSpecialTokens(vocabulary.size) } = options
    if (!Number.isInteger(imageTokens) || imageTokens < 1) {
      throw new TextError(
        'vocabulary',
        `a picture cannot have ${imageTokens} slots: n_queries is a whole number above 0`,
      )
    }
    this.ids = specialIds(specialTokens, vocabulary.size)
    this.specialTokens = new Map(Object.entries(specialTokens))
    this.imageTokens = imageTokens
    this.size = Math.max(...this.specialTokens.values()) + 1
    this.#vocabulary = vocabulary
    const forms = new Map(Object.entries(specialTokens).map(([form, id]) => [id, form]))
    this.#table = { ids: this.ids, imageTokens, ordinary: vocabulary.bytes, special: id => forms.get(id) }
    this.#tags = {
      none: undefined,
      markup: anyOf(markupTags),
      image: anyOf([...markupTags, ...pictureTags]),
      all: anyOf([...this.specialTokens.keys()]),
    }
    this.#engine = new Engine(`! 0 ${vocabulary.base64}`, {}, pattern)
  }

  /**
   * The ids of a text, which is put into Unicode's normal form NFC first.
   *
   *     tokenizer.encode('Hello world')                                    // [9707, 1879]
   *     tokenizer.encode('<|im_end|>').length                              // 6: characters
   *     tokenizer.encode('<|im_end|>', { specials: 'all' })                // [151645]
   *
   * With `specials` `image` or `all`, `<img>name</img>` becomes `<img>`, the bytes of the name as the ids 0 … 255 (not
   * as the vocabulary's tokens for them), `<imgpad>` up to `imageTokens` ids, `</img>`. A lone surrogate becomes U+FFFD.
   * Throws a TextError for `<img>` without `</img>`, for names that are too long, and for endless runs of one kind.
   */
  encode(text: string, options: EncodeOptions = {}): number[] {
    const normal = text.normalize('NFC')
    const tags = this.#tags[options.specials ?? 'none']
    if (tags === undefined) return this.#ordinary(normal)
    const ids: number[] = []
    let from = 0
    for (tags.lastIndex = 0; ; ) {
      const match = tags.exec(normal)
      append(ids, this.#ordinary(normal.slice(from, match?.index)))
      if (match === null) return ids
      from = tags.lastIndex
      if (match[0] !== '<img>') {
        ids.push(this.specialTokens.get(match[0])!)
        continue
      }
      const end = normal.indexOf('</img>', from)
      const nested = normal.indexOf('<img>', from)
      if (end === -1 || (nested !== -1 && nested < end)) {
        const at = `<img> at character ${match.index}`
        throw new TextError(
          'unclosed tag',
          `Unclosed image token: ${at} has no </img> before the next <img> or the end`,
        )
      }
      append(ids, this.imageSpan(normal.slice(from, end), this.imageTokens))
      from = end + '</img>'.length
      tags.lastIndex = from
    }
  }

  /**
   * The ids of one picture, `imageTokens + 2` of them, with a name in it. The name is for people and for the original's
   * code, which opens it as a file; features fill the slots, and this project's model never sees a name.
   * `longest` is in bytes. The default, `imageTokens - 2`, is what the original can read back: its model looks at one
   * slot less than there are, and needs one `<imgpad>`.
   */
  imageSpan(name: string, longest = this.imageTokens - 2): number[] {
    const bytes = new TextEncoder().encode(name)
    if (bytes.length > longest) {
      const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name
      const message = `The content in <img>..</img> is too long: ${bytes.length} bytes, at most ${longest} ("${shown}")`
      throw new TextError('long picture name', `${message}: use a shorter path or name`)
    }
    const padding = new Array<number>(this.imageTokens - bytes.length).fill(this.ids.imgpad)
    return [this.ids.img, ...bytes, ...padding, this.ids.imgEnd]
  }

  /**
   * The pictures of a prompt in their order. Throws a TextError where `<img>` has no `</img>` or a span has not
   * `imageTokens` slots, since features could not be placed there.
   */
  imageSpans(ids: readonly number[]): ImageSpan[] {
    const spans: ImageSpan[] = []
    for (let start = ids.indexOf(this.ids.img); start !== -1; start = ids.indexOf(this.ids.img, start + 1)) {
      const end = ids.indexOf(this.ids.imgEnd, start) + 1
      if (end === 0)
        throw new TextError('unclosed tag', `Unclosed image token: id ${start} of the prompt opens a picture`)
      if (end - start !== this.imageTokens + 2) {
        const found = `the picture at id ${start} of the prompt has ${end - start - 2} slots`
        throw new TextError('unclosed tag', `${found}, the model fills ${this.imageTokens}: was the prompt cut?`)
      }
      const inner = ids.slice(start + 1, end - 1)
      const pad = inner.indexOf(this.ids.imgpad)
      const bytes = Uint8Array.from(pad === -1 ? inner : inner.slice(0, pad))
      spans.push({ start, end, name: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) })
      start = end - 1
    }
    return spans
  }

  /**
   * The text of ids. A picture span becomes `<img>name</img>`. `decode(encode(text))` is the text in NFC.
   *
   *     tokenizer.decode([151851, 52726, 99933, 151852])                        // '<ref>击掌</ref>'
   *     tokenizer.decode([151851, 52726, 99933, 151852], { specials: 'none' })  // '击掌'
   */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const decoder = this.decoder(options)
    return decoder.push(ids) + decoder.end()
  }

  /** Decodes ids as they come, never half a character. */
  decoder(options: DecodeOptions = {}): StreamingDecoder {
    return new StreamingDecoder(this.#table, options)
  }

  /** The bytes of a token, ordinary or special; undefined for an id that has none. For grammars over bytes. */
  tokenBytes(id: number): Uint8Array | undefined {
    const special = this.#table.special(id)
    return special === undefined ? this.#vocabulary.bytes(id)?.slice() : new TextEncoder().encode(special)
  }

  /** Frees the engine's memory (WebAssembly's, which no garbage collector sees). Decoding still works. */
  dispose(): void {
    this.#engine?.free()
    this.#engine = undefined
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #ordinary(text: string): number[] {
    if (text === '') return []
    if (this.#engine === undefined) throw new TextError('engine', 'this tokenizer was disposed of: open another')
    if (text.length > longestRun) refuseLongRuns(text)
    return Array.from(this.#engine.encode_ordinary(text))
  }
}

function append(ids: number[], more: readonly number[]): void {
  for (const id of more) ids.push(id)
}

const anyOf = (forms: readonly string[]) => new RegExp(forms.map(form => form.replace(/[|/]/g, '\\$&')).join('|'), 'g')

function refuseLongRuns(text: string): void {
  for (const { 0: run, index } of text.matchAll(/\p{L}+|\s+|[^\s\p{L}\p{N}]+/gu)) {
    if (run.length <= longestRun) continue
    const shown = JSON.stringify(run.slice(0, 12))
    const message = `${run.length} characters without a break from character ${index} on (${shown}…)`
    throw new TextError('long run', `${message}: at most ${longestRun}; cut the text or put spaces into it`)
  }
}
