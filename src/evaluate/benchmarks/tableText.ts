/** A table as people read it: in a terminal, and in Markdown. Knows its figures and no answers. */
import type { Table, TableRow } from './table.ts'

/** Figures are shown times this: percent, and CIDEr as it is published. */
const scale = 100

/** Lines of equal columns for a terminal. */
export function tableLines(table: Table): string[] {
  const cells = cellsOf(table)
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map(row => row[column]!.length)))
  const isText = (column: number) => column < 3
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => (isText(at) ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  ')
      .trimEnd()
  return cells.map(line)
}

/** The same as a table of Markdown. */
export function tableMarkdown(table: Table): string {
  const cells = cellsOf(table).map(row => row.map(cell => cell.replaceAll('|', '\\|')))
  const [head, ...rows] = cells as [string[], ...string[][]]
  const rule = head.map((_, at) => (at < 3 ? '---' : '--:'))
  return [head, rule, ...rows].map(row => `| ${row.join(' | ')} |\n`).join('')
}

/** `21 of 24 aims reached`; undefined where there are none. */
export function aimsLine({ rows }: Table): string | undefined {
  const aimed = rows.filter(({ aim }) => aim !== undefined)
  if (aimed.length === 0) return undefined
  return `${aimed.filter(isReached).length} of ${aimed.length} aims reached`
}

const isReached = ({ value, aim }: TableRow) => aim !== undefined && value >= aim

function cellsOf({ columns, rows }: Table): string[][] {
  const head = ['task', 'language', 'figure', 'value', '95%', 'n', 'aim', ...columns]
  return [
    head,
    ...rows.map(row => [
      row.task,
      row.language ?? '',
      row.figure,
      shown(row.value),
      `${shown(row.low)}–${shown(row.high)}`,
      `${row.samples}`,
      row.aim === undefined ? '' : `${short(row.aim)} ${isReached(row) ? '✓' : '✗'}`,
      ...columns.map(column => (row.beside[column] === undefined ? '–' : shown(row.beside[column]))),
    ]),
  ]
}

const shown = (value: number) => (scale * value).toFixed(1)
const short = (value: number) => `${Math.round(scale * value * 10) / 10}`
