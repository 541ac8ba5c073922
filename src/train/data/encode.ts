/**
 * A sample as token ids and what of them is learnt. Opens no pictures and knows no rows, only how long one is.
 *
 * The first token of a sample follows nothing and is never learnt: rows hold many samples, and the loss is the mean over
 * tokens that something was said before.
 */
import { basename } from 'node:path'
import type { Sample, SamplePart, SampleTurn } from '../../corpus/sample.ts'
import { grouped } from '../../corpus/sources/source.ts'
import type { PictureSource } from '../../image/index.ts'
import { ContentEncoder } from '../../text/content.ts'
import {
  type ContentPart,
  ignoredLabel,
  type Message,
  type PlacedPicture,
  parseMarkup,
  supervise,
  type Tokenizer,
} from '../../text/index.ts'
import type { EncodedSample } from './batch.ts'
import { SampleError } from './errors.ts'

export interface EncodeSampleOptions {
  /** The longest sample: tokens of a row. */
  readonly length: number
}

/**
 * `chatml` samples as `supervise` writes them. `raw` ones: what users say is given, what assistants say and the
 * `<|endoftext|>` behind it are learnt; white space at the end of what is given begins the answer, where the tokenizer
 * has it; system turns are left out. Slots of pictures are never learnt. Special tokens in texts are text, but for the
 * tags of places, which are read in samples that have pictures or roles.
 *
 * Throws a SampleError for a sample that is longer than `length`, teaches nothing, names a picture that it has not, or
 * has places that are not written as the model writes them.
 */
export function encodeSample(tokenizer: Tokenizer, sample: Sample, { length }: EncodeSampleOptions): EncodedSample {
  const encoded = encodeWhole(tokenizer, sample)
  const total = encoded.ids.length
  if (total > length) {
    const count = encoded.pictures.length
    const inPictures = count * (tokenizer.imageTokens + 2)
    const parts = count === 0 ? '' : ` of which ${grouped(inPictures)} are ${count} picture${count === 1 ? '' : 's'}`
    const fix = 'raise the sequence length, or shorten the sample'
    throw new SampleError(sample.id, `${grouped(total)} tokens${parts}; a row has ${grouped(length)}: ${fix}`)
  }
  return encoded
}

/**
 * The same, but text without pictures or questions, which can be cut anywhere, becomes as many samples as it fills rows:
 * `id`, `id+1`, … Only the last one ends with `<|endoftext|>`.
 */
export function encodePieces(
  tokenizer: Tokenizer,
  sample: Sample,
  options: EncodeSampleOptions,
): readonly EncodedSample[] {
  const isText = sample.format === 'raw' && sample.turns.length === 1 && sample.pictures.length === 0
  if (!isText) return [encodeSample(tokenizer, sample, options)]
  const { ids, labels } = encodeWhole(tokenizer, sample)
  const { length } = options
  // A last piece of one token would teach nothing.
  const pieces = Math.ceil((ids.length - 1) / Math.max(length - 1, 1))
  return Array.from({ length: pieces }, (_, i) => {
    const [from, to] = [i * (length - 1), (i + 1) * (length - 1) + 1] // the token of the border is in both
    const learnt = labels.slice(from, to)
    learnt[0] = ignoredLabel
    const id = i === 0 ? sample.id : `${sample.id}+${i}`
    return { id, task: sample.task, ids: ids.slice(from, to), labels: learnt, pictures: [] }
  })
}

/**
 * A sample as a language model learns it that sees nothing: its pictures are cut out, and all that is said of them is
 * learnt, the questions too.
 */
export function asText({ ids: special }: Tokenizer, { pictures: _, ...sample }: EncodedSample): EncodedSample {
  let inPicture = false
  const ids = sample.ids.filter(id => {
    const stays = !inPicture && id !== special.img
    inPicture = id === special.img || (inPicture && id !== special.imgEnd)
    return stays
  })
  return { ...sample, ids, labels: ids.map((id, i) => (i === 0 ? ignoredLabel : id)), pictures: [] }
}

function encodeWhole(tokenizer: Tokenizer, sample: Sample): EncodedSample {
  checkMarkup(sample)
  let encoded: Supervised
  try {
    encoded = sample.format === 'chatml' ? conversation(tokenizer, sample) : continuation(tokenizer, sample)
  } catch (error) {
    throw error instanceof SampleError ? error : new SampleError(sample.id, (error as Error).message, { cause: error })
  }
  const { ids, pictures, answered } = encoded
  const labels = [...encoded.labels]
  if (labels.length > 0) labels[0] = ignoredLabel
  if (!answered || labels.every(label => label === ignoredLabel)) {
    const turns = sample.turns.some(({ role }) => role === 'assistant') ? 'its answers are empty' : 'it has no answer'
    throw new SampleError(sample.id, `nothing of it would be learnt: ${turns}; add what the assistant says`)
  }
  const places = pictures.map(({ image, start }) => ({ source: image, start }))
  return { id: sample.id, task: sample.task, ids, labels, pictures: places }
}

interface Supervised {
  readonly ids: readonly number[]
  readonly labels: readonly number[]
  readonly pictures: readonly PlacedPicture<PictureSource>[]
  /** An assistant says something. */
  readonly answered: boolean
}

const hasText = (part: SamplePart) => 'text' in part && part.text !== ''
const isAnswer = (turn: SampleTurn) => turn.role === 'assistant' && turn.parts.some(hasText)

function conversation(tokenizer: Tokenizer, sample: Sample): Supervised {
  const messages = sample.turns.map(
    ({ role, parts }): Message<PictureSource> => ({ role, content: contentOf(tokenizer, sample, parts) }),
  )
  // The original leaves out a first message of the assistant, and so does `supervise`.
  const answered = sample.turns.some((turn, i) => i > 0 && isAnswer(turn))
  return { ...supervise(tokenizer, messages, { numbering: numberingOf(sample), specials: 'markup' }), answered }
}

/** A text that announces its pictures itself is not to be announced twice. */
function numberingOf({ numbering, turns }: Sample): 'spaced' | 'none' {
  if (numbering !== undefined) return numbering
  const announces = turns.some(({ parts }) =>
    parts.some((part, i) => {
      const before = parts[i - 1]
      return 'picture' in part && before !== undefined && 'text' in before && /Picture \d+:\s*$/.test(before.text)
    }),
  )
  return announces ? 'none' : 'spaced'
}

function continuation(tokenizer: Tokenizer, sample: Sample): Supervised {
  const specials = sample.pictures.length === 0 ? 'none' : 'markup'
  const encoder = new ContentEncoder<PictureSource>(tokenizer, { numbering: 'none', specials })
  const ids: number[] = []
  const labels: number[] = []
  const pictures: PlacedPicture<PictureSource>[] = []
  let moved = '' // white space from the end of what was given
  for (const { role, parts } of sample.turns) {
    if (role === 'system') continue
    const learnt = role === 'assistant'
    let content: readonly SamplePart[] = moved === '' ? parts : [{ text: moved }, ...parts]
    moved = ''
    if (!learnt) [content, moved] = withoutEnd(content)
    const encoded = encoder.encode(contentOf(tokenizer, sample, content))
    for (const { start, end, ...picture } of encoded.pictures) {
      pictures.push({ ...picture, start: start + ids.length, end: end + ids.length })
    }
    for (const id of encoded.ids) {
      ids.push(id)
      labels.push(learnt ? id : ignoredLabel)
    }
    if (learnt) {
      ids.push(tokenizer.ids.endoftext)
      labels.push(tokenizer.ids.endoftext)
    }
  }
  for (const { start, end } of pictures) labels.fill(ignoredLabel, start, end)
  return { ids, labels, pictures, answered: sample.turns.some(isAnswer) }
}

/** The parts without the white space at the end of their last text, and that white space. */
function withoutEnd(parts: readonly SamplePart[]): [readonly SamplePart[], string] {
  const last = parts.at(-1)
  if (last === undefined || !('text' in last)) return [parts, '']
  const kept = last.text.replace(/[ \t\r\n]+$/, '')
  return [[...parts.slice(0, -1), { text: kept }], last.text.slice(kept.length)]
}

function contentOf(
  tokenizer: Tokenizer,
  sample: Sample,
  parts: readonly SamplePart[],
): readonly ContentPart<PictureSource>[] {
  return parts.map(part => {
    if ('text' in part) return part
    const image = sample.pictures[part.picture]
    if (image === undefined) {
      const has = `it has ${sample.pictures.length}, counted from 0`
      throw new SampleError(sample.id, `its text has picture ${part.picture}, and ${has}`)
    }
    const name = pictureName(image)
    const fits = name !== undefined && Buffer.byteLength(name.normalize('NFC')) <= tokenizer.imageTokens - 2
    return fits ? { image, name } : { image }
  })
}

/** What stands in a picture's span for people to read: the file's name. */
function pictureName(source: PictureSource): string | undefined {
  if (typeof source === 'string') return source.startsWith('data:') ? undefined : basename(source)
  if (source instanceof URL) return basename(source.pathname)
  return source instanceof Blob && 'name' in source ? basename(String(source.name)) : undefined
}

/**
 * Places as the model writes them, or none. Raw turns go on with each other, so that a question may open a tag and the
 * answer close it. Text without pictures is not looked at.
 */
function checkMarkup(sample: Sample): void {
  if (sample.format === 'raw' && sample.pictures.length === 0) return
  const textOf = ({ parts }: SampleTurn) => parts.map(part => ('text' in part ? part.text : ' ')).join('')
  const texts = sample.format === 'raw' ? [sample.turns.map(textOf).join('')] : sample.turns.map(textOf)
  for (const text of texts) {
    if (!text.includes('<')) continue
    for (const segment of parseMarkup(text).segments) {
      const shown = segment.source.length > 60 ? `${segment.source.slice(0, 60)}…` : segment.source
      const fail = (what: string) => new SampleError(sample.id, `${JSON.stringify(shown)} ${what}`)
      if (segment.kind === 'text') continue
      if (segment.kind === 'image') throw fail('is in a text: pictures are parts of their own')
      if (segment.kind === 'stray') throw fail('closes a tag that nothing has opened')
      if (!segment.closed) throw fail('is a tag without its end')
      if (segment.kind === 'ref') continue
      const places = segment.kind === 'box' ? segment.boxes : segment.quads
      const corners = segment.kind === 'box' ? 4 : 8
      const [place] = places
      if (places.length !== 1 || place?.raw.length !== corners) {
        throw fail(`is no place: a ${segment.kind} has ${corners / 2} corners, (x,y),(x,y)${corners === 8 ? ',…' : ''}`)
      }
      const outside = place.raw.find(at => !Number.isInteger(at) || at < 0 || at > 999)
      if (outside !== undefined) {
        throw fail(`has ${outside}: places are whole numbers from 0 to 999, thousandths of the picture`)
      }
      const [x1, y1, x2, y2] = place.raw as [number, number, number, number]
      if (segment.kind === 'box' && (x1 > x2 || y1 > y2)) throw fail('has its corners in the wrong order')
    }
  }
}
