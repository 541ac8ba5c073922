/**
 * One line of text, set: where each of its letters stands from the start of the baseline, and the box around its ink.
 * Knows no page.
 */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas'
import type { Font } from '../materials/materials.ts'
import { around, type InkBox, letterSize, runSize } from './measure.ts'

/** How a line is set. */
export interface Setting {
  readonly font: Font
  /** The size of the type; everything else comes in the same units. */
  readonly size: number
  /** More room after each letter, in sizes (default 0). */
  readonly spacing?: number
  /** The baseline is an arc of so many degrees: hanging down at its ends, or up where it is below 0 (default 0). */
  readonly bend?: number
}

/** A run of letters, turned about the start of its own baseline. */
interface Run {
  readonly text: string
  readonly x: number
  readonly y: number
  /** Radians, clockwise. */
  readonly angle: number
}

export interface SetLine {
  readonly text: string
  readonly font: Font
  readonly size: number
  readonly advance: number
  /** Around the ink, from the start of the baseline, without outline. */
  readonly ink: InkBox
  readonly runs: readonly Run[]
}

/** Sets a line. */
export function setLine(text: string, { font, size, spacing = 0, bend = 0 }: Setting): SetLine {
  // Letter by letter where they do not stand beside each other as the font has them.
  const plain = spacing === 0 && bend === 0
  const pieces = plain ? (text.match(/[ -~]+|[^ -~]/gu) ?? []) : [...text]
  const measured = pieces.map(piece => (plain && piece.length > 1 ? runSize(font, piece) : letterSize(font, piece)))
  const starts: number[] = []
  let advance = 0
  for (const each of measured) {
    starts.push(advance)
    advance += each.advance + spacing
  }
  advance -= spacing
  if (bend !== 0) {
    const runs = bent(font, pieces, starts, { advance, bend, size })
    return { text, font, size, advance: advance * size, ink: inkOfRuns(font, size, runs, advance * size), runs }
  }
  const ink = around(measured.map((each, i) => moved(each.ink, starts[i]!)))
  const runs = pieces.map((piece, i) => ({ text: piece, x: starts[i]! * size, y: 0, angle: 0 }))
  return { text, font, size, advance: advance * size, ink: scaled(ink, size), runs }
}

/** Draws a line with its baseline starting at a point; the colours are those of the context. */
export function drawLine(
  context: SKRSContext2D,
  { font, size, runs }: SetLine,
  [x, y]: readonly [number, number],
  how: 'fill' | 'stroke',
): void {
  context.font = `${size}px "${font.family}"`
  for (const run of runs) {
    context.save()
    context.translate(x + run.x, y + run.y)
    if (run.angle !== 0) context.rotate(run.angle)
    if (how === 'fill') context.fillText(run.text, 0, 0)
    else context.strokeText(run.text, 0, 0)
    context.restore()
  }
}

function bent(
  font: Font,
  letters: readonly string[],
  starts: readonly number[],
  { advance, bend, size }: { advance: number; bend: number; size: number },
): Run[] {
  const arc = (bend * Math.PI) / 180
  const radius = advance / arc
  return letters.map((letter, i) => {
    const half = letterSize(font, letter).advance / 2
    const angle = ((starts[i]! + half) / advance - 0.5) * arc
    // The middle of the letter stands on the arc, and the letter upright to it.
    const x = advance / 2 + radius * Math.sin(angle) - half * Math.cos(angle)
    const y = radius * (1 - Math.cos(angle)) - half * Math.sin(angle)
    return { text: letter, x: x * size, y: y * size, angle }
  })
}

/** Pixels of the type in which the ink of turned letters is looked for. */
const fine = 40

function inkOfRuns(font: Font, size: number, runs: readonly Run[], advance: number): InkBox {
  const scale = fine / size
  const margin = fine * 3
  const width = Math.ceil(advance * scale) + 2 * margin
  const height = 2 * margin + fine
  const context = createCanvas(width, height).getContext('2d')
  const small = runs.map(run => ({ ...run, x: run.x * scale, y: run.y * scale }))
  const line = { text: '', font, size: fine, advance, ink: [0, 0, 0, 0], runs: small } as const
  drawLine(context, line, [margin, margin + fine / 2], 'fill')
  const { data } = context.getImageData(0, 0, width, height)
  let [left, top, right, bottom] = [width, height, 0, 0]
  for (let at = 3, pixel = 0; at < data.length; at += 4, pixel++) {
    if (data[at]! < 64) continue
    const [x, y] = [pixel % width, Math.floor(pixel / width)]
    if (x < left) left = x
    if (x >= right) right = x + 1
    if (y < top) top = y
    if (y >= bottom) bottom = y + 1
  }
  const origin: InkBox = [left - margin, top - margin - fine / 2, right - margin, bottom - margin - fine / 2]
  return scaled(origin, 1 / scale)
}

const scaled = ([left, top, right, bottom]: InkBox, by: number): InkBox => [
  left * by,
  top * by,
  right * by,
  bottom * by,
]
const moved = ([left, top, right, bottom]: InkBox, by: number): InkBox => [left + by, top, right + by, bottom]
