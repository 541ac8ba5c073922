/**
 * The worker thread of a runtime in Node: starts it, carries messages, and tells when it dies.
 *
 * A thread must not be ended while the native engine computes in it: when the engine comes back and finds that it may run
 * no JavaScript any more, it ends the whole process with an abort (onnxruntime-node 1.30). Disposing waits for the engine;
 * a program that exits in the middle of a run is made to wait for it too.
 */
import type { Worker } from 'node:worker_threads'
import type { Channel } from './client.ts'
import { EngineMemoryError, fromPlainError, WorkerError } from './errors.ts'
import type { Answer, EngineOptions } from './protocol.ts'
import { fileBeside, startThread } from './startThread.ts'

/** The longest that the end of the process is put off. */
const PATIENCE_MS = 10_000

const busyWorkers = new Set<Int32Array>()

process.on('exit', () => {
  for (const busy of busyWorkers) Atomics.wait(busy, 0, 1, PATIENCE_MS)
})

/** A worker, and a number in shared memory that is 1 from a request to its answer. */
export interface BusyWorker {
  readonly worker: Worker
  readonly busy: Int32Array
}

/** What the worker is started with. */
export interface WorkerStart {
  readonly options: EngineOptions
  readonly busy: Int32Array
}

export class WorkerChannel implements Channel {
  readonly sameThread = false
  onAnswer: Channel['onAnswer'] = () => {}
  onDeath: Channel['onDeath'] = () => {}
  readonly ready: Promise<void>
  readonly #worker: Worker
  readonly #busy: Int32Array
  readonly #gone: Promise<void>
  #ending = false

  constructor({ worker, busy }: BusyWorker) {
    this.#worker = worker
    this.#busy = busy
    busyWorkers.add(busy)
    let failure: Error | undefined
    worker.on('error', error => {
      failure = error as Error
    })
    worker.on('messageerror', error => {
      failure = error
      worker.terminate()
    })
    this.#gone = new Promise(resolve => {
      worker.on('exit', code => {
        busyWorkers.delete(busy)
        resolve()
        if (!this.#ending) this.onDeath(deathOf(code, failure))
      })
    })
    this.ready = new Promise((resolve, reject) => {
      this.onDeath = reject
      worker.once('message', ({ error }: Answer) => {
        if (error) reject(fromPlainError(error))
        else resolve()
        worker.on('message', (answer: Answer) => this.onAnswer(answer))
      })
    })
  }

  post(...[request, transfer]: Parameters<Channel['post']>): void {
    Atomics.store(this.#busy, 0, 1) // first: the worker may be done before this thread comes to its next line
    try {
      this.#worker.postMessage(request, transfer)
    } catch (error) {
      Atomics.store(this.#busy, 0, 0)
      throw error
    }
  }

  keepAlive(yes: boolean): void {
    if (yes) this.#worker.ref()
    else this.#worker.unref()
  }

  async end(): Promise<void> {
    this.#ending = true
    this.#worker.ref()
    await this.#worker.terminate()
    await this.#gone
  }
}

function deathOf(code: number, cause: Error | undefined): WorkerError | EngineMemoryError {
  if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new EngineMemoryError('the worker of the engine ran out of JavaScript memory: open a new runtime', { cause })
  }
  const how = cause ? `threw "${cause.message}"` : `exited with status ${code}`
  return new WorkerError(`the worker of the engine ${how}; its sessions are gone: open a new runtime`, { cause })
}

/** Starts the thread of an engine. */
export function startWorker(options: EngineOptions): BusyWorker {
  const busy = new Int32Array(new SharedArrayBuffer(4))
  const workerData: WorkerStart = { options, busy }
  return { worker: startThread(fileBeside(import.meta.url, 'nodeWorker'), workerData), busy }
}
