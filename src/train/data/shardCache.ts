/**
 * Open shards: the ones used last stay open, and none is closed while it is read. Knows no order.
 */
import type { OpenedSource } from '../../corpus/sources/openSources.ts'
import type { Shard } from '../../corpus/sources/source.ts'

/** Shards of each source that stay open: those that are mixed, and some that unfinished rows need again. */
const KEPT = 8

interface Held {
  readonly shard: Promise<Shard>
  users: number
  /** Fell out, and is closed by its last user. */
  leaving: boolean
}

export class ShardCache {
  readonly #sources: readonly OpenedSource[]
  /** In the order of use, the oldest first. */
  readonly #held = new Map<string, Held>()

  constructor(sources: readonly OpenedSource[]) {
    this.#sources = sources
  }

  /** What `work` makes of a shard. Throws what opening it throws, each time anew. */
  async use<Result>(source: number, shard: number, work: (shard: Shard) => Result | Promise<Result>): Promise<Result> {
    const held = this.#hold(source, shard)
    held.users++
    try {
      return await work(await held.shard)
    } finally {
      held.users--
      if (held.leaving && held.users === 0) await close(held)
    }
  }

  /** Closes all files. Nothing may be in use. */
  async close(): Promise<void> {
    const all = [...this.#held.values()]
    this.#held.clear()
    await Promise.all(all.map(close))
  }

  #hold(source: number, shard: number): Held {
    const key = `${source} ${shard}`
    const known = this.#held.get(key)
    const opening = () => (this.#sources[source] as OpenedSource).source.open(shard)
    const held = known ?? { shard: opening(), users: 0, leaving: false }
    this.#held.delete(key)
    this.#held.set(key, held)
    if (known !== undefined) return held
    held.shard.catch(() => this.#held.get(key) === held && this.#held.delete(key))
    for (const [oldest, old] of this.#held) {
      if (this.#held.size <= this.#sources.length * KEPT) break
      this.#held.delete(oldest)
      old.leaving = true
      if (old.users === 0 && old !== held) void close(old)
    }
    return held
  }
}

const close = ({ shard }: Held): Promise<void> =>
  shard.then(
    opened => opened.close(),
    () => {},
  )
