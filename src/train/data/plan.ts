/**
 * Which samples stand in which row of which step: draws entries, reads and encodes them, packs them into rows and rows
 * into steps. A function of the sources, the seed and the settings, so all processes plan the same, and a plan goes on
 * from its position as if it had never stopped. Opens no pictures; it only looks whether their files are there.
 */
import { stat } from 'node:fs/promises'
import type { Sample } from '../../corpus/sample.ts'
import type { OpenedSource } from '../../corpus/sources/openSources.ts'
import { SourceError } from '../../corpus/sources/source.ts'
import type { PictureSource } from '../../image/index.ts'
import type { EncodedSample } from './batch.ts'
import { DataError, type Refused, SampleError } from './errors.ts'
import { type Drawn, EntryOrder, type EntryPlace } from './order.ts'
import { Packer, type Packing } from './pack.ts'
import { type DataPosition, readPosition, type SamplePlace } from './position.ts'
import { ShardCache } from './shardCache.ts'

export interface PlanOptions {
  readonly sources: readonly OpenedSource[]
  /** Makes token ids of a sample. Throws a SampleError for one that cannot be used. */
  readonly encode: (sample: Sample) => readonly EncodedSample[]
  /** Tokens of a row. */
  readonly sequence: number
  readonly packing: Packing
  /** Rows of a step, over all processes and parts. */
  readonly batch: number
  /** Passes over everything; without it, there is no end. */
  readonly epochs?: number | undefined
  readonly seed?: number | undefined
  /** A sample that cannot be used ends the run. */
  readonly strict?: boolean | undefined
  /** Goes on behind the step whose `position` this is. */
  readonly position?: unknown
}

/** A sample with its place in the data, by which it is found again. */
export interface PlannedSample extends EncodedSample {
  readonly place: SamplePlace
}

export interface PlannedStep {
  /** `batch` of them; fewer at the end of a finite run. */
  readonly rows: readonly (readonly PlannedSample[])[]
  readonly epoch: number
  readonly position: DataPosition
  /** Left out since the step before. */
  readonly refused: readonly Refused[]
}

/** Entries that are read at a time, ahead of their turn. */
const AHEAD = 16

/** So many refused samples of one source, and none that is good, end a run: its data is not what it should be. */
const HOPELESS = 1000

type Result = { readonly place: SamplePlace } & ({ readonly sample: PlannedSample } | { readonly refused: SampleError })

/** An entry on its way: its samples, and where the order stands behind it. */
interface Reading {
  readonly drawn: Drawn
  readonly results: Promise<readonly Result[]>
}

export class StepPlanner {
  readonly #options: PlanOptions
  readonly #shards: ShardCache
  readonly #order: EntryOrder
  readonly #position: DataPosition | undefined
  readonly #names: readonly string[]
  readonly #usable: boolean[]
  readonly #hopes: Refused[][]
  #packer: Packer<PlannedSample> | undefined
  #ready: (readonly PlannedSample[])[] = []
  /** Samples of the entry that was read last, which still have to be packed. */
  #waiting: Result[] = []
  #reading: Reading[] = []
  #drawnAll = false
  #after: Drawn['after']
  #epoch = 0
  #refused: Refused[] = []
  /** Entries used so far, by this planner. */
  entries = 0

  /** Throws a DataError for a position of other data or of another form. */
  constructor(options: PlanOptions) {
    const { sources, seed = 1, epochs, strict } = options
    this.#options = options
    this.#names = sources.map(({ source }) => `${source.name} (${source.shards})`)
    this.#position = options.position === undefined ? undefined : readPosition(options.position, this.#names)
    this.#shards = new ShardCache(sources)
    this.#order = new EntryOrder(sources, this.#shards, { seed, epochs, strict, position: this.#position?.order })
    this.#after = this.#position?.order ?? sources.map(() => ({ epoch: 0, group: 0, index: 0, drawn: 0 }))
    this.#epoch = this.#position?.epoch ?? 0
    this.#usable = sources.map(() => this.#position !== undefined)
    this.#hopes = sources.map(() => [])
  }

  /**
   * The next step, or undefined at the end of the last pass. Throws a DataError where all samples of a source are
   * refused; under `strict`, the SampleError of the first.
   */
  async next(): Promise<PlannedStep | undefined> {
    await this.#restore()
    const rows: (readonly PlannedSample[])[] = []
    while (rows.length < this.#options.batch) {
      const row = await this.#nextRow()
      if (row === undefined) break
      rows.push(row)
    }
    if (rows.length === 0) return undefined
    const refused = this.#refused
    this.#refused = []
    return { rows, epoch: this.#epoch, position: this.#current(), refused }
  }

  /** Closes files. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#reading.map(({ results }) => results))
    await this.#shards.close()
  }

  async #nextRow(): Promise<readonly PlannedSample[] | undefined> {
    for (;;) {
      const row = this.#ready.shift()
      if (row !== undefined) return row
      const result = this.#waiting.shift()
      if (result !== undefined) {
        if ('refused' in result) this.#refuse(result.refused)
        else this.#ready.push(...this.#packed.add(result.sample))
        continue
      }
      const reading = await this.#draw()
      if (reading === undefined) {
        this.#usable.forEach((_, source) => {
          this.#despair(source)
        })
        if (this.#packed.open.length === 0) return undefined
        this.#ready.push(...this.#packed.flush())
        continue
      }
      const results = await reading.results
      this.#after = reading.drawn.after
      this.#epoch = reading.drawn.epoch
      this.entries++
      this.#waiting = [...results]
      this.#refused.push(...reading.drawn.refused)
      this.#watch(reading.drawn.place[0], results)
    }
  }

  get #packed(): Packer<PlannedSample> {
    this.#packer ??= new Packer(this.#options.sequence, this.#options.packing)
    return this.#packer
  }

  /** The next entry in order; those behind it are being read meanwhile. */
  async #draw(): Promise<Reading | undefined> {
    while (!this.#drawnAll && this.#reading.length < AHEAD) {
      const drawn = await this.#order.next()
      if (drawn === undefined) this.#drawnAll = true
      else {
        const results = this.#read(drawn.place)
        results.catch(() => {}) // told when its turn comes
        this.#reading.push({ drawn, results })
      }
    }
    return this.#reading.shift()
  }

  async #read(place: EntryPlace): Promise<readonly Result[]> {
    const [source, shard, entry] = place
    let samples: readonly Sample[]
    let name = (this.#options.sources[source] as OpenedSource).source.name
    try {
      samples = await this.#shards.use(source, shard, opened => {
        name = opened.nameOf(entry)
        return opened.read(entry)
      })
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      const reason = error.message.startsWith(`${name}: `) ? error.message.slice(name.length + 2) : error.message
      return [{ place: [...place, 0], refused: new SampleError(name, reason, { cause: error }) }]
    }
    const results: Result[] = []
    for (const sample of samples) {
      try {
        await checkPictures(sample)
        for (const encoded of this.#options.encode(sample)) {
          const own: SamplePlace = [...place, results.length]
          results.push({ place: own, sample: { ...encoded, place: own } })
        }
      } catch (error) {
        if (!(error instanceof SampleError)) throw error
        results.push({ place: [...place, results.length], refused: error })
      }
    }
    return results
  }

  #refuse(error: SampleError): void {
    if (this.#options.strict) throw error
    this.#refused.push({ sample: error.sample, reason: error.reason })
  }

  /** Ends a run that would look for ever for a sample that it can use. */
  #watch(source: number, results: readonly Result[]): void {
    if (this.#usable[source] || this.#options.strict) return
    if ((this.#after[source]?.epoch ?? 0) > 0) this.#despair(source)
    const hopes = this.#hopes[source] as Refused[]
    for (const result of results) {
      if ('sample' in result) this.#usable[source] = true
      else hopes.push(result.refused)
    }
    if (hopes.length >= HOPELESS) this.#despair(source)
  }

  /** Throws where nothing of a source was usable. */
  #despair(source: number): void {
    const hopes = this.#hopes[source] as Refused[]
    if (this.#usable[source] || hopes.length === 0) return
    const shown = hopes.slice(0, 3).map(({ sample, reason }) => `${sample}: ${reason}`)
    const { name } = (this.#options.sources[source] as OpenedSource).source
    const count = hopes.length === 1 ? 'its only sample' : `all of its first ${hopes.length} samples`
    throw new DataError(`${name}: ${count} cannot be used. ${shown.join('. ')}`)
  }

  #current(): DataPosition {
    const places = (rows: readonly (readonly PlannedSample[])[]) => rows.map(row => row.map(({ place }) => place))
    return {
      version: 1,
      sources: this.#names,
      order: this.#after,
      epoch: this.#epoch,
      open: places(this.#packed.open),
      ready: places(this.#ready),
      waiting: this.#waiting.map(({ place }) => place),
    }
  }

  /** Reads the samples again that wait for their row. */
  async #restore(): Promise<void> {
    if (this.#packer !== undefined || this.#position === undefined) return
    const known = new Map<string, Promise<readonly Result[]>>()
    const changed = ([source, shard, entry]: SamplePlace, why: string) => {
      const { name } = (this.#options.sources[source] as OpenedSource).source
      return new DataError(`${name} has changed since the run stopped: entry ${entry} of shard ${shard}: ${why}`)
    }
    const result = async (place: SamplePlace): Promise<Result> => {
      const [source, shard, entry, part] = place
      const key = `${source} ${shard} ${entry}`
      const results = known.get(key) ?? this.#read([source, shard, entry])
      known.set(key, results)
      const found = (await results)[part]
      if (found === undefined) throw changed(place, 'it is gone')
      return found
    }
    const again = async (place: SamplePlace): Promise<PlannedSample> => {
      const found = await result(place)
      if ('refused' in found) throw changed(place, found.refused.reason)
      return found.sample
    }
    const all = (rows: readonly (readonly SamplePlace[])[]) => Promise.all(rows.map(row => Promise.all(row.map(again))))
    const { open, ready, waiting } = this.#position
    const [opened, done] = [await all(open), await all(ready)]
    this.#waiting = await Promise.all(waiting.map(result))
    this.#ready = done
    const { sequence, packing } = this.#options
    const longest = Math.max(0, ...opened.map(row => row.reduce((sum, { ids }) => sum + ids.length, 0)))
    if (longest > sequence) {
      throw new DataError(`the run to go on with had rows of ${longest} tokens, and now they have ${sequence}`)
    }
    this.#packer = new Packer(sequence, packing, opened)
  }
}

/** Whether the files of a sample's pictures are there: what most often is wrong, known before anything is decoded. */
async function checkPictures(sample: Sample): Promise<void> {
  for (const picture of sample.pictures) {
    const path = pathOf(picture)
    if (path === undefined) continue
    const about = await stat(path).catch(() => undefined)
    if (about?.isFile() && about.size > 0) continue
    const what = about === undefined ? `there is no file ${path}` : `${path} is ${about.isFile() ? 'empty' : 'no file'}`
    throw new SampleError(sample.id, what)
  }
}

const pathOf = (picture: PictureSource): string | undefined =>
  typeof picture === 'string' && !/^(https?|file|data):/i.test(picture) ? picture : undefined
