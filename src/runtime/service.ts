/**
 * The worker's half: answers requests with an Engine, one after the other, and keeps its sessions. It never lets an error
 * out. Knows neither which engine nor which kind of worker.
 */
import { type Engine, type EngineSession, engineError, type Fetch } from './engine.ts'
import { DisposedError, toPlainError } from './errors.ts'
import { checkFinite } from './numerics.ts'
import type { Answer, EngineOptions, Request, RunRequest } from './protocol.ts'
import type { TensorValue } from './tensor.ts'

/** Bytes. */
const SMALL = 1024

/** An answer, and the memory that goes away with it. */
export interface Reply {
  readonly answer: Answer
  readonly transfer: ArrayBuffer[]
}

export class Service {
  readonly #engine: Engine
  readonly #options: EngineOptions
  readonly #sessions = new Map<number, EngineSession>()

  constructor(engine: Engine, options: EngineOptions) {
    this.#engine = engine
    this.#options = options
  }

  async answer(request: Request): Promise<Reply> {
    try {
      return await this.#perform(request)
    } catch (error) {
      const typed = engineError(error, request.kind === 'open' ? 'open' : 'run', this.#options.device)
      return { answer: { error: toPlainError(typed) }, transfer: [] }
    }
  }

  async #perform(request: Request): Promise<Reply> {
    switch (request.kind) {
      case 'open':
        this.#sessions.set(request.session, await this.#engine.open(request))
        return { answer: {}, transfer: [] }
      case 'run':
        return this.#run(request)
      case 'profile':
        return { answer: { profile: await this.#session(request.session).profile() }, transfer: [] }
      case 'close':
        await this.#close(request.session)
        return { answer: {}, transfer: [] }
      case 'end':
        for (const session of [...this.#sessions.keys()]) await this.#close(session)
        await this.#engine.dispose()
        return { answer: {}, transfer: [] }
      default:
        return request satisfies never
    }
  }

  async #close(id: number): Promise<void> {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    await session?.dispose()
  }

  #session(id: number): EngineSession {
    const session = this.#sessions.get(id)
    if (session === undefined) throw new DisposedError('the session is disposed of: open a new one')
    return session
  }

  async #run({ session, feeds, wanted }: RunRequest): Promise<Reply> {
    const values = new Map(feeds.map(feed => [feed.name, feed as TensorValue]))
    const { checkNumerics } = this.#options
    if (checkNumerics) for (const [name, value] of values) checkFinite('input', name, value)
    const fetches = wanted.map(({ name, type, shape, target }): Fetch => ({ name, type, shape, data: target }))
    const results = await this.#session(session).run(values, fetches)
    if (checkNumerics) for (const [i, value] of results.entries()) checkFinite('output', wanted[i]!.name, value)
    const outputs = results.flatMap(({ shape, data }, i) =>
      wanted[i]!.target ? [] : [{ name: wanted[i]!.name, shape, data }],
    )
    // A small array is cheaper to clone than to hand over.
    const large = outputs.filter(({ data }) => data.byteLength > SMALL)
    return { answer: { outputs }, transfer: large.map(({ data }) => data.buffer as ArrayBuffer) }
  }
}
