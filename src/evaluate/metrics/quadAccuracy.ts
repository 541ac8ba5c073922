/**
 * Whether the quadrilateral that an answer names is the right one. Where it was asked for one text; pages of lines are
 * for `linesRead.ts`.
 */
import { parseMarkup, type Quad } from '../../text/index.ts'
import { accuracyMetric, type Metric } from './metric.ts'
import { quadOverlap } from './quadOverlap.ts'

export interface QuadItem {
  /** As the model wrote it, `<quad>(x,y),(x,y),(x,y),(x,y)</quad>`; an upright box will do, as its four corners. */
  readonly prediction: string
  /** Units of the picture's thousandth. */
  readonly quad: Quad
}

/** The share of answers whose first quadrilateral overlaps the right one by `threshold` or more; id `quad-iou-50`. */
export const quadAccuracy = (threshold = 0.5): Metric<QuadItem> =>
  accuracyMetric(`quad-iou-${Math.round(threshold * 100)}`, item => answeredQuadOverlap(item) >= threshold)

/** Overlap of the answer's first quadrilateral with the right one, 0 … 1; 0 where it names none. */
export function answeredQuadOverlap({ prediction, quad }: QuadItem): number {
  const { quads, boxes } = parseMarkup(prediction)
  const first = quads[0]?.quad ?? (boxes[0] && quadOf(boxes[0].box))
  return first === undefined ? 0 : quadOverlap(first, quad)
}

const quadOf = ({ x1, y1, x2, y2 }: { x1: number; y1: number; x2: number; y2: number }): Quad => [
  [x1, y1],
  [x2, y1],
  [x2, y2],
  [x1, y2],
]
