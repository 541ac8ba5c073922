/** What can go wrong with a run's log. Knows no reader. */

/** A log cannot be written or read, or holds what no run writes. The message names the file and, for a line, its number. */
export class LogError extends Error {
  override readonly name = 'LogError'
  readonly file: string
  /** The line concerned, from 1, if it is one line. */
  readonly line: number | undefined

  constructor(file: string, problem: string, { line, ...options }: ErrorOptions & { readonly line?: number } = {}) {
    super(`${file}${line === undefined ? '' : `, line ${line}`}: ${problem}`, options)
    this.file = file
    this.line = line
  }
}
