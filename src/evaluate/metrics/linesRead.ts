/**
 * Reading with positions: whether the lines of a page are read to the letter and put where they are. Defined here, after
 * the end-to-end protocol of the ICDAR robust reading competitions (a word is right if its text is and its surface
 * overlaps by half), without their rules for case and unreadable words.
 */
import { parseMarkup, type Quad } from '../../text/index.ts'
import type { Metric } from './metric.ts'
import { mostPairs, pairF1, pairRecall } from './pairing.ts'
import { quadOverlap } from './quadOverlap.ts'

export interface Line {
  readonly text: string
  /** Units of the picture's thousandth. */
  readonly quad: Quad
}

export interface PageItem {
  /** As the model wrote it: `<ref>text</ref><quad>(x,y),(x,y),(x,y),(x,y)</quad>…` */
  readonly prediction: string
  readonly lines: readonly Line[]
}

/**
 * The share of lines that an answer reads exactly, where they are: some `<ref>` of it has the very text, but for runs of
 * blanks, and its quadrilateral overlaps the line's by `threshold` or more. Each is used once. Lines that are not there
 * do not lower it; `linesF1` counts them. Counts: right, wanted and named lines.
 */
export const linesRead = (threshold = 0.5): Metric<PageItem> => linesMetric('lines-read', threshold, pairRecall)

/** The same with precision: F1 over all samples. */
export const linesF1 = (threshold = 0.5): Metric<PageItem> => linesMetric('lines-f1', threshold, pairF1)

function linesMetric(name: string, threshold: number, figure: (counts: readonly number[]) => number): Metric<PageItem> {
  return {
    id: threshold === 0.5 ? name : `${name}-iou-${Math.round(threshold * 100)}`,
    best: 1,
    measure: items =>
      items.map(({ prediction, lines }) => {
        const { quads } = parseMarkup(prediction)
        const pairs = mostPairs(
          lines,
          quads,
          (line, { label, quad }) =>
            label !== undefined && plain(label) === plain(line.text) && quadOverlap(line.quad, quad) >= threshold,
        )
        const counts = [pairs, lines.length, quads.length]
        return { score: figure(counts), counts }
      }),
    figure,
  }
}

const plain = (text: string) => text.normalize('NFC').trim().replace(/\s+/g, ' ')
