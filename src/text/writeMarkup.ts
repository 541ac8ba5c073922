/**
 * Writes places as markup. Knows no tokens and no pictures: boxes are in units (`toUnits` makes them of pixels).
 */
import type { Quad, UnitBox } from './boxes.ts'
import { TextError } from './errors.ts'
import { markupTags, pictureTags } from './specialTokens.ts'

/** The highest unit that is written: the model was taught places in [0, 1000). */
const highest = 999

/**
 * A label and its boxes. Units become whole numbers, and 1000 becomes 999: the model was taught places in [0, 1000).
 *
 *     writeBoxes([{ x1: 536, y1: 509, x2: 588, y2: 602 }], '击掌')   // '<ref>击掌</ref><box>(536,509),(588,602)</box>'
 */
export function writeBoxes(boxes: readonly UnitBox[], label?: string): string {
  const written = boxes.map(({ x1, y1, x2, y2 }) => `<box>${points([x1, y1], [x2, y2])}</box>`)
  return `${writeLabel(label)}${written.join('')}`
}

/** A label and its quadrilaterals, corners in the order given: `<quad>(x,y),(x,y),(x,y),(x,y)</quad>`. */
export function writeQuads(quads: readonly Quad[], label?: string): string {
  return `${writeLabel(label)}${quads.map(quad => `<quad>${points(...quad)}</quad>`).join('')}`
}

function writeLabel(label: string | undefined): string {
  if (label === undefined) return ''
  const tag = [...markupTags, ...pictureTags].find(each => label.includes(each))
  if (tag !== undefined) throw new TextError('markup', `the label ${JSON.stringify(label)} holds ${tag}: take it out`)
  return `<ref>${label}</ref>`
}

const points = (...corners: readonly (readonly [number, number])[]) =>
  corners.map(([x, y]) => `(${written(x)},${written(y)})`).join(',')

function written(unit: number): number {
  if (Number.isFinite(unit)) return Math.min(Math.max(Math.round(unit), 0), highest)
  throw new TextError('markup', `a corner at ${unit}: units are numbers from 0 to 1000`)
}
