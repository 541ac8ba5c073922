/**
 * The prompt of an item, token for token as training has it before the answer. Opens no pictures and runs no model.
 */
import type { SamplePart } from '../../corpus/sample.ts'
import type { PictureSource } from '../../image/index.ts'
import { ContentEncoder } from '../../text/content.ts'
import {
  type ContentPart,
  chatPrompt,
  type PlacedPicture,
  PromptTooLongError,
  type Tokenizer,
} from '../../text/index.ts'
import { BenchmarkError, type BenchmarkItem } from './benchmark.ts'

export interface ItemPrompt {
  readonly ids: readonly number[]
  readonly pictures: readonly PlacedPicture<PictureSource>[]
}

export interface PromptLimits {
  /** Tokens that prompt and answer may take together. */
  readonly window: number
  /** Tokens of earlier turns that a conversation keeps. */
  readonly historyWindow: number
}

/**
 * `chatml`: a conversation whose next turn is the assistant's. `raw`: a text to go on with, where earlier answers are
 * closed by `<|endoftext|>` and white space at the end is left for the answer to begin with, as tokenizers have it.
 *
 * Throws a PromptTooLongError for a prompt that leaves no room for an answer, a BenchmarkError for a picture that the
 * item does not have.
 */
export function itemPrompt(
  tokenizer: Tokenizer,
  item: BenchmarkItem,
  { window, historyWindow }: PromptLimits,
): ItemPrompt {
  if (item.format === 'raw') return rawItemPrompt(tokenizer, item, window)
  const messages = item.turns.map(({ role, parts }) => ({ role, content: contentOf(item, parts) }))
  const { numbering } = item
  return chatPrompt(tokenizer, messages, { window, historyWindow, ...(numbering === undefined ? {} : { numbering }) })
}

function rawItemPrompt(tokenizer: Tokenizer, item: BenchmarkItem, window: number): ItemPrompt {
  const specials = item.pictures.length === 0 ? 'none' : 'markup'
  const encoder = new ContentEncoder<PictureSource>(tokenizer, { numbering: 'none', specials })
  const ids: number[] = []
  const pictures: PlacedPicture<PictureSource>[] = []
  let moved = '' // white space from the end of what was given
  for (const { role, parts } of item.turns) {
    if (role === 'system') continue
    const text = contentOf(item, parts)
    const [content, space] = role === 'user' ? withoutEnd(text) : [text, '']
    const encoded = encoder.encode(moved === '' ? content : [{ text: moved }, ...content])
    moved = space
    for (const picture of encoded.pictures) {
      pictures.push({ ...picture, start: picture.start + ids.length, end: picture.end + ids.length })
    }
    for (const id of encoded.ids) ids.push(id)
    if (role === 'assistant') ids.push(tokenizer.ids.endoftext)
  }
  if (ids.length < window) return { ids, pictures }
  const inPictures = pictures.reduce((sum, { start, end }) => sum + end - start, 0)
  const size = {
    total: ids.length,
    text: ids.length - inPictures,
    pictures: pictures.length,
    pictureTokens: inPictures,
  }
  throw new PromptTooLongError(size, window)
}

type Parts = readonly ContentPart<PictureSource>[]

function withoutEnd(parts: Parts): readonly [Parts, string] {
  const last = parts.at(-1)
  if (last === undefined || !('text' in last)) return [parts, '']
  const kept = last.text.replace(/[ \t\r\n]+$/, '')
  return [[...parts.slice(0, -1), { text: kept }], last.text.slice(kept.length)]
}

const contentOf = ({ id, pictures }: BenchmarkItem, parts: readonly SamplePart[]): Parts =>
  parts.map(part => {
    if ('text' in part) return part
    const image = pictures[part.picture]
    if (image !== undefined) return { image }
    throw new BenchmarkError(`${id}: its text has picture ${part.picture}, and it has ${pictures.length}, from 0 on`)
  })
