/**
 * BLEU as the COCO caption evaluation computes it: which share of a caption's runs of words stands in the references too.
 *
 * Source: K. Papineni et al., ACL 2002, as in salaniz/pycocoevalcap, with its small constants against division by zero
 * and the reference whose length is closest.
 */

import { captionMetric, type TokenItem } from './captionMetric.ts'
import type { Captions } from './captionTokens.ts'
import type { Measure, Metric, TextItem } from './metric.ts'
import { countGrams, longestGram, sizeOf } from './ngrams.ts'

const SMALL = 1e-9
const TINY = 1e-15

/**
 * BLEU with runs of up to `longest` words. The figure is the corpus's: of the sums of matches and lengths, not the mean
 * of the scores.
 */
export const bleu = (longest: 1 | 2 | 3 | 4 = 4, captions: Captions = 'en'): Metric<TextItem> =>
  captionMetric(`bleu-${longest}`, captions, items => items.map(item => measureBleu(item, longest)), {
    figure: sums => score(sums, longest),
  })

/** Counts: tokens of the caption, tokens of the closest reference, and for n = 1 … 4 the matched and all runs. */
export function measureBleu({ prediction, references }: TokenItem, longest: number): Measure {
  const closest = references
    .map(reference => reference.length)
    .reduce((best, each) => (distance(each, prediction) < distance(best, prediction) ? each : best))
  const most = new Map<string, number>()
  for (const reference of references) {
    for (const [gram, count] of countGrams(reference)) most.set(gram, Math.max(most.get(gram) ?? 0, count))
  }
  const counts = [prediction.length, closest]
  for (let n = 0; n < longestGram; n++) counts.push(0, Math.max(0, prediction.length - n))
  for (const [gram, count] of countGrams(prediction)) {
    const at = 2 * sizeOf(gram)
    counts[at] = (counts[at] as number) + Math.min(most.get(gram) ?? 0, count)
  }
  return { score: score(counts, longest), counts }
}

/** Between two references that are equally far the shorter one counts. */
const distance = (length: number, prediction: readonly string[]) => Math.abs(length - prediction.length) + length * 1e-9

function score(counts: readonly number[], longest: number): number {
  const [length, wanted] = [counts[0] as number, counts[1] as number]
  let product = 1
  for (let n = 1; n <= longest; n++) {
    product *= ((counts[2 * n] as number) + TINY) / ((counts[2 * n + 1] as number) + SMALL)
  }
  const ratio = (length + TINY) / (wanted + SMALL)
  return product ** (1 / longest) * (ratio < 1 ? Math.exp(1 - 1 / ratio) : 1)
}
