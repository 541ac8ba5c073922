/**
 * Several sources as one corpus: drawn by weight, shuffled, each sample once, some of them held out. The same recipe and
 * data give the same bytes. Memory holds a few samples, the places in a few archives, and eight bytes or so of every
 * sample's content, by which a second one of the same is known.
 */
import { PictureError } from '../../image/index.ts'
import { Random } from '../random.ts'
import { generator } from '../shards/generator.ts'
import { inOrder } from '../shards/inOrder.ts'
import type { WholeShard } from '../shards/manifest.ts'
import { ShardFolder } from '../shards/shardFolder.ts'
import { openSources } from '../sources/openSources.ts'
import { SourceError } from '../sources/source.ts'
import { drawByWeight, type Entry, walkEntries } from './entryWalk.ts'
import { type LoadedSample, loadSample } from './loadedSample.ts'
import { readMixRecipe } from './mixRecipe.ts'
import { PartWriter } from './partWriter.ts'

/** Entries that are read ahead. */
const AHEAD = 16

export interface MixOptions {
  /** A YAML file, or what would stand in one. */
  readonly recipe: string | Readonly<Record<string, unknown>>
  readonly out: string
  readonly fresh?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: ((event: MixEvent) => void) | undefined
}

/** Samples of a task and language. */
export interface MixedTask {
  readonly task: string
  /** Empty where the samples do not say. */
  readonly language: string
  train: number
  heldOut: number
}

export interface MixReport {
  readonly out: string
  readonly train: number
  readonly heldOut: number
  readonly shards: number
  readonly bytes: number
  readonly tasks: readonly MixedTask[]
  /** Samples that were there before. */
  readonly duplicates: number
  /** Entries and archives that cannot be read. */
  readonly refused: number
  /** Sources all entries of which were drawn before there were `count` samples. */
  readonly exhausted: readonly { readonly source: string; readonly entries: number }[]
  readonly seconds: number
}

export type MixEvent =
  | { readonly type: 'plan'; readonly out: string; readonly samples?: number }
  | { readonly type: 'progress'; readonly done: number; readonly total?: number }
  | { readonly type: 'refused'; readonly reason: string }
  | ({ readonly type: 'shard' } & WholeShard)
  | { readonly type: 'done'; readonly report: MixReport }

/**
 * Writes `train-00000.tar` … and `held-out-00000.tar` …. Goes on behind the archives that an earlier call with the same
 * recipe and data has written. Throws a RecipeError, a SourceError for data that is not there, a CorpusFolderError where
 * something else lies, a DiskSpaceError, and the reason of `signal`.
 */
export async function mixCorpus({ out, signal, onEvent = () => {}, ...options }: MixOptions): Promise<MixReport> {
  const began = performance.now()
  const { recipe, folder: from } = await readMixRecipe(options.recipe)
  const { seed, count = Number.POSITIVE_INFINITY, shard, split, data } = recipe
  const opened = await openSources(data, from)
  const made = { generator: generator(), kind: 'mix', recipe }
  const folder = await ShardFolder.open(out, made, { fresh: options.fresh ?? false })
  const total = recipe.count === undefined ? {} : { total: recipe.count }
  onEvent({ type: 'plan', out, ...(recipe.count !== undefined && { samples: recipe.count }) })

  const exhausted: { source: string; entries: number }[] = []
  let refused = 0
  const onRefused = (reason: string) => {
    refused++
    onEvent({ type: 'refused', reason })
  }
  const walks = opened.map(({ source, weight }, i) => ({
    weight,
    entries: walkEntries(source, { random: new Random('mix', seed, i), onRefused }),
    // Without a count, all sources are drawn to their end.
    onEnd: (entries: number) => void (recipe.count !== undefined && exhausted.push({ source: source.name, entries })),
  }))
  const onShard = (whole: WholeShard) => onEvent({ type: 'shard', ...whole })
  const train = new PartWriter(folder, 'train', shard, onShard)
  const heldOut = new PartWriter(folder, 'held-out', shard, onShard)
  const tasks = new Map<string, MixedTask>()
  const seen = new Set<number>()
  let duplicates = 0
  try {
    reading: for await (const loaded of inOrder(drawByWeight(walks), AHEAD, load)) {
      signal?.throwIfAborted()
      if ('refused' in loaded) onRefused(loaded.refused)
      else
        for (const { sample, content, place } of loaded.samples) {
          if (seen.has(content)) {
            duplicates++
            continue
          }
          seen.add(content)
          const isHeldOut = place < split.heldOut
          await (isHeldOut ? heldOut : train).add(sample)
          countTask(tasks, sample, isHeldOut)
          if (seen.size % 100 === 0) onEvent({ type: 'progress', done: seen.size, ...total })
          if (seen.size >= count) break reading
        }
    }
    await train.finish()
    await heldOut.finish()
  } finally {
    await train.abandon()
    await heldOut.abandon()
  }
  if (seen.size === 0) throw new SourceError('no sample could be read of the data: nothing was written')
  const report: MixReport = {
    ...{ out, train: train.samples, heldOut: heldOut.samples, shards: train.shards + heldOut.shards },
    bytes: folder.shards.reduce((sum, { bytes }) => sum + bytes, 0),
    tasks: [...tasks.values()].sort((a, b) => (`${a.task} ${a.language}` < `${b.task} ${b.language}` ? -1 : 1)),
    ...{ duplicates, refused, exhausted, seconds: (performance.now() - began) / 1000 },
  }
  onEvent({ type: 'done', report })
  return report
}

/** What can be had of an entry, or why nothing. */
async function load(
  entry: Entry,
): Promise<{ readonly samples: readonly LoadedSample[] } | { readonly refused: string }> {
  try {
    const samples: LoadedSample[] = []
    for (const sample of await entry.read()) samples.push(await loadSample(sample))
    return { samples }
  } catch (error) {
    if (error instanceof SourceError) return { refused: error.message }
    if (error instanceof PictureError) return { refused: `${entry.name}: ${error.message}` }
    throw error
  }
}

function countTask(
  tasks: Map<string, MixedTask>,
  { task, language = '' }: { readonly task: string; readonly language?: string },
  isHeldOut: boolean,
): void {
  const key = JSON.stringify([task, language])
  const counted = tasks.get(key) ?? { task, language, train: 0, heldOut: 0 }
  counted[isHeldOut ? 'heldOut' : 'train']++
  tasks.set(key, counted)
}
