/**
 * Numbers drawn from a seed: the same seed gives the same corpus, byte for byte, on every machine and whatever the
 * number of processes. Arithmetic here is exact; knows nothing of what is drawn.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator'

/** A stream of draws. `new Random('scenes', 7, 1234)` is always the same stream, and unlike that of any other path. */
export class Random {
  readonly #path: string
  readonly #generator: RandomGenerator

  constructor(...path: readonly (string | number)[]) {
    this.#path = path.join('/')
    this.#generator = xoroshiro128plus(hash32(this.#path))
  }

  /** Another stream, which does not depend on what was drawn from this one. */
  fork(...path: readonly (string | number)[]): Random {
    return new Random(this.#path, ...path)
  }

  /** 0 ≤ x < 1. */
  float(): number {
    return (this.#generator.next() >>> 0) / 2 ** 32
  }

  /** `low` ≤ x < `high`. */
  between(low: number, high: number): number {
    return low + (high - low) * this.float()
  }

  /** A whole number, `low` ≤ x ≤ `high`. */
  int(low: number, high: number): number {
    return low + Math.floor(this.float() * (high - low + 1))
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.float() < p
  }

  /** One of the list. Throws a RangeError for an empty one. */
  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new RangeError('there is nothing to pick from: the list is empty')
    return items[Math.floor(this.float() * items.length)] as Item
  }

  /** A key of the table, as often as its weight (0 or more) says. Throws a RangeError where all weights are 0. */
  weighted<Key extends string>(weights: { readonly [key in Key]?: number }): Key {
    const entries = (Object.entries(weights) as [Key, number][]).filter(([, weight]) => weight > 0)
    let left = this.float() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      left -= weight
      if (left < 0) return key
    }
    const last = entries.at(-1)
    if (last === undefined) throw new RangeError('there is nothing to pick from: no weight is above 0')
    return last[0]
  }

  /** The same things in another order; the list given stays as it is. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.int(0, i)
      ;[shuffled[i], shuffled[j]] = [shuffled[j] as Item, shuffled[i] as Item]
    }
    return shuffled
  }

  /** `count` different ones of the list, or all where it has fewer. */
  sample<Item>(items: readonly Item[], count: number): Item[] {
    return this.shuffle(items).slice(0, count)
  }
}

/** A 32-bit hash of a text that scatters texts which differ little. Source: FNV-1a, and the finaliser of MurmurHash3. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
