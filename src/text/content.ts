/**
 * The contents of messages: texts and pictures in a row → token ids, and which picture fills which span. A picture is
 * whatever the caller says it is; nothing here looks into one. Knows no roles.
 */
import { TextError } from './errors.ts'
import type { Tokenizer } from './tokenizer.ts'

/**
 * A piece of a message. `name` is written into the picture's span, where only people and the original's code read it
 * (at most 254 bytes at 256 slots); default: the picture's number.
 */
export type ContentPart<Image> = { readonly text: string } | { readonly image: Image; readonly name?: string }

export type Content<Image> = string | readonly ContentPart<Image>[]

/** Which picture fills which span: `ids[start]` is `<img>`, `ids[end - 1]` is `</img>`, the slots lie between. */
export interface PlacedPicture<Image> {
  readonly image: Image
  /** Counts the pictures of a conversation from 1, those that fell out of the window included. */
  readonly number: number
  readonly start: number
  readonly end: number
}

export interface EncodedContent<Image> {
  readonly ids: readonly number[]
  readonly pictures: readonly PlacedPicture<Image>[]
}

/**
 * How pictures are announced.
 * - `spaced`: `Picture 1: <img>…</img>\n`, as in the official demo and training data; a picture after text starts a line.
 * - `tight`: `Picture 1:<img>…</img>\n`, as `fromListFormat` writes it.
 * - `none`: the span alone.
 */
export type Numbering = 'spaced' | 'tight' | 'none'

export interface ContentOptions {
  /** Default `spaced` in conversations, `none` in raw prompts. */
  readonly numbering?: Numbering
  /**
   * Special tokens that are read in texts. Default `markup`: `<ref>`, `<box>`, `<quad>` and their ends. `all` reads the
   * ends of turns too. Never those of pictures: a picture comes as a part, or through `splitPictures`.
   */
  readonly specials?: 'none' | 'markup' | 'all'
}

/**
 * A text in the original's form as parts: each `<img>path</img>` becomes a picture whose `image` is the path. Calling it
 * is the decision to let this text name files and addresses, so it is for trusted text only.
 *
 *     splitPictures('Picture 1: <img>a.jpg</img>\nWhat is this?')
 *     // [{ text: 'Picture 1: ' }, { image: 'a.jpg', name: 'a.jpg' }, { text: '\nWhat is this?' }]
 *
 * Such a text announces its pictures itself: encode the parts with `numbering: 'none'`. A path too long for a span
 * (`longestName` bytes) gets no name, so long addresses work, unlike in the original.
 */
export function splitPictures(text: string, longestName = 254): ContentPart<string>[] {
  const parts: ContentPart<string>[] = []
  const normal = text.normalize('NFC')
  let from = 0
  for (let at = normal.indexOf('<img>'); at !== -1; at = normal.indexOf('<img>', from)) {
    const start = at + '<img>'.length
    const end = normal.indexOf('</img>', start)
    if (end === -1) throw new TextError('unclosed tag', `Unclosed image token: <img> at character ${at} has no </img>`)
    if (at > from) parts.push({ text: normal.slice(from, at) })
    const image = normal.slice(start, end)
    const fits = new TextEncoder().encode(image).length <= longestName
    parts.push(fits ? { image, name: image } : { image })
    from = end + '</img>'.length
  }
  if (from < normal.length) parts.push({ text: normal.slice(from) })
  return parts
}

/** Encodes contents one after the other, and counts their pictures through. */
export class ContentEncoder<Image> {
  readonly #tokenizer: Tokenizer
  readonly #numbering: Numbering
  readonly #specials: 'none' | 'markup' | 'all'
  #pictures = 0

  constructor(tokenizer: Tokenizer, options: ContentOptions) {
    this.#tokenizer = tokenizer
    this.#numbering = options.numbering ?? 'spaced'
    this.#specials = options.specials ?? 'markup'
  }

  /** The spans count from the first id of this content. */
  encode(content: Content<Image>): EncodedContent<Image> {
    const ids: number[] = []
    const pictures: PlacedPicture<Image>[] = []
    let text = '' // texts that touch are one text: where a caller cut it must not change the tokens
    const flush = () => {
      for (const id of this.#encodeText(text)) ids.push(id)
      text = ''
    }
    for (const part of typeof content === 'string' ? [{ text: content }] : content) {
      if ('text' in part) {
        text += part.text
        continue
      }
      const number = ++this.#pictures
      text += this.#announce(number, text !== '' && !text.endsWith('\n'))
      flush()
      const span = this.#tokenizer.imageSpan(part.name?.normalize('NFC') ?? String(number))
      pictures.push({ image: part.image, number, start: ids.length, end: ids.length + span.length })
      for (const id of span) ids.push(id)
      if (this.#numbering !== 'none') text = '\n'
    }
    flush()
    return { ids, pictures }
  }

  #announce(number: number, insideLine: boolean): string {
    if (this.#numbering === 'none') return ''
    return this.#numbering === 'tight' ? `Picture ${number}:` : `${insideLine ? '\n' : ''}Picture ${number}: `
  }

  #encodeText(text: string): number[] {
    if (this.#specials !== 'all' || !/<img>|<\/img>|<imgpad>/.test(text)) {
      return this.#tokenizer.encode(text, { specials: this.#specials })
    }
    throw new TextError(
      'unclosed tag',
      'a prompt whose special tokens are all read holds <img>: use splitPictures on it',
    )
  }
}
