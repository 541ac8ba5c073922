/**
 * wording/: what is said about scenes, in English and Chinese. Knows no pixels: all is read off the record of a scene.
 */
export type { WordingContext } from './context.ts'
export { dialogueAbout, type TaskWeights } from './dialogue.ts'
export { type Exchange, type ExchangeTask, exchangeTasks, type Language } from './exchange.ts'
export { exchangeAbout } from './exchangeAbout.ts'
export { followUp } from './followUp.ts'
export {
  boxMarkup,
  type ChatOptions,
  chatTurns,
  familyOf,
  ocrExchange,
  rawTurns,
  type TaskFamily,
  type TextLine,
} from './formats.ts'
export { exchangeAboutPair } from './pair.ts'
export { WordingError } from './wordingError.ts'
