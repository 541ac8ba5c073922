/**
 * Processes over MPI: operations one after the other in the order of the calls, each announced to all the others first,
 * in pieces that MPI can count, under a time limit. Calls no library itself and knows nothing of how the processes came
 * to be.
 *
 * The announcement is what makes a disagreement an error at once instead of a hang or wrong numbers: all processes tell
 * each other which operation comes next and on how much, which costs some 30 µs.
 */
import { ProcessesError } from './errors.ts'
import type { Mpi, Sendable, Summable } from './library.ts'
import type { Processes } from './processes.ts'

export interface MpiLimits {
  /** Longest wait in one operation, in milliseconds. */
  readonly waitMs: number
  /** Most values in one call of MPI, which counts in 32 bits. */
  readonly piece: number
}

/** What is announced: four numbers that must be the same everywhere. */
type Announcement = readonly [kind: number, element: number, length: number, detail: number]

const kinds = ['allReduce (sum)', 'allReduce (max)', 'broadcast', 'allGather', 'barrier', 'the end (dispose)'] as const
type Kind = (typeof kinds)[number]
const elements = ['', 'uint8', 'float32', 'float64'] as const

const LAST_WORDS_MS = 300

export class MpiProcesses implements Processes {
  readonly rank: number
  readonly size: number
  readonly #mpi: Mpi
  readonly #limits: MpiLimits
  #queue: Promise<void> = Promise.resolve()
  #failure: unknown
  #end: Promise<void> | undefined
  readonly #onExit = (status: number): void => this.#leave(status)
  /** Node prints an error that nobody caught after the exit handlers, too late for us. */
  readonly #onError = (error: unknown): void =>
    this.#tell(`failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`)

  constructor(mpi: Mpi, limits: MpiLimits) {
    this.rank = mpi.rank
    this.size = mpi.size
    this.#mpi = mpi
    this.#limits = limits
    process.on('exit', this.#onExit)
    process.on('uncaughtExceptionMonitor', this.#onError)
  }

  allReduce(values: Summable, operation: 'sum' | 'max' = 'sum'): Promise<void> {
    return this.#next(`allReduce (${operation})`, values, 0, async () => {
      for (const piece of this.#pieces(values)) await this.#mpi.reduce(piece, operation)
    })
  }

  async broadcast(values: Sendable, root: number): Promise<void> {
    if (!(Number.isInteger(root) && root >= 0 && root < this.size)) {
      throw new RangeError(`root must be a process, 0 to ${this.size - 1}, not ${root}`)
    }
    return this.#next('broadcast', values, root, () => this.#send(values, root))
  }

  async allGather(values: Float32Array, borders: readonly number[]): Promise<void> {
    checkBorders(borders, this.size, values.length)
    const length = borders[this.size]! - borders[0]!
    return this.#next('allGather', values, fingerprint(borders), async () => {
      if (length === 0) return
      if (length > this.#limits.piece) {
        for (let root = 0; root < this.size; root++) {
          await this.#send(values.subarray(borders[root], borders[root + 1]), root)
        }
        return
      }
      const counts = Int32Array.from({ length: this.size }, (_, rank) => borders[rank + 1]! - borders[rank]!)
      const starts = Int32Array.from({ length: this.size }, (_, rank) => borders[rank]! - borders[0]!)
      await this.#mpi.gatherParts(values.subarray(borders[0], borders[this.size]), counts, starts)
    })
  }

  /** The announcement is one: nobody knows of all before all are there. */
  barrier(): Promise<void> {
    return this.#next('barrier', undefined, 0, async () => {})
  }

  abort(): void {
    this.#abort(1)
  }

  /**
   * Ends MPI together with all others. After a failure, or where the others go on without this process, nothing is
   * ended here: the whole job is, when this process exits.
   */
  dispose(): Promise<void> {
    this.#end ??= this.#next('the end (dispose)', undefined, 0, async () => {
      this.#mpi.finalise()
      process.off('exit', this.#onExit)
      process.off('uncaughtExceptionMonitor', this.#onError)
    }).catch(() => {})
    return this.#end
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  /**
   * A process that ends without `dispose` has failed, whatever it says: the others would wait for it for ever. And it
   * could not even end with an operation under way, since Node waits for its threads.
   */
  #leave(status: number): void {
    if (status === 0) this.#tell('has ended before the others, without dispose: all are ended')
    this.#abort(status === 0 ? 1 : status)
  }

  /** mpirun prints what a process said last only if it has read it before it hears of the abort. */
  #abort(status: number): never {
    // Where all fail alike the first speaks for all: mpirun stumbles over several aborts at once.
    const wait = this.rank === 0 ? LAST_WORDS_MS : 2 * LAST_WORDS_MS
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, wait)
    return this.#mpi.abort(status)
  }

  #tell(what: string): void {
    process.stderr.write(`qwen-vl: process ${this.rank} of ${this.size} ${what}\n`)
  }

  /** Puts an operation at the end of the queue. After a failure nothing more is tried: each call gets that failure. */
  #next(kind: Kind, values: Sendable | undefined, detail: number, work: () => Promise<void>): Promise<void> {
    if (this.#end !== undefined) {
      return Promise.reject(new ProcessesError(`${kind} after dispose: these processes are no more`))
    }
    const done = this.#queue.then(async () => {
      if (this.#failure !== undefined) throw this.#failure
      const what = values === undefined ? kind : `${kind} of ${values.length} ${elementOf(values)} values`
      const timer = setTimeout(() => this.#tooLong(what), this.#limits.waitMs)
      try {
        const element = values === undefined ? 0 : elements.indexOf(elementOf(values))
        await this.#announce([kinds.indexOf(kind), element, values?.length ?? 0, detail])
        await work()
      } catch (error) {
        const isTold = error instanceof ProcessesError && error.message.startsWith('the processes')
        const where = `process ${this.rank} of ${this.size}, in ${what}`
        this.#failure = isTold ? error : new ProcessesError(`${where}: ${messageOf(error)}`, { cause: error })
        throw this.#failure
      } finally {
        clearTimeout(timer)
      }
    })
    this.#queue = done.catch(() => {})
    return done
  }

  async #announce(own: Announcement): Promise<void> {
    const all = new Float64Array(own.length * this.size)
    all.set(own, own.length * this.rank)
    await this.#mpi.gatherEqual(all)
    const of = (rank: number) => all.subarray(rank * own.length, (rank + 1) * own.length)
    const ranks = Array.from({ length: this.size }, (_, rank) => rank)
    const other = ranks.find(rank => of(rank).some((value, index) => value !== of(0)[index]))
    if (other === undefined) return
    const [first, second] = [describe(of(0)), describe(of(other))]
    const said =
      first === second ? `${first}, with different borders or root` : `${first}, process ${other} does ${second}`
    throw new ProcessesError(
      `the processes do not do the same: process 0 does ${said}. Either one of them failed (see its message), or they ` +
        'were not started with the same program, files and options',
    )
  }

  async #send(values: Sendable, root: number): Promise<void> {
    for (const piece of this.#pieces(values)) await this.#mpi.broadcast(piece, root)
  }

  *#pieces<T extends Sendable>(values: T): Generator<T> {
    const { piece } = this.#limits
    for (let start = 0; start < values.length; start += piece) {
      yield values.subarray(start, Math.min(start + piece, values.length)) as T
    }
  }

  #tooLong(what: string): void {
    const minutes = Number((this.#limits.waitMs / 60_000).toPrecision(2))
    this.#tell(`has waited ${minutes} minutes in ${what}: another process is stuck, or very slow; all are ended`)
    this.#abort(1)
  }
}

const elementOf = (values: Sendable): (typeof elements)[number] =>
  values instanceof Float32Array ? 'float32' : values instanceof Float64Array ? 'float64' : 'uint8'

function describe([kind, element, length]: Float64Array): string {
  const name = kinds[kind!]!
  return element === 0 ? name : `${name} of ${length} ${elements[element!]} values`
}

function checkBorders(borders: readonly number[], size: number, length: number): void {
  const isAscending = borders.every(
    (border, index) => Number.isInteger(border) && border >= (borders[index - 1] ?? 0) && border <= length,
  )
  if (borders.length === size + 1 && isAscending) return
  throw new RangeError(
    `borders must be ${size + 1} ascending whole numbers from 0 to ${length}, not [${borders.slice(0, 20).join(', ')}]`,
  )
}

/** FNV-1a over the digits: equal borders, equal number. */
function fingerprint(borders: readonly number[]): number {
  let hash = 0x811c9dc5
  for (const character of borders.join()) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return hash >>> 0
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
