/**
 * Phrase F1 of grounded captions: whether the phrases of an answer name what is there, with boxes where it is.
 *
 * There is no official figure for whole grounded captions; this one is defined here, after the phrase localisation of
 * Flickr30k Entities (B. Plummer et al., arXiv 1505.04870: IoU ≥ 0.5) and the matching of phrases in KOSMOS-2 and GRIT:
 *
 * - A phrase with n boxes counts as n pairs of label and box, in the answer and in the reference.
 * - A pair of the answer is right if a pair of the reference has the same label and their boxes have an IoU of 0.5 or
 *   more. Each pair is used once at most; as many as possible are matched, whatever their order.
 * - Labels are the same if they are equal in lower case, with single blanks, without `a`, `an`, `the` before and
 *   punctuation after them. A reference may allow several labels.
 * - Precision, recall and F1 are those of the sums over all samples, so a caption with more phrases weighs more.
 */
import { parseMarkup, type UnitBox } from '../../text/index.ts'
import { boxOverlap } from './boxOverlap.ts'
import type { Metric } from './metric.ts'
import { mostPairs, pairF1 } from './pairing.ts'

/** A thing in a picture, with the names that are right for it. */
export interface Phrase {
  /** At least one. */
  readonly labels: readonly string[]
  readonly box: UnitBox
}

export interface PhraseItem {
  /** As the model wrote it: `<ref>a red cup</ref><box>(x1,y1),(x2,y2)</box> on …` */
  readonly prediction: string
  readonly phrases: readonly Phrase[]
}

/** F1 over all samples; the score of one is its own F1. Counts: matched, wanted and named pairs. */
export const phraseF1 = (threshold = 0.5): Metric<PhraseItem> => ({
  id: threshold === 0.5 ? 'phrase-f1' : `phrase-f1-iou-${Math.round(threshold * 100)}`,
  best: 1,
  measure: items =>
    items.map(({ prediction, phrases }) => {
      const named = parseMarkup(prediction).boxes
      const wanted = phrases.map(({ labels, box }) => ({ labels: new Set(labels.map(plainLabel)), box: corners(box) }))
      const given = named.map(({ label, box }) => ({ label: plainLabel(label ?? ''), box: corners(box) }))
      const pairs = mostPairs(
        wanted,
        given,
        (one, other) => one.labels.has(other.label) && boxOverlap(one.box, other.box) >= threshold,
      )
      const counts = [pairs, wanted.length, given.length]
      return { score: pairF1(counts), counts }
    }),
  figure: pairF1,
})

/** A label as it is compared: `The red  Cup.` is `red cup`. */
export const plainLabel = (label: string): string =>
  label
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{P}\s]+$/u, '')
    .replace(/\s+/g, ' ')
    .replace(/^ ?(?:(?:an?|the) )?/, '')

const corners = ({ x1, y1, x2, y2 }: UnitBox) => [x1, y1, x2, y2] as const
