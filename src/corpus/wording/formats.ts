/**
 * How exchanges are dressed for a model: the paper's formats word for word, which a base model goes on with, and
 * conversations. Knows no scenes; what is asked and answered was decided before.
 *
 * Source of the raw forms: the paper's multi-task data (arXiv 2308.12966, appendix B), as `sources/` writes them too.
 */
import { parseMarkup, type Quad, quadToUnits, type Size, toUnits, writeBoxes, writeQuads } from '../../text/index.ts'
import type { Random } from '../random.ts'
import type { SamplePart, SampleTurn } from '../sample.ts'
import type { PixelBox } from '../scenes/scene.ts'
import { languageName } from '../sources/rows.ts'
import type { Exchange, ExchangeTask, Language } from './exchange.ts'
import { WordingError } from './wordingError.ts'

/** Families of tasks: a row of the paper's training data holds samples of one of them. */
export type TaskFamily = 'caption' | 'grounded-caption' | 'grounding' | 'ocr' | 'region' | 'vqa'

/** The family of a task: all free questions are `vqa`, both ways to locate are `grounding`. */
export function familyOf(task: ExchangeTask): TaskFamily {
  switch (task) {
    case 'caption':
    case 'grounded-caption':
    case 'ocr':
    case 'region':
      return task
    case 'locate':
    case 'locate-by-description':
      return 'grounding'
    default:
      return 'vqa'
  }
}

/**
 * The exchanges as a text to go on with (`format: 'raw'`): the user's turns are given, the assistant's are learnt. The
 * pictures stand once, before the first; each further exchange is about them too.
 */
export function rawTurns(exchanges: readonly Exchange[], pictures = 1): SampleTurn[] {
  return turnsOf(exchanges, pictures, rawForm)
}

export interface ChatOptions {
  /** Decides who asks in the command's words. */
  readonly random: Random
  /** How many pictures stand before the first question (default 1). */
  readonly pictures?: number
  /** Share of what has a command that is asked in its exact words, as the product asks (default 0.5). */
  readonly commands?: number
}

/** The exchanges as a conversation (`format: 'chatml'`), partly in free words and partly in those of commands. */
export function chatTurns(
  exchanges: readonly Exchange[],
  { random, pictures = 1, commands = 0.5 }: ChatOptions,
): SampleTurn[] {
  return turnsOf(exchanges, pictures, exchange => ({
    given: random.chance(commands) ? (command(exchange) ?? exchange.question) : exchange.question,
    learnt: exchange.answer,
  }))
}

interface Form {
  readonly given: string
  readonly learnt: string
}

function turnsOf(exchanges: readonly Exchange[], pictures: number, form: (exchange: Exchange) => Form): SampleTurn[] {
  return exchanges.flatMap((exchange, index): SampleTurn[] => {
    const { given, learnt } = form(exchange)
    const shown: SamplePart[] = index > 0 ? [] : Array.from({ length: pictures }, (_, picture) => ({ picture }))
    return [
      { role: 'user', parts: [...shown, { text: given }] },
      { role: 'assistant', parts: [{ text: learnt }] },
    ]
  })
}

/** The words of the product's commands, which are those of the paper; undefined for what is asked freely. */
function command(exchange: Exchange): string | undefined {
  switch (familyOf(exchange.task)) {
    case 'caption':
      return `Generate the caption in ${languageName(exchange.language)}:`
    case 'grounded-caption':
      return `Generate the caption in ${languageName(exchange.language)} with grounding:`
    case 'ocr':
      return 'OCR with grounding:'
    case 'grounding':
      return `<ref>${phraseOf(exchange)}</ref>`
    case 'region': {
      const box = parseMarkup(exchange.question).segments.find(segment => segment.kind === 'box')
      if (box === undefined) {
        throw new WordingError(`the question about a region names no box: ${JSON.stringify(exchange.question)}`)
      }
      return exchange.language === 'zh' ? `<ref>这</ref>${box.source}是` : `<ref>This</ref>${box.source} is`
    }
    case 'vqa':
      return undefined
  }
}

function rawForm(exchange: Exchange): Form {
  const given = command(exchange) ?? ` ${exchange.question} Answer:`
  switch (familyOf(exchange.task)) {
    case 'grounding':
      return { given, learnt: exchange.answer.slice(given.length) }
    case 'region':
      return { given, learnt: exchange.language === 'zh' ? exchange.answer : ` ${exchange.answer}` }
    default:
      return { given, learnt: ` ${exchange.answer}` }
  }
}

function phraseOf({ phrase, answer }: Exchange): string {
  if (phrase !== undefined && answer.startsWith(`<ref>${phrase}</ref>`)) return phrase
  throw new WordingError(`an answer that locates begins with its phrase ${JSON.stringify(phrase)}: ${answer}`)
}

/** Boxes of a picture as markup, in thousandths of its sides: `<ref>label</ref><box>(x1,y1),(x2,y2)</box><box>…`. */
export function boxMarkup(boxes: readonly PixelBox[], size: Size, label?: string): string {
  const units = boxes.map(([left, top, right, bottom]) => toUnits({ left, top, right, bottom }, size))
  return writeBoxes(units, label)
}

/** A piece of text in a picture. */
export interface TextLine {
  readonly text: string
  /** Clockwise from the top left of the text's own direction, in pixels. */
  readonly quad: Quad
}

const ocrWordings: Readonly<Record<Language, readonly string[]>> = {
  en: [
    'Read all the text and say where it is.',
    'What text is there, and where?',
    'Find the text in the picture.',
    'Read the text with its places.',
    'Which words are where in the picture?',
    'Transcribe the text and mark where each line is.',
    'Mark every line of text.',
    'Locate and read the writing.',
    'Read everything that is written, with positions.',
    'Recognise the text and give its position.',
  ],
  zh: [
    '读出所有文字并标出位置。',
    '图中有哪些文字？分别在哪里？',
    '找出图中的文字。',
    '识别文字并给出位置。',
    '请标出每一行文字。',
    '把图上的字读出来，并标明位置。',
    '定位并识别图片里的文字。',
    '哪些字在图片的哪里？',
    '请识别图中文字及其位置。',
    '请找到并读出所有的字。',
  ],
}

/**
 * The text of a picture with the place of each line, in the order in which the lines are given: that of reading.
 * Throws a TextError for a text that holds a tag of the markup.
 */
export function ocrExchange(
  lines: readonly TextLine[],
  { size, language, random }: { readonly size: Size; readonly language: Language; readonly random: Random },
): Exchange {
  const answer = lines.map(({ text, quad }) => writeQuads([quadToUnits(quad, size)], text)).join(' ')
  return { task: 'ocr', language, question: random.pick(ocrWordings[language]), answer }
}
