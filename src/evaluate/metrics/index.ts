/**
 * metrics/: how answers are scored. Knows no models, no benchmarks and no files: it takes what was answered and what is
 * right. Every figure that has a reference implementation equals it, quirks included; the tests hold them.
 *
 * Reading order: `metric.ts` (what a metric is, and `judge`) and `interval.ts`; then any metric.
 *
 * - words: `exactMatch.ts` with `gqaAnswer.ts`, `vqaAccuracy.ts`, `anls.ts`, `relaxedAccuracy.ts`
 * - captions: `cider.ts`, `bleu.ts`, `rougeL.ts` over `captionTokens.ts`
 * - places: `groundingAccuracy.ts`, `quadAccuracy.ts`, `phraseF1.ts`, `linesRead.ts`
 * - choices: `pope.ts`, `mme.ts`, `optionLetter.ts`, `circularChoice.ts`, `scienceQaLetter.ts`; parts of a set: `groups.ts`
 */
export * from './anls.ts'
export { bleu } from './bleu.ts'
export * from './boxOverlap.ts'
export * from './captionTokens.ts'
export { cider } from './cider.ts'
export * from './circularChoice.ts'
export * from './errors.ts'
export * from './exactMatch.ts'
export * from './gqaAnswer.ts'
export * from './groundingAccuracy.ts'
export * from './groups.ts'
export * from './interval.ts'
export * from './linesRead.ts'
export {
  accuracyMetric,
  type Judgement,
  judge,
  type Measure,
  type Metric,
  meanMetric,
  type TextItem,
} from './metric.ts'
export * from './mme.ts'
export * from './mmVetGroups.ts'
export * from './optionLetter.ts'
export * from './phraseF1.ts'
export * from './pope.ts'
export * from './ptbTokenizer.ts'
export * from './quadAccuracy.ts'
export * from './quadOverlap.ts'
export * from './relaxedAccuracy.ts'
export { rougeL } from './rougeL.ts'
export * from './scienceQaGroups.ts'
export * from './scienceQaLetter.ts'
export * from './vqaAccuracy.ts'
export { evalAiAnswer, vqaAnswer } from './vqaAnswer.ts'
