/** Some samples of what lies at a path, drawn by a seed. Knows no page. */
import { drawByWeight, walkEntries } from '../mix/entryWalk.ts'
import { Random } from '../random.ts'
import type { Sample } from '../sample.ts'
import { entryFor, type OpenedSource, openSources } from '../sources/openSources.ts'
import { SourceError } from '../sources/source.ts'

export interface ChoiceOptions {
  /** At most so many. */
  readonly count: number
  /** Only samples of this task, of this language. */
  readonly task?: string | undefined
  readonly language?: string | undefined
  /** Another seed chooses others. Default 1. */
  readonly seed?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of entries that cannot be read. */
  readonly onRefused?: ((reason: string) => void) | undefined
}

/** The sources at paths of which the kind is told by what lies there. Throws a SourceError. */
export async function sourcesAt(paths: readonly string[]): Promise<OpenedSource[]> {
  const entries = []
  for (const path of paths) entries.push(await entryFor(path))
  return openSources(entries)
}

/** Samples in the order in which they are drawn: as many of each path. */
export async function* chosenSamples(paths: readonly string[], options: ChoiceOptions): AsyncGenerator<Sample> {
  const { count, task, language, seed = 1, signal, onRefused = () => {} } = options
  const walks = (await sourcesAt(paths)).map(({ source }, i) => ({
    weight: 1,
    entries: walkEntries(source, { random: new Random('show', seed, i), onRefused }),
    onEnd: () => {},
  }))
  let given = 0
  if (count < 1) return
  for await (const entry of drawByWeight(walks)) {
    signal?.throwIfAborted()
    let samples: readonly Sample[]
    try {
      samples = await entry.read()
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      onRefused(error.message)
      continue
    }
    for (const sample of samples) {
      if (task !== undefined && sample.task !== task) continue
      if (language !== undefined && sample.language !== language) continue
      yield sample
      if (++given === count) return
    }
  }
}
