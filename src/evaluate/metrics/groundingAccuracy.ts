/**
 * Whether the box that an answer names is the right one, as the official evaluation of referring expressions (RefCOCO,
 * RefCOCO+, RefCOCOg) decides. Knows the pictures' sizes only.
 *
 * Source: QwenLM/Qwen-VL, eval_mm/evaluate_grounding.py.
 */
import type { Corners } from './boxOverlap.ts'
import { accuracyMetric, type Metric, meanMetric } from './metric.ts'
import { toFloat } from './pythonText.ts'

/** An answer and the right box of its picture, in the picture's pixels. */
export interface GroundingItem {
  /** As the model wrote it: `<box>(x1,y1),(x2,y2)</box>` in units of the picture's thousandth, with or without tags. */
  readonly prediction: string
  readonly box: Corners
  readonly width: number
  readonly height: number
}

/** The share of answers whose first box overlaps the right one by `threshold` or more. The id is `box-iou-50` and so on. */
export const groundingAccuracy = (threshold = 0.5): Metric<GroundingItem> =>
  accuracyMetric(`box-iou-${Math.round(threshold * 100)}`, item => answeredOverlap(item) >= threshold)

/** The mean overlap of the first boxes: moves where the accuracy does not yet. */
export const meanOverlap: Metric<GroundingItem> = meanMetric('box-iou-mean', item => Math.max(0, answeredOverlap(item)))

/**
 * Intersection over union of the answer's first box with the right one, as the official script computes it, for results
 * of single samples. In float32 throughout, since the script is, and a box at the very threshold must fall on the same
 * side; units are divided by 999, not 1000. A box with swapped corners is not put right: its overlap may be below 0.
 */
export function answeredOverlap({ prediction, box, width, height }: GroundingItem): number {
  const size = [width, height, width, height]
  const answer = firstBox(prediction).map((unit, at) => round(round(round(unit) / 999) * (size[at] as number)))
  const [left, top, right, bottom] = answer as [number, number, number, number]
  const [wantedLeft, wantedTop, wantedRight, wantedBottom] = box.map(round) as [number, number, number, number]
  const across = Math.max(0, round(Math.min(right, wantedRight) - Math.max(left, wantedLeft)))
  const down = Math.max(0, round(Math.min(bottom, wantedBottom) - Math.max(top, wantedTop)))
  const shared = round(across * down)
  const area = round(round(right - left) * round(bottom - top))
  const wanted = round(round(wantedRight - wantedLeft) * round(wantedBottom - wantedTop))
  const overlap = round(shared / round(round(area + wanted) - shared))
  return Number.isNaN(overlap) ? 0 : overlap
}

const round = Math.fround
const nowhere: Corners = [0, 0, 0, 0]
const twoPoints = /\(([^\n]*?)\),\(([^\n]*?)\)/

/** x1, y1, x2, y2 of the first two points in brackets; a box without area at the corner where they cannot be read. */
function firstBox(text: string): Corners {
  const points = twoPoints.exec(text)?.slice(1).map(pointOf) ?? []
  const [first, second] = points
  return first === undefined || second === undefined ? nowhere : [...first, ...second]
}

function pointOf(text: string): readonly [number, number] | undefined {
  const numbers = text.split(',').map(toFloat)
  const [x, y] = numbers
  return numbers.length === 2 && x !== undefined && y !== undefined ? [x, y] : undefined
}
