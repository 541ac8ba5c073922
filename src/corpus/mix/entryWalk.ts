/**
 * The entries of a source, each once, in an order that a seed decides. Shards are shuffled, opened a few at a time, and
 * the entries of those few are shuffled together: so memory holds the places of a few shards, whatever the source's size.
 */
import type { Random } from '../random.ts'
import type { Sample } from '../sample.ts'
import { type SampleSource, type Shard, SourceError } from '../sources/source.ts'

/** Shards whose entries are mixed. */
const TOGETHER = 4

/** An entry of an open shard. */
export interface Entry {
  /** As messages call it. */
  readonly name: string
  /** The samples of it. To be called, if at all, before the next entry is asked for. */
  read(): Promise<readonly Sample[]>
}

export interface WalkOptions {
  readonly random: Random
  /** Told of shards that cannot be opened, which count as empty. */
  readonly onRefused: (reason: string) => void
}

/** Closes a group of shards when what was read of it is there. */
export async function* walkEntries(source: SampleSource, { random, onRefused }: WalkOptions): AsyncGenerator<Entry> {
  const order = random.fork('shards').shuffle(Array.from({ length: source.shards }, (_, i) => i))
  for (let group = 0; group < order.length; group += TOGETHER) {
    const shards: Shard[] = []
    const reading = new Set<Promise<unknown>>()
    try {
      for (const shard of order.slice(group, group + TOGETHER)) {
        try {
          shards.push(await source.open(shard))
        } catch (error) {
          if (!(error instanceof SourceError)) throw error
          onRefused(error.message)
        }
      }
      const entries = shards.flatMap(shard => Array.from({ length: shard.length }, (_, i) => ({ shard, i })))
      for (const { shard, i } of random.fork('entries', group).shuffle(entries)) {
        yield {
          name: shard.nameOf(i),
          read() {
            const read = shard.read(i)
            const settled: Promise<unknown> = read.catch(() => {}).then(() => reading.delete(settled))
            reading.add(settled)
            return read
          },
        }
      }
    } finally {
      await Promise.all(reading)
      await Promise.all(shards.map(shard => shard.close()))
    }
  }
}

export interface WeightedWalk {
  readonly weight: number
  readonly entries: AsyncGenerator<Entry>
  /** Called when all its entries were given. */
  readonly onEnd: (entries: number) => void
}

/** Entries of several walks as one, drawn as evenly as the weights allow. A walk that is through leaves the others. */
export async function* drawByWeight(walks: readonly WeightedWalk[]): AsyncGenerator<Entry> {
  let open = walks.map(walk => ({ walk, drawn: 0 }))
  try {
    while (open.length > 0) {
      const due = ({ walk, drawn }: { walk: WeightedWalk; drawn: number }) => (drawn + 1) / walk.weight
      const next = open.reduce((first, each) => (due(each) < due(first) ? each : first))
      const { value, done } = await next.walk.entries.next()
      if (done) {
        open = open.filter(each => each !== next)
        next.walk.onEnd(next.drawn)
      } else {
        next.drawn++
        yield value
      }
    }
  } finally {
    for (const { walk } of open) await walk.entries.return(undefined)
  }
}
