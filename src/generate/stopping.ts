/** When to stop writing: stop sequences of tokens, and texts that go round in circles. */

/** The first stop sequence that a text ends with, or undefined. Empty sequences stop nothing. */
export function endsWithStop(
  written: readonly number[],
  stops: readonly (readonly number[])[],
): readonly number[] | undefined {
  return stops.find(
    stop =>
      stop.length > 0 &&
      stop.length <= written.length &&
      stop.every((token, i) => token === written[written.length - stop.length + i]),
  )
}

/** The longest cycle that is looked for, and how much of the end of a text has to be cycles. Tokens. */
const LONGEST_CYCLE = 64
const CIRCLING = 96
/** A cycle counts once it came this often: short tables and lists repeat themselves, but not word for word. */
const REPEATS = 6

/**
 * Whether a text has ended in endless repetition: its last 96 tokens or more are one sequence of at most 64 tokens, over
 * and over, at least six times. Every repetition must be exact, so tables, lists of boxes and verses with a refrain pass.
 */
export function isCircling(written: readonly number[]): boolean {
  for (let cycle = 1; cycle <= LONGEST_CYCLE; cycle++) {
    const span = cycle * Math.max(REPEATS, Math.ceil(CIRCLING / cycle))
    if (span > written.length) continue
    const start = written.length - span
    let i = start + cycle
    while (i < written.length && written[i] === written[i - cycle]) i++
    if (i === written.length) return true
  }
  return false
}
