/**
 * Writes what a maker makes into archives, with as many threads as wanted: the bytes do not depend on their number, nor on
 * how often the work was cut off. Holds a few spans of samples in memory at a time. Knows no recipe and no materials.
 */
import { availableParallelism } from 'node:os'
import { CorpusFolderError } from './errors.ts'
import type { MakeEvent, MakeReport } from './events.ts'
import { inOrder } from './inOrder.ts'
import type { Manifest } from './manifest.ts'
import type { OpenShard } from './shardFile.ts'
import { ShardFolder, shardName } from './shardFolder.ts'
import type { Span } from './spanThread.ts'
import { SpanThreads } from './spanThreads.ts'

/** Samples that a thread makes before it answers: about half a second of work. */
const SPAN = 24

export interface MakeShardsOptions<Start> {
  /** The file that threads run: it calls `serveSpans` with what opens the maker. */
  readonly file: URL
  /** What it is opened with, in each thread. */
  readonly start: Start
  /** Where samples say that they come from. */
  readonly origin: string
  /** All that decides about the bytes, for a folder in which something lies already. */
  readonly made: Manifest['made']
  readonly out: string
  /** Samples in all. */
  readonly count: number
  /** Samples of an archive. */
  readonly shard: number
  /** Threads. Default: one for each core. */
  readonly workers?: number | undefined
  readonly fresh?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: MakeEvent) => void) | undefined
  /** More files for the folder, by name. */
  readonly beside?: Readonly<Record<string, string>> | undefined
}

interface PlannedShard extends Span {
  readonly file: string
}

/**
 * Makes all archives that are not there yet. Throws a CorpusFolderError where something else lies, a MakingError for a
 * sample that cannot be made, a DiskSpaceError, and the reason of `signal`; what is whole by then stays.
 */
export async function makeShards<Start>(options: MakeShardsOptions<Start>): Promise<MakeReport> {
  const { out, count, shard, signal, onEvent = () => {} } = options
  const began = performance.now()
  signal?.throwIfAborted()
  const planned: PlannedShard[] = []
  for (let first = 0; first < count; first += shard) {
    const file = shardName('shard', planned.length)
    planned.push({ file, first, count: Math.min(shard, count - first) })
  }
  const folder = await ShardFolder.open(out, { ...options.made, shard }, { fresh: options.fresh ?? false })
  const more = folder.shards.find(({ file }) => !planned.some(plan => plan.file === file))
  if (more !== undefined) {
    throw new CorpusFolderError(
      `${out} has more than ${count} samples already (${more.file}): ask for as many, or add --fresh to make it anew`,
    )
  }
  for (const [name, content] of Object.entries(options.beside ?? {})) await folder.write(name, content)
  const todo = planned.filter(plan => folder.whole(plan.file)?.samples !== plan.count)
  const kept = count - todo.reduce((sum, plan) => sum + plan.count, 0)
  const cores = options.workers ?? availableParallelism()
  const workers = Math.max(1, Math.min(cores, Math.ceil((count - kept) / SPAN)))
  onEvent({ type: 'plan', out, samples: count, shards: planned.length, kept, workers })
  const { file, origin, start } = options
  const threads = new SpanThreads({ file, origin, start, threads: workers })
  const stop = () => void threads.end()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    await writeShards(folder, todo, spans => inOrder(spans, workers * 3, span => threads.make(span)), {
      ...{ done: kept, total: count },
      onEvent,
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
    await threads.end()
  }
  const bytes = folder.shards.reduce((sum, each) => sum + each.bytes, 0)
  const seconds = (performance.now() - began) / 1000
  const report: MakeReport = { out, samples: count, shards: planned.length, bytes, kept, seconds }
  onEvent({ type: 'done', report })
  return report
}

interface Progress {
  done: number
  readonly total: number
  readonly onEvent: (event: MakeEvent) => void
}

async function writeShards(
  folder: ShardFolder,
  todo: readonly PlannedShard[],
  make: (spans: Iterable<Span>) => AsyncGenerator<Uint8Array>,
  progress: Progress,
): Promise<void> {
  const { total, onEvent } = progress
  let open: OpenShard | undefined
  const spans = todo.flatMap(plan => spansOf(plan))
  let next = 0
  try {
    for await (const bytes of make(spans)) {
      const { plan, count } = spans[next++] as PlannedSpan
      open ??= await folder.begin(plan.file)
      await open.append(bytes, count)
      progress.done += count
      onEvent({ type: 'progress', done: progress.done, total })
      if (open.samples < plan.count) continue
      const shard = await open.finish()
      open = undefined
      onEvent({ type: 'shard', ...shard })
    }
  } finally {
    await open?.abandon()
  }
}

interface PlannedSpan extends Span {
  readonly plan: PlannedShard
}

function spansOf(plan: PlannedShard): PlannedSpan[] {
  return Array.from({ length: Math.ceil(plan.count / SPAN) }, (_, i) => ({
    ...{ plan, first: plan.first + i * SPAN },
    count: Math.min(SPAN, plan.count - i * SPAN),
  }))
}
