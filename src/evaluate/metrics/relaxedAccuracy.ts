/**
 * Relaxed accuracy of ChartQA: a number may be 5% off, any other answer must be equal but for case.
 *
 * Source: relaxed_correctness of QwenLM/Qwen-VL, eval_mm/evaluate_vqa.py, which takes it from pix2struct.
 */
import { accuracyMetric, type Metric, referencesOf, type TextItem } from './metric.ts'
import { strip, toFloat } from './pythonText.ts'

const TOLERANCE = 0.05

/**
 * What the 5% are of. `answer`: of the model's own number, as the published figures of Qwen-VL are computed; its script
 * hands the two over in the wrong order. `reference`: of the right number, as the metric was meant.
 */
export type RelativeTo = 'answer' | 'reference'

/** `|answer − reference| ≤ 0.05 |base|`; the base's id is `relaxed-accuracy` for `answer`. */
export function relaxedAccuracy(relativeTo: RelativeTo = 'answer'): Metric<TextItem> {
  const id = relativeTo === 'answer' ? 'relaxed-accuracy' : 'relaxed-accuracy-of-reference'
  return accuracyMetric(id, item => {
    const answer = strip(item.prediction)
    return referencesOf(item).some(reference =>
      relativeTo === 'answer' ? near(answer, reference) : near(reference, answer),
    )
  })
}

/** A base of 0 has no share: the texts are compared, as in the reference. */
function near(base: string, other: string): boolean {
  const [wanted, given] = [numberOf(base), numberOf(other)]
  if (given === undefined || wanted === undefined || wanted === 0) return base.toLowerCase() === other.toLowerCase()
  return Math.abs(given - wanted) / Math.abs(wanted) <= TOLERANCE
}

/** `86%` is 0.86. */
function numberOf(text: string): number | undefined {
  if (!text.endsWith('%')) return toFloat(text)
  const share = toFloat(text.replace(/%+$/, ''))
  return share === undefined ? undefined : share / 100
}
