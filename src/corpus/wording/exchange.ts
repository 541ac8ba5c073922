/**
 * A question about pictures and its answer, before either is dressed for a model: what a dialogue says is `answer`, what
 * the paper's tasks say stands in `formats.ts`. Knows no pictures.
 */

export type Language = 'en' | 'zh'

/**
 * What is asked. The first five are the paper's tasks with pictures; `pair` shows two pictures; `follow-up` needs the
 * exchange before it; `region` names what is in a box.
 */
export const exchangeTasks = [
  'caption',
  'grounded-caption',
  'locate',
  'locate-by-description',
  'ocr',
  'name',
  'colour',
  'count',
  'position',
  'relation',
  'yes-no',
  'compare',
  'read',
  'region',
  'pair',
  'follow-up',
] as const
export type ExchangeTask = (typeof exchangeTasks)[number]

export interface Exchange {
  readonly task: ExchangeTask
  readonly language: Language
  /** As a person asks: `What colour is the car?`, `Where is the dog?`. */
  readonly question: string
  /**
   * The whole answer, with markup: `red`, `A dog on a lawn.`, `<ref>the dog</ref><box>(1,2),(3,4)</box>`. Short where the
   * paper's are (one word or phrase to a question).
   */
  readonly answer: string
  /** For what is located: the phrase without markup, `the red car to the left of the dog`. */
  readonly phrase?: string
  /** Other right answers, best first: synonyms for a name, further captions. */
  readonly references?: readonly string[]
  /** What it is about, where a follow-up may say `it` or `them`: places in `objects` of the scene. */
  readonly about?: readonly number[]
}
