/**
 * Paints placed marks with a 2D canvas context: the one of Node or the one of a browser. Knows where nothing goes;
 * `marks.ts` decides that. A character that the font lacks is painted as a frame with its code in hex, and never throws.
 */
import { edge, ground, type Measure, type Placed, type PlacedLabel } from './marks.ts'

/** What painting needs of a 2D context. */
export interface Brush {
  fillStyle: unknown
  strokeStyle: unknown
  lineWidth: number
  lineJoin: unknown
  font: string
  textBaseline: unknown
  beginPath(): void
  moveTo(x: number, y: number): void
  lineTo(x: number, y: number): void
  closePath(): void
  stroke(): void
  fillRect(x: number, y: number, width: number, height: number): void
  strokeRect(x: number, y: number, width: number, height: number): void
  fillText(text: string, x: number, y: number): void
  measureText(text: string): { readonly width: number }
}

/** A font and what it covers. */
export interface LabelFont {
  /** As in CSS: one or more families. */
  readonly family: string
  /** Whether there is a glyph for a character; absent where the system fills gaps itself. */
  readonly has?: (character: string) => boolean
}

/** How wide labels are when `paint` paints them. */
export function measureWith(brush: Brush, font: LabelFont): Measure {
  return (text, fontSize) => {
    brush.font = `${fontSize}px ${font.family}`
    return runs(text, font).reduce((sum, run) => sum + widthOf(run, fontSize, brush), 0)
  }
}

/** Paints all lines first and the labels over them. */
export function paint(brush: Brush, placed: readonly Placed[], font: LabelFont): void {
  brush.lineJoin = 'miter'
  brush.textBaseline = 'alphabetic'
  for (const { corners, colour, lineWidth } of placed) {
    brush.beginPath()
    brush.moveTo(...corners[0])
    for (const corner of corners.slice(1)) brush.lineTo(...corner)
    brush.closePath()
    for (const [style, width] of [
      [edge, lineWidth + 2],
      [colour, lineWidth],
    ] as const) {
      brush.strokeStyle = style
      brush.lineWidth = width
      brush.stroke()
    }
  }
  for (const { label, colour } of placed) if (label) paintLabel(brush, label, colour, font)
}

function paintLabel(brush: Brush, label: PlacedLabel, colour: string, font: LabelFont): void {
  brush.fillStyle = ground
  brush.fillRect(label.left, label.top, label.right - label.left, label.bottom - label.top)
  let x = label.x
  for (const run of runs(label.text, font)) {
    brush.fillStyle = colour
    brush.font = `${label.fontSize}px ${font.family}`
    if (run.text !== undefined) brush.fillText(run.text, x, label.baseline)
    else paintCode(brush, run.code, x, label, colour, font)
    brush.font = `${label.fontSize}px ${font.family}`
    x += widthOf(run, label.fontSize, brush)
  }
}

/** Characters that the font has, or the code of one that it lacks, in hex. */
type Run = { readonly text: string } | { readonly text?: never; readonly code: string }

function runs(text: string, font: LabelFont): Run[] {
  if (!font.has) return [{ text }]
  const result: Run[] = []
  let known = ''
  for (const character of text) {
    const plain = font.has(character) ? character : plainForm(character, font.has)
    if (plain !== '') known += plain
    else {
      if (known !== '') result.push({ text: known })
      known = ''
      result.push({ code: character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0') })
    }
  }
  if (known !== '') result.push({ text: known })
  return result
}

/** A letter without its accent, a circled or bold letter as a letter: `Š` → `S`. '' where the font has none of it. */
const plainForm = (character: string, has: (character: string) => boolean): string =>
  [...character.normalize('NFKD')].filter(has).join('')

/** The digits stand in two rows: 4 digits as 2×2, 5 and 6 as 3 over 2 or 3. */
const columns = (code: string) => Math.ceil(code.length / 2)

const widthOf = (run: Run, fontSize: number, brush: Brush): number =>
  run.text !== undefined ? brush.measureText(run.text).width : fontSize * (0.3 * columns(run.code) + 0.35)

function paintCode(brush: Brush, code: string, x: number, label: PlacedLabel, colour: string, font: LabelFont): void {
  const { fontSize, baseline } = label
  const small = fontSize * 0.48
  const width = fontSize * (0.3 * columns(code) + 0.25)
  const [left, top, height] = [x + fontSize * 0.05, baseline - fontSize * 0.88, fontSize * 1.06]
  brush.strokeStyle = colour
  brush.lineWidth = Math.max(fontSize / 20, 0.75)
  brush.strokeRect(left, top, width, height)
  brush.font = `${small}px ${font.family}`
  const rows = [code.slice(0, columns(code)), code.slice(columns(code))]
  rows.forEach((digits, row) => {
    const start = left + (width - brush.measureText(digits).width) / 2
    brush.fillText(digits, start, top + small * (0.95 + row * 0.95))
  })
}
