/** What the wording of a scene needs beside the scene. Knows no grammar. */
import type { Category, Kind } from '../materials/kind.ts'
import type { Random } from '../random.ts'

/** The same `kinds` and `categories` objects should be passed each time: what is worked out about them is kept. */
export interface WordingContext {
  readonly random: Random
  /** By id. Holds every kind that a scene may show, and those that it is asked about in vain. */
  readonly kinds: ReadonlyMap<string, Kind>
  readonly categories: readonly Category[]
}
