/**
 * The table of ordinary tokens: rank → bytes. Reads the text of a `qwen.tiktoken` file. Opens no file, merges nothing,
 * and knows no special tokens.
 */
import { TextError } from './errors.ts'

export interface Vocabulary {
  /** How many ranks there are: the ids 0 … size - 1. */
  readonly size: number
  /** The bytes of a token; undefined for an id that is no rank. The array is a view: do not write to it. */
  bytes(id: number): Uint8Array | undefined
  /** All tokens in the order of their ranks as base64, separated by spaces. */
  readonly base64: string
}

/**
 * Reads `qwen.tiktoken`: one line for each token, `base64 rank`, ranks 0, 1, 2, … in order; every byte has to have its
 * own token, so that any text can be encoded. The published file has 151,643 lines.
 *
 * A smaller vocabulary is closed, and encodes as the larger one would with fewer merges, if it has for each token the
 * two tokens that it is merged from; the first n lines of the file always are.
 */
export function parseVocabulary(file: string | Uint8Array): Vocabulary {
  const text = (typeof file === 'string' ? file : new TextDecoder().decode(file)).trimEnd()
  const tokens: string[] = []
  const seen = new Set<string>()
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from)
    const to = newline === -1 ? text.length : newline
    const space = text.indexOf(' ', from)
    const number = tokens.length + 1
    if (space <= from || space >= to || !/^\d+\s*$/.test(text.slice(space + 1, to))) {
      const shown = JSON.stringify(text.slice(from, Math.min(to, from + 40)))
      throw new TextError('vocabulary', `line ${number} is not "base64 rank" but ${shown}: this is no .tiktoken file`)
    }
    const token = text.slice(from, space)
    const rank = Number(text.slice(space + 1, to))
    if (rank !== tokens.length) {
      throw new TextError('vocabulary', `line ${number} has rank ${rank}: ranks go 0, 1, 2, … without a gap`)
    }
    if (seen.has(token)) throw new TextError('vocabulary', `line ${number} repeats an earlier token`)
    seen.add(token)
    tokens.push(token)
    from = to + 1
  }
  return pack(tokens)
}

/** The smallest vocabulary there is, for models made for tests: token b is the byte b, and nothing is merged. */
export function byteVocabulary(): Vocabulary {
  return pack(Array.from({ length: 256 }, (_, byte) => btoa(String.fromCharCode(byte))))
}

function pack(tokens: readonly string[]): Vocabulary {
  const base64 = tokens.join(' ')
  const bytes = new Uint8Array(Math.ceil(base64.length * 0.75))
  const starts = new Uint32Array(tokens.length + 1)
  const single = new Set<number>()
  let end = 0
  tokens.forEach((token, rank) => {
    const start = end
    end = decodeBase64(token, bytes, start)
    if (end === -1)
      throw new TextError('vocabulary', `the token of rank ${rank} is not base64: "${token.slice(0, 40)}"`)
    if (end - start === 1) single.add(bytes[start]!)
    starts[rank + 1] = end
  })
  if (single.size < 256) {
    const missing = `${256 - single.size} of the 256 bytes have no token`
    throw new TextError('vocabulary', `${missing}: not every text can be encoded`)
  }
  const isRank = (id: number) => Number.isInteger(id) && id >= 0 && id < tokens.length
  return {
    size: tokens.length,
    base64,
    bytes: id => (isRank(id) ? bytes.subarray(starts[id], starts[id + 1]) : undefined),
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const values = new Int8Array(128).fill(-1)
for (const [value, char] of [...alphabet].entries()) values[char.charCodeAt(0)] = value

/** Writes the bytes of one token into the table, and gives where they end; -1 if it is not base64. */
function decodeBase64(token: string, into: Uint8Array, start: number): number {
  let length = token.length
  if (length % 4 !== 0) return -1
  while (length > token.length - 2 && token[length - 1] === '=') length--
  let [bits, held, end] = [0, 0, start]
  for (let i = 0; i < length; i++) {
    const value = values[token.charCodeAt(i)] ?? -1
    if (value === -1) return -1
    bits = (bits << 6) | value
    held += 6
    if (held >= 8) {
      held -= 8
      into[end++] = (bits >> held) & 0xff
      bits &= (1 << held) - 1
    }
  }
  return end
}
