/**
 * Texts as Python reads them: what it strips, splits and takes for a number. The reference implementations are Python,
 * and their figures rest on it. Knows no metrics.
 */

/** What `str.strip()` and `str.split()` take for space: more than JavaScript in U+001C … U+001F and U+0085, less U+FEFF. */
const space = '\\t-\\r\\u001c-\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const atEnds = new RegExp(`^[${space}]+|[${space}]+$`, 'g')
const between = new RegExp(`[${space}]+`)

/** `text.strip()` */
export const strip = (text: string): string => text.replace(atEnds, '')

/** `text.split()`: the words, none of them empty. */
export const words = (text: string): string[] => text.split(between).filter(word => word !== '')

/** `len(text)`: characters of Unicode, not units of UTF-16. */
export const length = (text: string): number => [...text].length

const decimal = /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i
const named = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i

/**
 * `float(text)`: underscores between digits, digits of other scripts, `inf` and `nan` are read; `1,000` and `$5` are not.
 * Undefined where Python raises a ValueError.
 */
export function toFloat(text: string): number | undefined {
  const digits = strip(text).replace(/\p{Nd}/gu, digit => String(digitValue(digit)))
  const name = named.exec(digits)
  if (name)
    return name[2] === undefined ? Number.NaN : name[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return decimal.test(digits) ? Number(digits.replaceAll('_', '')) : undefined
}

/** Unicode keeps the ten digits of a script in a row, so a digit's value is how many digits stand right before it. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) as number
  if (code < 128) return code - 48
  if (code >= 0x1d7ce && code <= 0x1d7ff) return (code - 0x1d7ce) % 10 // five alphabets of mathematics in a row
  let value = 0
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value++
  return value
}
