/** A run that pages look at: its curves, filled as its events come, and a way to hear that there is more. Knows no HTTP. */
import type { TrainingEvent } from '../../events.ts'
import { RunCurves } from '../curves.ts'
import { followLogInLists } from '../log.ts'

/** One run, read from the time that it is made until `close`. */
export class WatchedRun {
  readonly name: string
  readonly curves = new RunCurves()
  /** Why it can be read no further, or how many lines of its log are no events. */
  problem: string | undefined
  /** Settles when all that was there has been read. */
  readonly ready: Promise<void>
  readonly #controller = new AbortController()
  readonly #reading: Promise<void>
  readonly #listeners = new Set<() => void>()
  #brokenLines = 0

  private constructor(name: string, lists: (run: WatchedRun, signal: AbortSignal) => Lists) {
    this.name = name
    let settle = () => {}
    this.ready = new Promise(resolve => {
      settle = resolve
    })
    this.#reading = this.#read(lists(this, this.#controller.signal), settle).finally(settle)
  }

  /** Of a log, which may grow, or not be there yet. */
  static ofLog(name: string, path: string): WatchedRun {
    return new WatchedRun(name, (run, signal) =>
      followLogInLists(path, { signal, broken: problem => run.#countBroken(problem.message) }),
    )
  }

  /** Of events that come from elsewhere. */
  static ofEvents(name: string, events: AsyncIterable<TrainingEvent>): WatchedRun {
    return new WatchedRun(name, () => inLists(events))
  }

  /** Calls `listener` whenever something has come, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#controller.abort()
    this.#listeners.clear()
    // Events from elsewhere may never end: only a log is waited for.
    await Promise.race([this.#reading, new Promise(resolve => setImmediate(resolve))])
  }

  #countBroken(message: string): void {
    this.#brokenLines++
    this.problem =
      this.#brokenLines === 1 ? message : `${this.#brokenLines} lines are no events; the latest: ${message}`
  }

  async #read(lists: Lists, settle: () => void): Promise<void> {
    try {
      for await (const events of lists) {
        if (this.#controller.signal.aborted) return
        for (const event of events) this.curves.add(event)
        if (events.length === 0) settle()
        this.#tell()
      }
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error)
      this.#tell()
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

type Lists = AsyncIterable<readonly TrainingEvent[]>

async function* inLists(events: AsyncIterable<TrainingEvent>): AsyncGenerator<readonly TrainingEvent[], void> {
  yield []
  for await (const event of events) yield [event]
}
