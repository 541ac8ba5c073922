/**
 * What can be drawn on a picture, and where each line and label goes: sizes, colours and places, as numbers. Draws nothing
 * and knows no canvas; `paint.ts` and `svg.ts` follow it, so raster and SVG agree.
 *
 * Sizes are the original's: text of `max(⌊√(width · height) / 30⌋, 15)` pixels, lines a quarter of that. Colours are
 * fixed, not random: the same labels get the same colours in every run.
 */
import { PictureError } from './errors.ts'
import type { Size } from './resize.ts'

/** In the picture's own pixels, from the left and from the top. */
export type Point = readonly [x: number, y: number]

/** In the picture's own pixels. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** A box or a quadrilateral to draw, with or without a label. Equal labels share a colour. */
export type Mark = { readonly label?: string | undefined } & (
  | { readonly box: Box }
  | { readonly quad: readonly [Point, Point, Point, Point] }
)

/** Ten colours that are told apart on photographs and are light enough to be read on the labels' dark ground. */
export const palette = [
  '#ff5a5f',
  '#4aa8ff',
  '#3ddc84',
  '#ffd23f',
  '#c58bff',
  '#ff9f43',
  '#2ee6e6',
  '#ff7ac6',
  '#b6f03c',
  '#f2d0a4',
] as const

/** The ground of a label, and the thin edge that sets a line off from a light picture. */
export const ground = 'rgba(0, 0, 0, 0.8)'
export const edge = 'rgba(0, 0, 0, 0.45)'

/** A label's place: its ground, and the text in it. All in pixels. */
export interface PlacedLabel extends Box {
  readonly text: string
  readonly fontSize: number
  /** Where the text begins and its baseline stands. */
  readonly x: number
  readonly baseline: number
  /** The measured width of the text. */
  readonly textWidth: number
}

/** One mark, ready to be drawn. */
export interface Placed {
  readonly colour: string
  /** Pixels. */
  readonly lineWidth: number
  readonly corners: readonly [Point, Point, Point, Point]
  readonly label?: PlacedLabel
}

/** The width of a text in pixels, at a font size in pixels. */
export type Measure = (text: string, fontSize: number) => number

/** The original's size of text for a picture, in pixels. */
export const fontSizeFor = ({ width, height }: Size): number => Math.max(Math.floor(Math.sqrt(width * height) / 30), 15)

/**
 * Where everything goes. Lines are pulled inside the picture; a label stands in the top left corner of its box, above a
 * box that is too small for it, and moves down while it would cover another label. A label that is wider than the picture
 * is set smaller, and then cut with `…`. Throws a PictureError for coordinates that are not finite numbers.
 */
export function place(marks: readonly Mark[], size: Size, measure: Measure): Placed[] {
  const fontSize = fontSizeFor(size)
  const lineWidth = Math.max(fontSize / 4, 1)
  const colours = new Map<string, string>()
  const taken: Box[] = []
  return marks.map((mark, index) => {
    const text = mark.label === undefined ? '' : readable(mark.label)
    if (!colours.has(text)) colours.set(text, palette[colours.size % palette.length]!)
    const corners = cornersOf(mark, index, size, lineWidth)
    const placed = { colour: colours.get(text)!, lineWidth, corners }
    const label = text === '' ? undefined : placeLabel(text, corners, lineWidth, size, fontSize, measure, taken)
    if (label === undefined) return placed
    taken.push(label)
    return { ...placed, label }
  })
}

/** One line of composed characters, without controls. */
const readable = (label: string): string =>
  label
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Default_Ignorable_Code_Point}]|\p{Surrogate}/gu, '')
    .trim()

/** Top left, top right, bottom right, bottom left of a box; a quadrilateral's as they are. Inside the picture. */
function cornersOf(mark: Mark, index: number, size: Size, lineWidth: number): Placed['corners'] {
  const given = 'quad' in mark ? mark.quad.flat() : [mark.box.left, mark.box.top, mark.box.right, mark.box.bottom]
  if (!given.every(Number.isFinite)) {
    throw new PictureError('wrong pixels', `mark ${index} has coordinates that are no numbers: ${given.join(', ')}`)
  }
  const inside = (at: number, length: number) => {
    const margin = Math.min(lineWidth, length) / 2
    return Math.min(Math.max(at, margin), length - margin)
  }
  const corner = (x: number, y: number): Point => [inside(x, size.width), inside(y, size.height)]
  if ('quad' in mark) return mark.quad.map(([x, y]) => corner(x, y)) as unknown as Placed['corners']
  const { left, top, right, bottom } = mark.box
  return [corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)]
}

function placeLabel(
  text: string,
  corners: Placed['corners'],
  lineWidth: number,
  size: Size,
  wanted: number,
  measure: Measure,
  taken: readonly Box[],
): PlacedLabel {
  const { fontSize, shown, textWidth } = fitted(text, size, wanted, measure)
  const padding = fontSize * 0.2
  const [width, height] = [textWidth + 2 * padding, fontSize * 1.3]
  const [leftmost, topmost] = [Math.min(...corners.map(([x]) => x)), Math.min(...corners.map(([, y]) => y))].map(
    at => at - lineWidth / 2, // flush with the outer edge of the line
  ) as [number, number]
  const boxHeight = Math.max(...corners.map(([, y]) => y)) - topmost
  const left = clamp(leftmost, size.width - width)
  const first = clamp(boxHeight < 2 * height && topmost >= height ? topmost - height : topmost, size.height - height)
  const free = (top: number) =>
    taken.every(o => left >= o.right || left + width <= o.left || top >= o.bottom || top + height <= o.top)
  let top = first
  while (!free(top) && top + 2 * height <= size.height) top += height
  if (!free(top)) top = first
  return {
    ...{ left, top, right: left + width, bottom: top + height },
    ...{ text: shown, fontSize, textWidth, x: left + padding, baseline: top + fontSize * 1.0 },
  }
}

const clamp = (at: number, most: number) => Math.max(Math.min(at, most), 0)

/** Makes a text fit into the picture: smaller, down to 8 pixels, and then shorter. */
function fitted(text: string, size: Size, wanted: number, measure: Measure) {
  const room = (fontSize: number) => size.width - fontSize * 0.4 // without the padding
  const shrink = Math.min(1, size.height / (wanted * 1.3), room(wanted) / measure(text, wanted))
  const fontSize = Math.min(wanted, Math.max(wanted * shrink, 8))
  let shown = text
  if (measure(text, fontSize) > room(fontSize) + 0.01) {
    const letters = [...text]
    do letters.pop()
    while (letters.length > 0 && measure(`${letters.join('')}…`, fontSize) > room(fontSize))
    shown = `${letters.join('')}…`
  }
  return { fontSize, shown, textWidth: measure(shown, fontSize) }
}
