/** Pairs as the tensors that both towers are fed, and who among them cannot be told apart. Plain numbers; runs nothing. */
import type { TensorValue } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import type { Pair } from '../data/pairLoader.ts'

export interface PairLimits {
  /** Pixels a side. */
  readonly size: number
  /** Tokens of the longest text. */
  readonly context: number
  /** Ids below this have an embedding. */
  readonly vocabulary: number
}

/** Texts are filled up to a multiple of this: few lengths are few shapes for the engine to plan for. */
const LENGTH_STEP = 8

/**
 * `pixels` [pairs, 3, size, size], `tokens` [pairs, length] and `ends` [pairs].
 * Throws a RangeError that names the pair for a text that is empty, longer than the context or outside the vocabulary,
 * and for a picture that is missing or of another size.
 */
export function pairFeeds(pairs: readonly Pair[], limits: PairLimits): Record<string, TensorValue> {
  for (const pair of pairs) checkPair(pair, limits)
  const { size, context } = limits
  const longest = Math.max(...pairs.map(({ text }) => text.length))
  const length = Math.min(context, Math.ceil(longest / LENGTH_STEP) * LENGTH_STEP)
  const pixels = new Float32Array(pairs.length * 3 * size * size)
  const tokens = new BigInt64Array(pairs.length * length)
  const ends = new BigInt64Array(pairs.length)
  pairs.forEach((pair, i) => {
    pixels.set(pair.pixels as Float32Array, i * 3 * size * size)
    tokens.set(BigInt64Array.from(pair.text, BigInt), i * length)
    ends[i] = BigInt(i * length + pair.text.length - 1)
  })
  return {
    pixels: tensorValue('float32', [pairs.length, 3, size, size], pixels),
    tokens: tensorValue('int64', [pairs.length, length], tokens),
    ends: tensorValue('int64', [pairs.length], ends),
  }
}

function checkPair({ id, pixels, text }: Pair, { size, context, vocabulary }: PairLimits): void {
  if (text.length === 0) throw new RangeError(`pair ${id} has an empty text: even that has its end token`)
  if (text.length > context)
    throw new RangeError(`the text of pair ${id} has ${text.length} tokens, the text tower takes ${context}: cut it`)
  const stray = text.find(token => !(Number.isInteger(token) && token >= 0 && token < vocabulary))
  if (stray !== undefined)
    throw new RangeError(`the text of pair ${id} has token ${stray}, the vocabulary ends at ${vocabulary - 1}`)
  if (pixels?.length !== 3 * size * size)
    throw new RangeError(
      `the picture of pair ${id} has ${pixels?.length ?? 0} values, ${size}×${size} pixels make ${3 * size * size}`,
    )
}

/** For each of the values, the place of the first that equals it. */
export function firstOfEqual(values: readonly string[]): Int32Array {
  const first = new Map<string, number>()
  return Int32Array.from(values, (value, i) => {
    const known = first.get(value)
    if (known === undefined) first.set(value, i)
    return known ?? i
  })
}

/**
 * Who is taken for another: 1 at [query, candidate] where the two are different pairs with the same picture or the same
 * text, else 0. Rows are the pairs from `start` to `end`, columns all pairs; `pictures` and `texts` are what
 * `firstOfEqual` says of them. [end - start, pairs]
 */
export function samePairs(pictures: Int32Array, texts: Int32Array, start: number, end: number): Float32Array {
  const count = pictures.length
  const same = new Float32Array((end - start) * count)
  for (const groups of [pictures, texts]) {
    const members = new Map<number, number[]>()
    groups.forEach((group, i) => {
      members.get(group)?.push(i) ?? members.set(group, [i])
    })
    for (let row = start; row < end; row++) {
      for (const other of members.get(groups[row] as number) as number[])
        if (other !== row) same[(row - start) * count + other] = 1
    }
  }
  return same
}
