/**
 * Runs the language model one block at a time, with weights that are fed: rows go through a block, and what reaches its
 * linear layers is summed up as second moments. Knows no quantisation.
 */
import type { QwenVLConfig } from '../../model/index.ts'
import type { Runtime, Session, TensorValue } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import { blockGraph, blockPath, momentsGraph, stages } from './graphs.ts'
import type { Row } from './states.ts'

/** The parameters of a block by their names within it: `attn.c_attn.weight`. */
export type BlockWeights = Readonly<Record<string, TensorValue<'float32'>>>

export class Blocks implements AsyncDisposable {
  readonly #config: QwenVLConfig
  readonly #whole: Session
  readonly #moments: readonly Session[]
  readonly #signal: AbortSignal | undefined

  private constructor(config: QwenVLConfig, whole: Session, moments: readonly Session[], signal?: AbortSignal) {
    this.#config = config
    this.#whole = whole
    this.#moments = moments
    this.#signal = signal
  }

  static async open(runtime: Runtime, config: QwenVLConfig, signal?: AbortSignal): Promise<Blocks> {
    const whole = await runtime.openSession(blockGraph(config, runtime.device))
    const moments: Session[] = []
    for (const stage of stages.keys())
      moments.push(await runtime.openSession(momentsGraph(stage, config, runtime.device)))
    return new Blocks(config, whole, moments, signal)
  }

  /** Takes rows behind a block: each takes the place of what it was before it. */
  async pass(rows: Row[], weights: BlockWeights): Promise<void> {
    for (const [i, row] of rows.entries()) {
      this.#signal?.throwIfAborted()
      const outputs = await this.#whole.run(this.#feeds(this.#whole, row, weights))
      rows[i] = { ...row, hidden: outputs['after']?.data as Float32Array }
    }
  }

  /** Σ x xᵀ over all positions of the rows, of what reaches the layers of a stage: [in, in]. At least one row. */
  async moments(stage: number, rows: readonly Row[], weights: BlockWeights): Promise<Float32Array> {
    const session = this.#moments[stage]!
    let total: Float32Array | undefined
    for (const row of rows) {
      this.#signal?.throwIfAborted()
      const outputs = await session.run(this.#feeds(session, row, weights))
      const own = outputs['moments']?.data as Float32Array
      if (total === undefined) total = own
      else for (let i = 0; i < own.length; i++) total[i]! += own[i]!
    }
    return total as Float32Array
  }

  #feeds(session: Session, { hidden, length, around }: Row, weights: BlockWeights): Record<string, TensorValue> {
    const first = `${blockPath(0)}.`
    const entries = session.inputs.map(({ name }): [string, TensorValue] => {
      if (name === 'hidden') return [name, tensorValue('float32', [1, length, this.#config.hidden_size], hidden)]
      const value = around[name] ?? weights[name.slice(first.length)]
      return [name, value as TensorValue]
    })
    return Object.fromEntries(entries)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of [this.#whole, ...this.#moments]) await session.dispose()
  }
}
