/**
 * CIDEr as the COCO caption evaluation computes it: how alike two captions are in the runs of words that tell pictures
 * apart. Knows tokens, not how texts become tokens (`captionTokens.ts`).
 *
 * For each length n of 1 … 4, captions are vectors of `count(g) · log(pictures / pictures with g)` over runs g, and
 *
 *     CIDEr_n(c, r) = Σ_g min(c_g, r_g) · r_g / (|c| |r|) · exp(−(length(c) − length(r))² / 2σ²),   σ = 6
 *
 * The score is ten times the mean over n and references. How rare a run is comes from the references of the very
 * samples that are scored, so figures of different sets are not comparable, and a single sample always scores 0.
 *
 * Source: R. Vedantam et al., arXiv 1411.5726 (the variant CIDEr-D), as in salaniz/pycocoevalcap. Lengths are counted in
 * runs of two there, which is kept: it is the number of words less one.
 */

import { captionMetric, type TokenItem } from './captionMetric.ts'
import type { Captions } from './captionTokens.ts'
import type { Metric, TextItem } from './metric.ts'
import { countGrams, longestGram, sizeOf } from './ngrams.ts'

const SIGMA = 6
const BEST = 10

/** The mean over all samples, 0 … 10. Published figures are this times 100. */
export const cider = (captions: Captions = 'en'): Metric<TextItem> =>
  captionMetric('cider', captions, items => ciderScores(items).map(score => ({ score })), { best: BEST })

/** One score for each item, 0 … 10, of tokens. */
export function ciderScores(items: readonly TokenItem[]): number[] {
  const predictions = items.map(({ prediction }) => countGrams(prediction))
  const references = items.map(({ references }) => references.map(countGrams))
  const pictures = new Map<string, number>()
  for (const each of references) {
    for (const gram of new Set(each.flatMap(counts => [...counts.keys()]))) {
      pictures.set(gram, (pictures.get(gram) ?? 0) + 1)
    }
  }
  const all = Math.log(items.length)
  const rarity = (gram: string) => all - Math.log(Math.max(1, pictures.get(gram) ?? 0))
  return predictions.map((prediction, at) => {
    const vector = vectorOf(prediction, rarity)
    const compared = references[at] as Map<string, number>[]
    const sum = compared.reduce((total, counts) => total + similarity(vector, vectorOf(counts, rarity)), 0)
    return (sum / longestGram / compared.length) * BEST
  })
}

interface Vector {
  readonly weights: ReadonlyMap<string, number>
  /** For each length of run: |c|, or 0. */
  readonly norms: readonly number[]
  /** Runs of two. */
  readonly length: number
}

function vectorOf(counts: ReadonlyMap<string, number>, rarity: (gram: string) => number): Vector {
  const weights = new Map<string, number>()
  const squares = new Array<number>(longestGram).fill(0)
  let length = 0
  for (const [gram, count] of counts) {
    const size = sizeOf(gram)
    const weight = count * rarity(gram)
    weights.set(gram, weight)
    squares[size - 1] = (squares[size - 1] as number) + weight ** 2
    if (size === 2) length += count
  }
  return { weights, norms: squares.map(Math.sqrt), length }
}

/** Σ over n of CIDEr_n. */
function similarity(prediction: Vector, reference: Vector): number {
  const products = new Array<number>(longestGram).fill(0)
  for (const [gram, weight] of prediction.weights) {
    const wanted = reference.weights.get(gram)
    if (wanted === undefined) continue
    const n = sizeOf(gram) - 1
    products[n] = (products[n] as number) + Math.min(weight, wanted) * wanted
  }
  const penalty = Math.exp(-((prediction.length - reference.length) ** 2) / (2 * SIGMA ** 2))
  return products.reduce((sum, product, n) => {
    const norm = (prediction.norms[n] as number) * (reference.norms[n] as number)
    return sum + (norm === 0 ? product : product / norm) * penalty
  }, 0)
}
