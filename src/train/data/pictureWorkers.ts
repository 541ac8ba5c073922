/**
 * The threads that read, decode and resize pictures while the model computes. Hands out one picture at a time to each;
 * knows no batches.
 */
import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { fileBeside, startThread } from '../../runtime/startThread.ts'
import { DataError } from './errors.ts'
import type { PictureOrder, PreparedPicture } from './preparePicture.ts'

export type PictureRequest = PictureOrder | 'end'
export type PictureAnswer = { readonly picture: PreparedPicture } | { readonly error: string }

/** A picture that could not be had. Another thread's error, of which the message is left. */
export class UnreadablePicture extends Error {
  override readonly name = 'UnreadablePicture'
}

interface Task {
  readonly order: PictureOrder
  readonly resolve: (picture: PreparedPicture) => void
  readonly reject: (error: Error) => void
}

interface Thread {
  readonly worker: Worker
  task: Task | undefined
}

export class PictureWorkers {
  readonly #most: number
  readonly #threads: Thread[] = []
  #waiting: Task[] = []
  #disposed: Promise<void> | undefined

  /** Starts threads as they are needed: at most `threads`, default one less than the machine has cores. */
  constructor(threads = Math.max(1, availableParallelism() - 1)) {
    this.#most = Math.max(1, threads)
  }

  /**
   * A prepared picture, in the order of calls as far as threads are free. Rejects with an UnreadablePicture, with a
   * DataError if the thread died, and with the reason of `signal`.
   */
  prepare(order: PictureOrder): Promise<PreparedPicture> {
    if (this.#disposed) return Promise.reject(new DataError('the picture threads have ended'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ order, resolve, reject })
      this.#next()
    })
  }

  /** Drops what waits, lets each thread finish its picture, and ends them. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#end()
    return this.#disposed
  }

  async #end(): Promise<void> {
    for (const { reject } of this.#waiting) reject(new DataError('the picture threads have ended'))
    this.#waiting = []
    const ended = this.#threads.map(({ worker }) => new Promise<void>(resolve => worker.once('exit', () => resolve())))
    for (const { worker } of this.#threads) {
      worker.ref()
      worker.postMessage('end' satisfies PictureRequest)
    }
    await Promise.all(ended)
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const idle = this.#threads.find(({ task }) => task === undefined)
      const thread = idle ?? (this.#threads.length < this.#most ? this.#start() : undefined)
      if (thread === undefined) return
      const task = this.#waiting.shift() as Task
      thread.task = task
      thread.worker.ref() // a program waits for pictures under way, and for nothing else here
      thread.worker.postMessage(task.order satisfies PictureRequest)
    }
  }

  #start(): Thread {
    const thread: Thread = { worker: startThread(fileBeside(import.meta.url, 'pictureWorker')), task: undefined }
    const { worker } = thread
    this.#threads.push(thread)
    worker.on('message', (answer: PictureAnswer) => {
      const task = thread.task
      thread.task = undefined
      if (!this.#disposed) worker.unref()
      if ('picture' in answer) task?.resolve(answer.picture)
      else task?.reject(new UnreadablePicture(answer.error))
      this.#next()
    })
    let failure: unknown
    worker.on('error', error => {
      failure = error
    })
    worker.on('exit', code => {
      this.#threads.splice(this.#threads.indexOf(thread), 1)
      const how = failure instanceof Error ? failure.message : `status ${code}`
      thread.task?.reject(new DataError(`a picture thread ended by itself (${how})`, { cause: failure }))
      thread.task = undefined
      if (!this.#disposed) this.#next()
    })
    return thread
  }
}
