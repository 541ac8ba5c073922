/**
 * White space as the original sees it. JavaScript's `trim` differs from Python's `strip`: it takes U+FEFF away, and leaves
 * U+0085 and U+001C to U+001F alone. Knows only characters.
 */

/** Python's `str.isspace` of one character: Unicode's White_Space, and four separators of old. */
const isSpace = (char: string) => /\p{White_Space}/u.test(char) || (char >= '\u001c' && char <= '\u001f')

/** Python's `str.strip()`. */
export function strip(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isSpace(text[start]!)) start++
  while (end > start && isSpace(text[end - 1]!)) end--
  return text.slice(start, end)
}
