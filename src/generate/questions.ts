/**
 * The questions that a model was taught to be asked, in the words of its training: captions, places, reading. Chat models
 * get them as a turn of the user, base models as the start of a text to go on with.
 */
import type { Content, MarkupOptions } from '../text/index.ts'

export type Language = 'en' | 'zh'

/** What to say to the model about a picture, and how its answer begins. */
export interface Question {
  readonly text: string
  /** The answer goes on in a tag that the question opened. */
  readonly opened?: MarkupOptions
}

export interface CaptionOptions {
  /** Language of the caption (default English). */
  readonly language?: Language
  /** Name what is seen with its boxes (default false). */
  readonly grounded?: boolean
}

const languageNames = { en: 'English', zh: 'Chinese' } as const

/** Source: the paper's multi-task formats (arXiv 2308.12966, appendix B). */
export function captionQuestion({ language = 'en', grounded = false }: CaptionOptions): Question {
  const how = grounded ? ' with grounding' : ''
  return { text: `Generate the caption in ${languageNames[language]}${how}:` }
}

/**
 * Where something is. A base model is made to go on in the box of what is named; a chat model writes the whole.
 * Source: the official evaluation of referring expressions.
 */
export function locateQuestion(what: string, format: 'chatml' | 'raw'): Question {
  const named = `<ref>${what}</ref>`
  return format === 'raw' ? { text: `${named}<box>`, opened: { inside: 'box', label: what } } : { text: named }
}

/** The text in a picture, with the quadrilateral of each piece. Source: the paper's multi-task formats. */
export const readQuestion = (): Question => ({ text: 'OCR with grounding:' })

/** A free question: base models were taught to answer after `Answer:`. */
export const freeQuestion = (question: string, format: 'chatml' | 'raw'): Question => ({
  text: format === 'raw' ? ` ${question} Answer:` : question,
})

/** The question about its pictures as the content of a message. */
export const contentOf = <Image>(pictures: readonly Image[], { text }: Question): Content<Image> => [
  ...pictures.map(image => ({ image })),
  { text },
]
