/** Counts what is in a corpus: tasks, languages, sizes, what is shown. Decodes no pixels; keeps numbers only. */
import { stat } from 'node:fs/promises'
import { ownMachine, type PictureSource } from '../../image/index.ts'
import type { Sample } from '../sample.ts'
import { inOrder } from '../shards/inOrder.ts'
import type { OpenedSource } from '../sources/openSources.ts'
import { pictureSize } from '../sources/pictureSize.ts'
import { SourceError } from '../sources/source.ts'
import { sourcesAt } from './chosenSamples.ts'

/** Samples that are looked at together. */
const AHEAD = 16

/** The least, the middle and the largest of many numbers. */
export interface Spread {
  readonly least: number
  readonly median: number
  readonly most: number
}

export interface TaskCount {
  readonly task: string
  /** Empty where samples do not say. */
  readonly language: string
  readonly format: string
  samples: number
  /** Characters that are learnt. */
  learnt: number
}

export interface CorpusCount {
  readonly samples: number
  /** Entries, archives and pictures that cannot be read. */
  readonly refused: number
  readonly tasks: readonly TaskCount[]
  readonly pictures: number
  /** Of the pictures as they are stored. */
  readonly pictureBytes: number
  /** Samples by their number of pictures. */
  readonly picturesOfSamples: Readonly<Record<string, number>>
  /** Pixels. Absent without pictures. */
  readonly width?: Spread
  readonly height?: Spread
  readonly turns: Spread
  readonly learnt: number
  /** Objects of the records by kind, the most frequent first. */
  readonly objects: Readonly<Record<string, number>>
}

export interface CountOptions {
  readonly signal?: AbortSignal | undefined
  readonly onRefused?: ((reason: string) => void) | undefined
  readonly onProgress?: ((samples: number) => void) | undefined
}

/** Counts all samples at paths. Throws a SourceError for what is not there. */
export async function countCorpus(paths: readonly string[], options: CountOptions = {}): Promise<CorpusCount> {
  const { signal, onProgress = () => {}, onRefused = () => {} } = options
  const tasks = new Map<string, TaskCount>()
  const [widths, heights, turns, pictureCounts] = [new Tally(), new Tally(), new Tally(), new Tally()]
  const objects = new Map<string, number>()
  let [samples, refused, pictureBytes, learnt] = [0, 0, 0, 0]
  const refuse = (reason: string) => {
    refused++
    onRefused(reason)
  }
  for await (const { sample, pictures, problem } of inOrder(
    allSamples(await sourcesAt(paths), refuse),
    AHEAD,
    measure,
  )) {
    signal?.throwIfAborted()
    if (problem !== undefined) refuse(problem)
    samples++
    const characters = learntCharacters(sample)
    learnt += characters
    countTask(tasks, sample, characters)
    turns.add(sample.turns.length)
    pictureCounts.add(sample.pictures.length)
    for (const { width, height, bytes } of pictures) {
      widths.add(width)
      heights.add(height)
      pictureBytes += bytes
    }
    for (const kind of kindsIn(sample.record)) objects.set(kind, (objects.get(kind) ?? 0) + 1)
    if (samples % 100 === 0) onProgress(samples)
  }
  return {
    ...{ samples, refused, tasks: [...tasks.values()].sort((a, b) => b.samples - a.samples) },
    ...{ pictures: pictureCounts.sum, pictureBytes, picturesOfSamples: pictureCounts.counts },
    ...(widths.total > 0 && { width: widths.spread, height: heights.spread }),
    ...{ turns: turns.spread, learnt },
    objects: Object.fromEntries([...objects].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))),
  }
}

async function* allSamples(opened: readonly OpenedSource[], refuse: (reason: string) => void): AsyncGenerator<Sample> {
  for (const { source } of opened) {
    for (let index = 0; index < source.shards; index++) {
      const shard = await source.open(index).catch((error: unknown) => {
        if (!(error instanceof SourceError)) throw error
        refuse(error.message)
      })
      if (shard === undefined) continue
      try {
        for (let i = 0; i < shard.length; i++) {
          try {
            yield* await shard.read(i)
          } catch (error) {
            if (!(error instanceof SourceError)) throw error
            refuse(error.message)
          }
        }
      } finally {
        await shard.close()
      }
    }
  }
}

interface MeasuredPicture {
  readonly width: number
  readonly height: number
  readonly bytes: number
}

async function measure(
  sample: Sample,
): Promise<{ readonly sample: Sample; readonly pictures: readonly MeasuredPicture[]; readonly problem?: string }> {
  const pictures: MeasuredPicture[] = []
  try {
    for (const source of sample.pictures) {
      const { width, height } = await pictureSize(source, ownMachine)
      pictures.push({ width, height, bytes: await bytesIn(source) })
    }
  } catch (error) {
    return { sample, pictures, problem: `${sample.id}: ${(error as Error).message}` }
  }
  return { sample, pictures }
}

/** 0 for what is not stored on this machine. */
async function bytesIn(source: PictureSource): Promise<number> {
  if (source instanceof Blob) return source.size
  if (typeof source !== 'string' || /^\w+:\/\//.test(source)) return 0
  return (await stat(source)).size
}

function learntCharacters({ turns }: Sample): number {
  const parts = turns.flatMap(({ role, parts }) => (role === 'assistant' ? parts : []))
  return parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : 0), 0)
}

function countTask(tasks: Map<string, TaskCount>, { task, language = '', format }: Sample, learnt: number): void {
  const key = JSON.stringify([task, language, format])
  const counted = tasks.get(key) ?? { task, language, format, samples: 0, learnt: 0 }
  counted.samples++
  counted.learnt += learnt
  tasks.set(key, counted)
}

/** The kinds of all objects in a record: of a scene, of several, or of whatever else lists \`objects\` that have a \`kind\`. */
function kindsIn(record: unknown): string[] {
  if (typeof record !== 'object' || record === null) return []
  if (Array.isArray(record)) return record.flatMap(kindsIn)
  const { objects, ...others } = record as Readonly<Record<string, unknown>>
  const kinds = Array.isArray(objects)
    ? objects.map(object => (object as { kind?: unknown } | null)?.kind).filter(kind => typeof kind === 'string')
    : []
  return [...kinds, ...Object.values(others).flatMap(kindsIn)]
}

/** How often each whole number came. */
class Tally {
  readonly #counts = new Map<number, number>()
  total = 0
  sum = 0

  add(value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1)
    this.total++
    this.sum += value
  }

  get counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a - b))
  }

  get spread(): Spread {
    const sorted = [...this.#counts].sort(([a], [b]) => a - b)
    let left = this.total / 2
    const median = sorted.find(([, count]) => {
      left -= count
      return left <= 0
    })
    return { least: sorted[0]?.[0] ?? 0, median: median?.[0] ?? 0, most: sorted.at(-1)?.[0] ?? 0 }
  }
}
