/**
 * ROUGE-L as the COCO caption evaluation computes it: the longest sequence of words that two captions share in order.
 *
 * Source: C.-Y. Lin, ROUGE: a package for automatic evaluation of summaries (2004), as in salaniz/pycocoevalcap.
 */

import { captionMetric, type TokenItem } from './captionMetric.ts'
import type { Captions } from './captionTokens.ts'
import type { Metric, TextItem } from './metric.ts'

const BETA = 1.2

/** `(1 + β²) P R / (R + β² P)`, where precision and recall are each the best over the references. */
export const rougeL = (captions: Captions = 'en'): Metric<TextItem> =>
  captionMetric('rouge-l', captions, items => items.map(item => ({ score: scoreRougeL(item) })))

/** The score of one caption in tokens, 0 … 1. */
export function scoreRougeL({ prediction, references }: TokenItem): number {
  const shared = references.map(reference => longestShared(prediction, reference))
  const share = (count: number, length: number) => (length === 0 ? 0 : count / length)
  const precision = Math.max(...shared.map(count => share(count, prediction.length)))
  const recall = Math.max(...shared.map((count, at) => share(count, (references[at] as readonly string[]).length)))
  if (precision === 0 || recall === 0) return 0
  return ((1 + BETA ** 2) * precision * recall) / (recall + BETA ** 2 * precision)
}

/** Length of the longest common subsequence, in memory of one row. */
function longestShared(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0)
  for (const token of a) {
    const next = [0]
    for (let j = 1; j <= b.length; j++) {
      const equal = token === b[j - 1]
      next.push(equal ? (row[j - 1] as number) + 1 : Math.max(row[j] as number, next[j - 1] as number))
    }
    row = next
  }
  return row[b.length] as number
}
