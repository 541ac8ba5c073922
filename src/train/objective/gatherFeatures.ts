/**
 * Every process's features brought together, so that each can compare its own pairs with all, and gradients brought back.
 * Knows numbers and processes, no graphs.
 */
import { createHash } from 'node:crypto'
import type { Processes } from '../parallel/processes.ts'
import { firstOfEqual } from './pairFeeds.ts'

/** The features of some pairs, and what tells whether two have the same picture or the same text. */
export interface PairFeatures {
  /** [pairs, dimension] */
  readonly images: Float32Array
  readonly texts: Float32Array
  /** For each pair. */
  readonly pictureKeys: readonly string[]
  readonly textKeys: readonly string[]
}

/** The features of all pairs of all processes, in the order of the processes. */
export interface AllFeatures {
  readonly images: Float32Array
  readonly texts: Float32Array
  /** For each pair, the place of the first one with the same picture. */
  readonly pictures: Int32Array
  /** And with the same text. */
  readonly sentences: Int32Array
  readonly count: number
  /** Where this process's own pairs begin and end. */
  readonly start: number
  readonly end: number
}

/** Whole numbers of 24 bits that a key becomes on its way: float32 holds each of them, and 72 bits never collide. */
const WORDS = 3

export async function gatherFeatures(own: PairFeatures, dimension: number, processes: Processes): Promise<AllFeatures> {
  const { rank, size } = processes
  const counts = new Float64Array(size)
  counts[rank] = own.pictureKeys.length
  await processes.allReduce(counts)
  const width = 2 * dimension + 2 * WORDS
  const firsts = [0]
  for (const count of counts) firsts.push((firsts.at(-1) as number) + count)
  const all = new Float32Array((firsts[size] as number) * width)
  all.set(packed(own), (firsts[rank] as number) * width)
  await processes.allGather(
    all,
    firsts.map(first => first * width),
  )
  return unpacked(all, firsts, dimension, rank)
}

/** Images, then texts, then keys. */
function packed({ images, texts, pictureKeys, textKeys }: PairFeatures): Float32Array {
  const keys = [...pictureKeys, ...textKeys].flatMap(fingerprint)
  const block = new Float32Array(images.length + texts.length + keys.length)
  block.set(images)
  block.set(texts, images.length)
  block.set(keys, images.length + texts.length)
  return block
}

function unpacked(all: Float32Array, firsts: readonly number[], dimension: number, rank: number): AllFeatures {
  const count = firsts.at(-1) as number
  const images = new Float32Array(count * dimension)
  const texts = new Float32Array(count * dimension)
  const prints: [pictures: string[], texts: string[]] = [[], []]
  for (let process = 0; process + 1 < firsts.length; process++) {
    const first = firsts[process] as number
    const pairs = (firsts[process + 1] as number) - first
    let at = first * (2 * dimension + 2 * WORDS)
    const take = (length: number) => {
      at += length
      return all.subarray(at - length, at)
    }
    images.set(take(pairs * dimension), first * dimension)
    texts.set(take(pairs * dimension), first * dimension)
    for (const found of prints) for (let i = 0; i < pairs; i++) found.push(take(WORDS).join())
  }
  const [pictures, sentences] = [firstOfEqual(prints[0]), firstOfEqual(prints[1])]
  return { images, texts, pictures, sentences, count, start: firsts[rank] as number, end: firsts[rank + 1] as number }
}

function fingerprint(key: string): number[] {
  const digest = createHash('sha256').update(key).digest()
  return Array.from({ length: WORDS }, (_, i) => digest.readUIntBE(3 * i, 3))
}
