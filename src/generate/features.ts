/**
 * Features of pictures that were seen before, within a budget of memory. The key covers all that features depend on:
 * the picture's pixels, the size it is brought to, and the weights.
 */

/** Room for some hundred pictures of the published model, 4 MiB each. Bytes. */
const BUDGET = 512 * 2 ** 20

export class FeatureCache {
  /** In the order of use, the oldest first. */
  readonly #kept = new Map<string, Promise<Float32Array>>()
  readonly #sizes = new Map<string, number>()
  readonly #budget: number
  #bytes = 0
  /** Pictures that were found here, and those that had to be seen. */
  hits = 0
  misses = 0

  constructor(budget = BUDGET) {
    this.#budget = budget
  }

  /** The features under a key, made by `see` if they are not here. Two calls at once see a picture once. */
  async get(key: string, see: () => Promise<Float32Array>): Promise<Float32Array> {
    const known = this.#kept.get(key)
    if (known) {
      this.hits++
      this.#kept.delete(key)
      this.#kept.set(key, known)
      return known
    }
    this.misses++
    const seen = see()
    this.#kept.set(key, seen)
    try {
      const features = await seen
      this.#grow(key, features.byteLength)
      return features
    } catch (error) {
      this.#kept.delete(key)
      throw error
    }
  }

  #grow(key: string, bytes: number): void {
    if (!this.#kept.has(key)) return
    this.#sizes.set(key, bytes)
    this.#bytes += bytes
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#budget || oldest === key) return
      this.#bytes -= this.#sizes.get(oldest) ?? 0
      this.#sizes.delete(oldest)
      this.#kept.delete(oldest)
    }
  }
}
