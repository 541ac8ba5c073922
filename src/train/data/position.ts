/** Where the data of a run stands: plain JSON, checked when it is read back. Knows how it is written, not what is done. */
import { z } from 'zod'
import { DataError } from './errors.ts'

const count = z.int().nonnegative()
const place = z.tuple([count, count, count, count]).readonly()
const cursor = z.object({ epoch: count, group: count, index: count, drawn: count })

const schema = z.object({
  version: z.literal(1),
  /** Names of the sources, with the number of their shards. */
  sources: z.array(z.string()).readonly(),
  /** For each source, the entry that comes next. */
  order: z.array(cursor).readonly(),
  epoch: count,
  /** Samples in rows that wait for more, in rows that are done, and in no row yet. */
  open: z.array(z.array(place).readonly()).readonly(),
  ready: z.array(z.array(place).readonly()).readonly(),
  waiting: z.array(place).readonly(),
})

export type DataPosition = Readonly<z.infer<typeof schema>>

/** Which sample: source, shard, entry of the shard, and which of the samples that the entry gives. */
export type SamplePlace = z.infer<typeof place>

/** A position as it was written. Throws a DataError for another form, and for one of other sources than `names`. */
export function readPosition(value: unknown, names: readonly string[]): DataPosition {
  const result = schema.safeParse(value)
  if (!result.success) {
    const [issue] = result.error.issues
    throw new DataError(`the position in the data cannot be read: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const { sources } = result.data
  const changed = sources.length !== names.length || sources.some((name, i) => name !== names[i])
  if (!changed) return result.data
  const fix = 'go on with the same data, or begin a new run'
  throw new DataError(`the run used ${sources.join('; ')} (files), and now there is ${names.join('; ')}: ${fix}`)
}
