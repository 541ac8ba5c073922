/**
 * The caller's half: a Runtime over a worker, of whichever kind. It checks what goes in, packs it, keeps the requests in
 * order (one at a time is with the worker, so that one which waits can still be dropped), and makes sure that every
 * promise settles, also when the worker dies. Knows neither engines nor what a worker is made of.
 *
 * One worker holds all sessions of a runtime: an engine's run uses every core already, so two at once would only disturb
 * each other, and a worker costs tens of milliseconds and megabytes where a session costs half a millisecond. Whoever
 * wants sessions that run at the same time opens two runtimes.
 */
import type { ElementType } from '../graph/elementType.ts'
import type { CompiledGraph, TensorSpecification } from '../graph/specification.ts'
import { checkRun, checkWeights, evaluateShape } from './check.ts'
import { DisposedError, EngineError, type EngineMemoryError, fromPlainError, WorkerError } from './errors.ts'
import { Packing, parcel } from './packing.ts'
import { mergeProfiles, type Profile } from './profile.ts'
import type { Answer, Placement, Request, Wanted } from './protocol.ts'
import type { Device, RunOptions, Runtime, Session, SessionOptions } from './runtime.ts'
import { allocateTensors, bytesOf, isShared, type StaticSpecification, type TensorValue } from './tensor.ts'

/** A worker, as the client sees it. */
export interface Channel {
  /** Whether both sides see the same memory, all of it: nothing needs to be copied then. */
  readonly sameThread: boolean
  post(request: Request, transfer: ArrayBuffer[]): void
  /** Whether the worker keeps the process alive. */
  keepAlive(yes: boolean): void
  /** Ends the worker, and settles when it is gone. */
  end(): Promise<void>
  /** Called by the channel. */
  onAnswer: (answer: Answer) => void
  onDeath: (error: WorkerError | EngineMemoryError) => void
}

/** Where a session's weights lie for the engine, and how to clean up once it has them. */
export interface PlacedWeights {
  readonly root: string
  readonly placements: Readonly<Record<string, Placement>>
  /** Memory of the placements that may be handed over. */
  readonly transfer: ArrayBuffer[]
  dispose(): Promise<void>
}

export type PlaceWeights = (
  specifications: readonly TensorSpecification[],
  sources: NonNullable<SessionOptions['weights']>,
  signal: AbortSignal | undefined,
) => Promise<PlacedWeights>

/** One request: made when its turn comes. Exactly one of `answered` and `failed` is called. */
interface Job {
  prepare(): { readonly request: Request; readonly transfer: ArrayBuffer[] }
  answered(answer: Answer): void
  failed(error: unknown): void
}

export class Client implements Runtime {
  readonly device: Device
  readonly #channel: Channel
  readonly #place: PlaceWeights
  readonly #waiting: Job[] = []
  readonly #sessions = new Set<ClientSession>()
  readonly #profiles: Profile[] | undefined
  #current: Job | undefined
  #death: EngineError | undefined
  #disposing: Promise<void> | undefined
  #count = 0

  constructor(channel: Channel, place: PlaceWeights, options: { readonly device: Device; readonly profile: boolean }) {
    this.#channel = channel
    this.#place = place
    this.device = options.device
    this.#profiles = options.profile ? [] : undefined
    channel.onAnswer = answer => this.#answered(answer)
    channel.onDeath = error => this.#died(error)
    channel.keepAlive(false)
  }

  async openSession(graph: CompiledGraph, options: SessionOptions = {}): Promise<Session> {
    const { weights = {}, optimisation = 'all', planMemory = true, signal } = options
    this.#checkUsable()
    signal?.throwIfAborted()
    checkWeights(graph.weights, weights)
    const placed = await this.#place(graph.weights, weights, signal)
    const session = this.#count++
    try {
      const { root, placements, transfer } = placed
      // The bytes are cloned, not handed over: a compiled graph may be opened again.
      const request: Request = { kind: 'open', session, onnx: graph.onnx, placements, root, optimisation, planMemory }
      await this.request(() => ({ request, transfer }), signal)
    } catch (error) {
      if (signal?.aborted) this.request(() => ({ request: { kind: 'close', session }, transfer: [] })).catch(() => {})
      throw error
    } finally {
      await placed.dispose()
    }
    const opened = new ClientSession(this, session, graph)
    this.#sessions.add(opened)
    return opened
  }

  allocate(specifications: readonly StaticSpecification[]): Record<string, TensorValue> {
    const shared = !this.sameThread && typeof SharedArrayBuffer !== 'undefined'
    return allocateTensors(specifications, shared ? 'shared' : 'ordinary')
  }

  get sameThread(): boolean {
    return this.#channel.sameThread
  }

  async profile(): Promise<Profile> {
    const tables = await Promise.all([...this.#sessions].map(session => session.profile()))
    if (this.#profiles === undefined) throw notMeasured()
    return mergeProfiles([...this.#profiles, ...tables])
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose()
    return this.#disposing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #dispose(): Promise<void> {
    if (this.#death === undefined) {
      await this.#enqueue(() => ({ request: { kind: 'end' }, transfer: [] })).catch(() => {})
    }
    await this.#channel.end()
  }

  /** Of the session, before it goes. */
  async forget(session: ClientSession): Promise<void> {
    if (!this.#sessions.delete(session) || this.#profiles === undefined || this.#disposing !== undefined) return
    this.#profiles.push(await session.profile())
  }

  get measures(): boolean {
    return this.#profiles !== undefined
  }

  #checkUsable(): void {
    if (this.#disposing !== undefined) throw new DisposedError('the runtime is disposed of: open a new one')
    if (this.#death !== undefined) throw this.#death
  }

  /** Asks the worker, when all that was asked before is answered. */
  request(prepare: Job['prepare'], signal?: AbortSignal): Promise<Answer> {
    try {
      this.#checkUsable()
      signal?.throwIfAborted()
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#enqueue(prepare, signal)
  }

  #enqueue(prepare: Job['prepare'], signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        const at = this.#waiting.indexOf(job)
        if (at >= 0) this.#waiting.splice(at, 1)
        signal?.removeEventListener('abort', abort)
        reject(signal?.reason)
      }
      const job: Job = {
        prepare,
        answered: answer => {
          signal?.removeEventListener('abort', abort)
          if (answer.error) reject(fromPlainError(answer.error))
          else resolve(answer)
        },
        failed: error => {
          signal?.removeEventListener('abort', abort)
          reject(error)
        },
      }
      signal?.addEventListener('abort', abort)
      this.#waiting.push(job)
      this.#next()
    })
  }

  #next(): void {
    while (this.#current === undefined) {
      const job = this.#waiting.shift()
      if (job === undefined) {
        this.#channel.keepAlive(false)
        return
      }
      if (this.#death !== undefined) {
        job.failed(this.#death)
        continue
      }
      try {
        const { request, transfer } = job.prepare()
        this.#channel.keepAlive(true)
        this.#channel.post(request, transfer)
        this.#current = job
      } catch (error) {
        job.failed(error)
      }
    }
  }

  #answered(answer: Answer): void {
    const job = this.#current
    this.#current = undefined
    job?.answered(answer)
    this.#next()
  }

  #died(error: EngineError): void {
    this.#death ??= error
    const job = this.#current
    this.#current = undefined
    job?.failed(error)
    this.#next()
  }
}

const notMeasured = () => new EngineError('nothing was measured: open the runtime with { profile: true }')

class ClientSession implements Session {
  readonly inputs: readonly TensorSpecification[]
  readonly outputs: readonly TensorSpecification[]
  readonly #client: Client
  readonly #id: number
  #disposing: Promise<void> | undefined
  #profile: Promise<Profile> | undefined
  readonly #types: ReadonlyMap<string, ElementType>
  readonly #packing = new Packing()

  constructor(client: Client, id: number, graph: CompiledGraph) {
    this.#client = client
    this.#id = id
    this.inputs = graph.inputs
    this.outputs = graph.outputs
    this.#types = new Map(graph.outputs.map(({ name, type }) => [name, type]))
  }

  async run(
    feeds: Readonly<Record<string, TensorValue>>,
    options: RunOptions = {},
  ): Promise<Record<string, TensorValue>> {
    if (this.#disposing !== undefined) throw new DisposedError('the session is disposed of: open a new one')
    const { into = {}, signal } = options
    const sizes = checkRun(this, feeds, options)
    const names = new Set(options.outputs ?? this.outputs.map(({ name }) => name))
    for (const name of Object.keys(into)) names.add(name)
    const { sameThread } = this.#client
    const wanted = this.outputs
      .filter(({ name }) => names.has(name))
      .map(({ name, type, shape }): Wanted => {
        const data = into[name]?.data
        const target = data && (sameThread || isShared(data)) ? data : undefined
        return { name, type, shape: evaluateShape(shape, sizes), target }
      })
    const { outputs = [] } = await this.#client.request(() => {
      const parcels = sameThread
        ? this.inputs.map(({ name }) => parcel(name, feeds[name]!))
        : this.#packing.pack(this.inputs, feeds)
      return { request: { kind: 'run', session: this.#id, feeds: parcels, wanted }, transfer: [] }
    }, signal)
    const results: Record<string, TensorValue> = {}
    for (const { name } of wanted) if (into[name]) results[name] = into[name]
    for (const { name, shape, data } of outputs) {
      const target = into[name]?.data
      if (target) bytesOf(target).set(bytesOf(data))
      else results[name] = { type: this.#types.get(name)!, shape, data } as TensorValue
    }
    return results
  }

  profile(): Promise<Profile> {
    if (!this.#client.measures) return Promise.reject(notMeasured())
    this.#profile ??= this.#client
      .request(() => ({ request: { kind: 'profile', session: this.#id }, transfer: [] }))
      .then(({ profile }) => profile!)
    return this.#profile
  }

  dispose(): Promise<void> {
    this.#disposing ??= this.#dispose()
    return this.#disposing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #dispose(): Promise<void> {
    const close = (): ReturnType<Job['prepare']> => ({ request: { kind: 'close', session: this.#id }, transfer: [] })
    try {
      await this.#client.forget(this)
      await this.#client.request(close)
    } catch (error) {
      // A worker that is gone has taken the session with it.
      if (!(error instanceof WorkerError || error instanceof DisposedError)) throw error
    }
  }
}
