/** Figures and names of a run as people read them, the same in the terminal and in pictures. Knows no event. */

/** `1.234`, `0.0123`, `12.3`: four digits that say something; `NaN` for what is no number. */
export function showFigure(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞'
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size < 1e-3) return value.toExponential(2)
  if (size < 10) return value.toFixed(size < 0.1 ? 4 : 3)
  return size < 1000 ? value.toFixed(1) : showCount(value)
}

/** `950`, `12.3k`, `9.7M`, `9.66G`. */
export function showCount(value: number): string {
  if (!Number.isFinite(value)) return '?'
  const units = ['', 'k', 'M', 'G', 'T']
  let unit = 0
  let left = Math.abs(value)
  for (; left >= 999.5 && unit < units.length - 1; unit++) left /= 1000
  const digits = left >= 99.95 || Number.isInteger(left) ? 0 : left >= 9.995 || unit < 3 ? 1 : 2
  return `${value < 0 ? '-' : ''}${left.toFixed(digits)}${units[unit]}`
}

/** `1,234`. */
export const showWhole = (value: number): string => value.toLocaleString('en')

/** `45 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`. */
export function showDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '?'
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const two = (value: number) => `${value}`.padStart(2, '0')
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return minutes < 10 ? `${minutes} min ${two(seconds % 60)} s` : `${Math.round(seconds / 60)} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${two(minutes % 60)} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Longest name or message that is shown whole, in characters. */
const longest = 500

/**
 * A text from a log as one harmless line: control characters, with which a terminal can be told to do things, become
 * U+FFFD, ends of lines become spaces, and what is too long is cut.
 */
export function showText(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)} …` : text
  return (
    cut
      .replace(/\s*[\r\n]+\s*/g, ' ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
  )
}
