/** The threads that make samples: hands one span at a time to each. Knows no archives. */
import type { Worker } from 'node:worker_threads'
import { startThread } from '../../runtime/startThread.ts'
import { MakingError } from './errors.ts'
import type { Span, SpanAnswer, SpanRequest, SpanThreadData } from './spanThread.ts'

interface Task {
  readonly span: Span
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: Error) => void
}

interface Thread {
  readonly worker: Worker
  task: Task | undefined
}

export interface SpanThreadsOptions<Start> {
  /** The file that a thread runs: it calls `serveSpans`. */
  readonly file: URL
  readonly threads: number
  readonly origin: string
  readonly start: Start
}

export class SpanThreads<Start> {
  readonly #options: SpanThreadsOptions<Start>
  readonly #stop = new Int32Array(new SharedArrayBuffer(4))
  readonly #threads: Thread[] = []
  #waiting: Task[] = []
  #ended = false

  /** Starts threads as they are needed. */
  constructor(options: SpanThreadsOptions<Start>) {
    this.#options = options
  }

  /** The members of a span's samples. Spans are begun in the order of calls. Rejects with a MakingError. */
  make(span: Span): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ span, resolve, reject })
      this.#next()
    })
  }

  /** Lets every thread finish the sample under way, and ends them. What was not made rejects. */
  async end(): Promise<void> {
    this.#ended = true
    Atomics.store(this.#stop, 0, 1)
    for (const { reject } of this.#waiting) reject(stopped())
    this.#waiting = []
    const gone = this.#threads.map(({ worker }) => new Promise<void>(resolve => worker.once('exit', () => resolve())))
    for (const { worker } of this.#threads) worker.postMessage('end' satisfies SpanRequest)
    await Promise.all(gone)
  }

  #next(): void {
    while (this.#waiting.length > 0 && !this.#ended) {
      const idle = this.#threads.find(({ task }) => task === undefined)
      const thread = idle ?? (this.#threads.length < this.#options.threads ? this.#start() : undefined)
      if (thread === undefined) return
      const task = this.#waiting.shift() as Task
      thread.task = task
      thread.worker.postMessage(task.span satisfies SpanRequest)
    }
  }

  #start(): Thread {
    const { file, origin, start } = this.#options
    const data: SpanThreadData<Start> = { origin, stop: this.#stop, start }
    const thread: Thread = { worker: startThread(file, data), task: undefined }
    const { worker } = thread
    this.#threads.push(thread)
    worker.on('message', (answer: SpanAnswer) => {
      const task = thread.task
      thread.task = undefined
      if ('bytes' in answer) task?.resolve(answer.bytes)
      else task?.reject('error' in answer ? failure(answer.error) : stopped())
      this.#next()
    })
    let cause: unknown
    worker.on('error', error => {
      cause = error
    })
    worker.on('exit', code => {
      this.#threads.splice(this.#threads.indexOf(thread), 1)
      const how = cause instanceof Error ? cause.message : `status ${code}`
      thread.task?.reject(new MakingError(`a thread that makes samples ended by itself (${how})`, { cause }))
      thread.task = undefined
      this.#next()
    })
    return thread
  }
}

const stopped = () => new MakingError('the making of samples was stopped')

function failure({ message, sample }: { readonly message: string; readonly sample?: number }): MakingError {
  return new MakingError(sample === undefined ? message : `sample ${sample} could not be made: ${message}`)
}
