/** The task of the training example: sums written as text, `37+58=95`, one token for each character. */

/** Every character a sum can have; the space fills the line after the answer and says that it has ended. */
export const ALPHABET = ' 0123456789+='

/** Characters in the longest sum, `99+99=198`, and the space that ends it. */
export const LENGTH = 10

export interface Sum {
  readonly a: number
  readonly b: number
}

export const question = ({ a, b }: Sum): string => `${a}+${b}=`

export const answer = ({ a, b }: Sum): string => String(a + b)

export const encode = (text: string): number[] => [...text].map(character => ALPHABET.indexOf(character))

export const decode = (tokens: readonly number[]): string => tokens.map(token => ALPHABET[token]).join('')

/** All sums of two numbers under 100, in a random order: the first nine tenths to learn from, the rest to be asked. */
export function splitSums(random: () => number): { training: Sum[]; asked: Sum[] } {
  const sums = Array.from({ length: 10_000 }, (_, i) => ({ a: Math.floor(i / 100), b: i % 100 }))
  for (let i = sums.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[sums[i], sums[j]] = [sums[j] as Sum, sums[i] as Sum]
  }
  return { training: sums.slice(0, 9000), asked: sums.slice(9000) }
}

/** Label of a position that predicts nothing. */
const IGNORED = -100

/**
 * Sums as tokens, and for each position the token that comes next; only the answer and the space after it are labelled.
 * Both are [sums.length, LENGTH], row after row.
 */
export function sumBatch(sums: readonly Sum[]): { tokens: BigInt64Array; labels: BigInt64Array } {
  const tokens = new BigInt64Array(sums.length * LENGTH)
  const labels = new BigInt64Array(sums.length * LENGTH).fill(BigInt(IGNORED))
  sums.forEach((sum, row) => {
    const asked = question(sum)
    const line = encode(`${asked}${answer(sum)} `)
    line.forEach((token, i) => {
      tokens[row * LENGTH + i] = BigInt(token)
      if (i >= asked.length) labels[row * LENGTH + i - 1] = BigInt(token)
    })
  })
  return { tokens, labels }
}
