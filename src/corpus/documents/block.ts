/**
 * Rows of text set one below the other: what stands where, flat, before it is laid into a picture. Knows no colours and no
 * pictures; a unit is a hundredth of the size of the body's type.
 */
import type { Font } from '../materials/materials.ts'
import type { Language } from '../wording/exchange.ts'
import { around, type InkBox } from './measure.ts'
import { type SetLine, setLine } from './typeset.ts'

/** What a text is on its page, which tells its size and font. */
export type Role = 'title' | 'body' | 'small'

export interface Piece {
  readonly text: string
  readonly language: Language
  /** Default: `body`. */
  readonly role?: Role
}

export interface Row {
  /** One stands where the block is aligned to; several stand in columns. */
  readonly pieces: readonly Piece[]
  /** The pieces are one line that is read across: goods on the left, their price on the right. */
  readonly together?: boolean
  /** A rule beneath. */
  readonly ruled?: boolean
}

export interface BlockStyle {
  readonly align: 'left' | 'centre' | 'right'
  /** Sizes of the type beside the body's, which is 1. */
  readonly sizes: Readonly<Record<Role, number>>
  readonly fontOf: (piece: Piece) => Font
  /** Room between rows, in sizes. */
  readonly leading: number
  /** Room between letters, in sizes. */
  readonly spacing: number
  /** Degrees of the arc that a single row is set on. */
  readonly bend?: number
}

/** A line as it is read: its ink, in units from the block's upper left corner. */
export interface BlockLine {
  readonly text: string
  readonly language: Language
  readonly font: Font
  readonly size: number
  readonly ink: InkBox
}

export interface Block {
  /** Units. The block ends where its ink does. */
  readonly width: number
  readonly height: number
  /** What is drawn, with the start of its baseline. */
  readonly set: readonly { readonly line: SetLine; readonly role: Role; readonly x: number; readonly y: number }[]
  /** What is read, in the order of reading. */
  readonly lines: readonly BlockLine[]
  /** How far down there are rules. */
  readonly rules: readonly number[]
}

/** Units of a body's size. */
export const bodySize = 100
/** Between columns, and between the ends of a line that is read across, in units. */
const columnGap = 90

interface SetRow {
  readonly row: Row
  readonly lines: readonly SetLine[]
}

/** Sets the rows. */
export function layBlock(rows: readonly Row[], style: BlockStyle): Block {
  const { sizes, leading, spacing, bend = 0 } = style
  const set = rows.map(
    (row): SetRow => ({
      row,
      lines: row.pieces.map(piece =>
        setLine(piece.text, {
          ...{ font: style.fontOf(piece), size: bodySize * sizes[piece.role ?? 'body'], spacing },
          bend: rows.length === 1 ? bend : 0,
        }),
      ),
    }),
  )
  const columns = columnsOf(set)
  const width = Math.max(
    columns.reduce((sum, column) => sum + column, 0) + columnGap * Math.max(0, columns.length - 1),
    ...set.map(({ lines }) => lines.reduce((sum, { ink }) => sum + ink[2] - ink[0] + columnGap, -columnGap)),
  )
  const drawn: { line: SetLine; role: Role; x: number; y: number }[] = []
  const lines: BlockLine[] = []
  const rules: number[] = []
  let down = 0
  for (const [index, { row, lines: own }] of set.entries()) {
    const size = Math.max(...own.map(line => line.size))
    if (index > 0) down += size * leading
    // Rows of small letters only take the room of others, so that baselines keep their distance.
    const ascent = Math.max(...own.map(({ ink }) => -ink[1]), index > 0 ? size * 0.6 : 0)
    const baseline = down + ascent
    const starts = startsOf({ row, lines: own }, columns, width, style.align)
    const inks = own.map(({ ink: [left, top, right, bottom] }, i): InkBox => {
      const x = starts[i]! - left
      drawn.push({ line: own[i]!, role: row.pieces[i]!.role ?? 'body', x, y: baseline })
      return [x + left, baseline + top, x + right, baseline + bottom]
    })
    if (row.together === true) lines.push(lineOf(row.pieces, own, around(inks)))
    else lines.push(...row.pieces.map((piece, i) => lineOf([piece], [own[i]!], inks[i]!)))
    down = baseline + Math.max(...own.map(({ ink }) => ink[3]), 0)
    if (row.ruled === true) {
      rules.push(down + size * leading * 0.5)
      down += size * leading * 0.3
    }
  }
  return { width, height: down, set: drawn, lines, rules }
}

/** How wide each column of the rows with columns is. */
function columnsOf(rows: readonly SetRow[]): number[] {
  const widths: number[] = []
  for (const { row, lines } of rows) {
    if (lines.length < 2 || row.together === true) continue
    for (const [i, { ink }] of lines.entries()) widths[i] = Math.max(widths[i] ?? 0, ink[2] - ink[0])
  }
  return widths
}

/** Where the ink of each line of a row starts. */
function startsOf(
  { row, lines }: SetRow,
  columns: readonly number[],
  width: number,
  align: BlockStyle['align'],
): number[] {
  const widths = lines.map(({ ink }) => ink[2] - ink[0])
  if (lines.length === 1) return [(width - widths[0]!) * { left: 0, centre: 0.5, right: 1 }[align]]
  if (row.together === true) return widths.map((own, i) => (i === 0 ? 0 : width - own))
  // Columns share what is left over; the first stands at the left, the others in their middles.
  const spare = (width - columns.reduce((sum, column) => sum + column, 0)) / Math.max(1, columns.length - 1)
  return widths.map((own, i) => {
    const start = columns.slice(0, i).reduce((sum, column) => sum + column + spare, 0)
    return i === 0 ? start : start + (columns[i]! - own) / 2
  })
}

function lineOf(pieces: readonly Piece[], [first]: readonly SetLine[], ink: InkBox): BlockLine {
  const { font, size } = first!
  return { text: pieces.map(piece => piece.text).join(' '), language: pieces[0]!.language, font, size, ink }
}
