/**
 * The metrics of `metrics/` for answers to items: what is right is read off the references, markup and all. Where there
 * are several references, the one that suits the answer best counts. Knows no benchmark.
 */
import { parseMarkup } from '../../text/index.ts'
import {
  accuracyMetric,
  answeredOverlap,
  type Captions,
  cider,
  type GroundingItem,
  groundingAccuracy,
  linesRead,
  type Measure,
  type Metric,
  meanOverlap,
  phraseF1,
} from '../metrics/index.ts'
import { type Answered, BenchmarkError, type BenchmarkItem } from './benchmark.ts'
import { plainAnswer, writtenAnswer } from './plainAnswer.ts'

/** Right if it says what a reference says, but for case, punctuation and article; of a place, if half of it overlaps. */
export const exactAnswer: Metric<Answered> = sameText(plainAnswer)

/** Right if it is what a reference is, to the letter: for what is read. */
export const exactWriting: Metric<Answered> = sameText(writtenAnswer)

function sameText(plain: (text: string) => string): Metric<Answered> {
  return accuracyMetric('exact-match', ({ item, prediction }) => {
    const said = plain(textOf(prediction))
    return item.references.some(reference => {
      const places = boxesOf(reference, prediction)
      if (places.length > 0) return places.some(place => answeredOverlap(place) >= 0.5)
      return plain(textOf(reference)) === said
    })
  })
}

/** The share of answers whose first box overlaps the right one by `threshold` or more. */
export const boxFound = (threshold: number): Metric<Answered> =>
  againstBest(groundingAccuracy(threshold), ({ item, prediction }) =>
    needed(
      item,
      'box',
      item.references.flatMap(reference => boxesOf(reference, prediction)),
    ),
  )

/** The mean overlap of the first box with the right one. */
export const boxOverlapMean: Metric<Answered> = againstBest(meanOverlap, ({ item, prediction }) =>
  needed(
    item,
    'box',
    item.references.flatMap(reference => boxesOf(reference, prediction)),
  ),
)

/** F1 of phrases with their boxes, after `phraseF1`. */
export const groundedPhrases: Metric<Answered> = againstBest(phraseF1(), ({ item, prediction }) =>
  item.references.map(reference => ({
    prediction,
    phrases: parseMarkup(reference).boxes.map(({ label, box }) => ({ labels: [label ?? ''], box })),
  })),
)

/** The share of lines that are read exactly, where they are. */
export const linesFound: Metric<Answered> = againstBest(linesRead(0.5), ({ item, prediction }) =>
  needed(
    item,
    'line with its quadrilateral',
    item.references
      .map(reference => parseMarkup(reference).quads)
      .filter(quads => quads.length > 0)
      .map(quads => ({ prediction, lines: quads.map(({ label, quad }) => ({ text: label ?? '', quad })) })),
  ),
)

/** CIDEr of what a person reads: markup is left out. */
export function captionLikeness(language: Captions): Metric<Answered> {
  const metric = cider(language)
  return {
    id: metric.id,
    best: metric.best,
    measure: answered =>
      metric.measure(
        answered.map(({ item, prediction }) => ({
          prediction: textOf(prediction),
          references: item.references.map(textOf),
        })),
      ),
  }
}

/** A metric that scores each item by itself, taken of the item that suits the answer best. At least one for each. */
function againstBest<Item>(metric: Metric<Item>, itemsOf: (answered: Answered) => readonly Item[]): Metric<Answered> {
  return {
    ...metric,
    measure: all =>
      all.map(answered =>
        metric.measure(itemsOf(answered)).reduce((best: Measure, each) => (each.score > best.score ? each : best)),
      ),
  }
}

const textOf = (text: string) => parseMarkup(text).text.trim()

/** Places are compared in units: a unit is as good as a pixel, since both axes are stretched alike for both boxes. */
const across = 999

function boxesOf(reference: string, prediction: string): readonly GroundingItem[] {
  return parseMarkup(reference).boxes.map(({ box: { x1, y1, x2, y2 } }) => ({
    ...{ prediction, box: [x1, y1, x2, y2] as const, width: across, height: across },
  }))
}

function needed<Item>(item: BenchmarkItem, what: string, found: readonly Item[]): readonly Item[] {
  if (found.length > 0) return found
  throw new BenchmarkError(`${item.id}: no right answer of it has a ${what}: ${JSON.stringify(item.references[0])}`)
}
