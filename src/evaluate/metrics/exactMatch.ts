/**
 * Exact match: an answer is right if it is one of the references, but for case and the space around it.
 *
 * Source: evaluate_exact_match_accuracy of QwenLM/Qwen-VL, eval_mm/evaluate_vqa.py (GQA, OCR-VQA, AI2D).
 */
import { accuracyMetric, referencesOf, type TextItem } from './metric.ts'
import { strip } from './pythonText.ts'

const plain = (text: string) => strip(text).toLowerCase()

/** `strip(lower(answer)) = strip(lower(reference))` for any reference. */
export const exactMatch = accuracyMetric<TextItem>('exact-match', item => {
  const answer = plain(item.prediction)
  return referencesOf(item).some(reference => plain(reference) === answer)
})
