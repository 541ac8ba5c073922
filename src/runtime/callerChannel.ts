/** A channel without a worker: the engine computes in the calling thread, between two turns of its event loop. */
import type { Channel } from './client.ts'
import type { Engine } from './engine.ts'
import type { EngineOptions, Request } from './protocol.ts'
import { Service } from './service.ts'

export class CallerChannel implements Channel {
  readonly sameThread = true
  onAnswer: Channel['onAnswer'] = () => {}
  onDeath: Channel['onDeath'] = () => {}
  readonly #service: Service

  constructor(engine: Engine, options: EngineOptions) {
    this.#service = new Service(engine, options)
  }

  post(request: Request): void {
    // A turn of the event loop first: a caller that awaits one run after the other still sees its timers and signals.
    nextTurn(async () => {
      const { answer } = await this.#service.answer(request)
      this.onAnswer(answer)
    })
  }

  keepAlive(): void {}

  async end(): Promise<void> {}
}

const nextTurn = (callback: () => void): void => {
  if (typeof setImmediate === 'function') setImmediate(callback)
  else setTimeout(callback, 0)
}
