/** Pictures kept in memory up to a bound, the latest used ones. Knows not where they come from. */
import type { Raster } from './materials.ts'

/** Asks for a picture again once it was pushed out. */
export class HeldRasters {
  readonly #bytes: number
  readonly #load: (name: string) => Promise<Raster>
  /** From the one unused the longest. */
  readonly #held = new Map<string, { raster: Promise<Raster>; bytes: number }>()
  #used = 0

  /** `bytes`: how much may be held. The last picture is held in any case. */
  constructor(bytes: number, load: (name: string) => Promise<Raster>) {
    this.#bytes = bytes
    this.#load = load
  }

  /** The picture of that name; two who ask at once wait for the same. What loading throws is not held. */
  get(name: string): Promise<Raster> {
    const held = this.#held.get(name)
    if (held !== undefined) {
      this.#held.delete(name)
      this.#held.set(name, held)
      return held.raster
    }
    const entry = { raster: this.#load(name), bytes: 0 }
    this.#held.set(name, entry)
    entry.raster.then(
      raster => {
        entry.bytes = raster.data.length
        this.#used += entry.bytes
        this.#shrink()
      },
      () => this.#held.delete(name),
    )
    return entry.raster
  }

  #shrink(): void {
    for (const [name, { bytes }] of this.#held) {
      if (this.#used <= this.#bytes || this.#held.size === 1) return
      if (bytes === 0) continue
      this.#held.delete(name)
      this.#used -= bytes
    }
  }
}
