/**
 * Steps made ahead of their use, in order: while one is computed, the next ones are planned and their pictures decoded.
 * Knows nothing of what a step is.
 */

/** Steps ahead, and the memory that the pictures of all steps on their way may take. Bytes. */
const STEPS = 2
const BUDGET = 512 * 2 ** 20

/** A step that is under way. */
export interface Started<Step> {
  readonly step: Promise<Step>
  /** Memory that it will take. Bytes. */
  readonly bytes: number
}

export class Prefetch<Step> {
  readonly #start: () => Promise<Started<Step> | undefined>
  readonly #queue: Started<Step>[] = []
  #bytes = 0
  #running: Promise<void> | undefined
  #ended = false
  #failure: { readonly error: unknown } | undefined

  /** `start` begins the next step; undefined says that there is none. It is not called again before it has settled. */
  constructor(start: () => Promise<Started<Step> | undefined>) {
    this.#start = start
  }

  /** The next step, or undefined after the last. Rejects with what went wrong, once all steps before it were given. */
  async next(signal?: AbortSignal): Promise<Step | undefined> {
    signal?.throwIfAborted()
    for (;;) {
      this.#fill()
      const [first] = this.#queue
      if (first !== undefined) {
        const step = await until(first.step, signal)
        this.#queue.shift()
        this.#bytes -= first.bytes
        this.#fill()
        return step
      }
      if (this.#failure) throw this.#failure.error
      if (this.#ended) return undefined
      await until(this.#running as Promise<void>, signal)
    }
  }

  /** Begins no more steps, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#ended = true
    await this.#running
    await Promise.allSettled(this.#queue.map(({ step }) => step))
  }

  #fill(): void {
    if (this.#running || this.#ended || this.#failure || !this.#hasRoom()) return
    this.#running = this.#work().finally(() => {
      this.#running = undefined
      this.#fill()
    })
  }

  #hasRoom(): boolean {
    return this.#queue.length === 0 || (this.#queue.length < STEPS && this.#bytes < BUDGET)
  }

  async #work(): Promise<void> {
    try {
      const started = await this.#start()
      if (started === undefined) this.#ended = true
      else {
        started.step.catch(() => {}) // told when its turn comes
        this.#queue.push(started)
        this.#bytes += started.bytes
      }
    } catch (error) {
      this.#failure = { error }
    }
  }
}

/** A promise, or the reason of a signal, whichever comes first. */
function until<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
