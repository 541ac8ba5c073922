/**
 * The objective of all three stages, of fine-tuning, and of teaching a language model from nothing: the next token, where
 * it is supervised. Opens the sessions, feeds batches, and leaves gradients with the optimiser. Knows no data sources,
 * no schedule and no files but the cache of what the frozen part of the model saw.
 */
import type { WeightLoader } from '../../generate/network.ts'
import type { LinearLayer, Tensor } from '../../graph/index.ts'
import type { QwenVLConfig } from '../../model/index.ts'
import type { Runtime, Session, TensorValue } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import type { Batch, StepData } from '../data/batch.ts'
import { batchFeeds, pictureFeeds, type Supervised, supervisedPositions } from './feeds.ts'
import { FrozenEyes } from './frozenEyes.ts'
import type { GradientMemory, Objective, SampleLoss } from './objective.ts'
import {
  type Cut,
  cutFor,
  entryShape,
  logitSlices,
  type Purpose,
  type StepGraphOptions,
  stepGraph,
} from './stepGraph.ts'

export interface QwenVLObjectiveOptions {
  readonly runtime: Runtime
  readonly config: QwenVLConfig
  /** Holds the values of everything in `trained`. */
  readonly memory: GradientMemory<TensorValue>
  readonly trained: readonly string[]
  /** Gives the frozen weights. */
  readonly load: WeightLoader
  /** Pixels a side of pictures. */
  readonly size: number
  /** Positions of a batch at most. */
  readonly positions: number
  /** Compute the activations of each block twice instead of keeping them. */
  readonly recompute?: boolean
  /** How linear layers are made; `seed` is there in training, for dropout. */
  readonly linear?: (seed: Tensor | undefined) => LinearLayer
  /** Folder for what the frozen part makes of pictures. */
  readonly cache?: string
  /** Whether pictures are to be expected (default true). */
  readonly pictures?: boolean
}

/** The graph for batches without pictures, for each of the others. */
const blind = { step: 'blindStep', losses: 'blindLosses' } as const

export class QwenVLObjective implements Objective<StepData> {
  readonly #options: QwenVLObjectiveOptions
  readonly #cut: Cut
  readonly #described: StepGraphOptions
  readonly #eyes: FrozenEyes | undefined
  readonly #sessions = new Map<Purpose, Promise<Session>>()

  private constructor(options: QwenVLObjectiveOptions) {
    this.#options = options
    this.#cut = cutFor(options.trained)
    const device = options.runtime.device
    this.#described = { ...options, recompute: options.recompute ?? false, cut: this.#cut, device }
    if (this.#cut !== 'pixels') {
      const { linear: made, ...rest } = options
      this.#eyes = new FrozenEyes({ ...rest, cut: this.#cut, ...(made && { linear: made(undefined) }) })
    }
  }

  /** Opens the session of training. Rejects as `Runtime.openSession` does. */
  static async open(options: QwenVLObjectiveOptions): Promise<QwenVLObjective> {
    const objective = new QwenVLObjective(options)
    await objective.#session(options.pictures === false ? 'blindStep' : 'step')
    return objective
  }

  async gradients(step: StepData, seed: number): Promise<readonly SampleLoss[]> {
    const { memory } = this.#options
    const losses: SampleLoss[] = []
    for (const [i, batch] of step.batches.entries()) {
      losses.push(...(await this.#run('step', batch, 1 / step.tokens, seed + i)))
      if (step.batches.length > 1) memory.accumulate()
    }
    return losses
  }

  async losses(step: StepData): Promise<readonly SampleLoss[]> {
    const losses: SampleLoss[] = []
    for (const batch of step.batches) losses.push(...(await this.#run('losses', batch, 0, 0)))
    return losses
  }

  async #run(purpose: keyof typeof blind, batch: Batch, share: number, seed: number): Promise<SampleLoss[]> {
    const { config, memory, positions } = this.#options
    const isBlind = batch.pictures.length === 0
    const session = await this.#session(isBlind ? blind[purpose] : purpose)
    const supervised = supervisedPositions(batch)
    const slices = logitSlices(positions, config)
    const feeds: Record<string, TensorValue> = {
      ...memory.parameters,
      ...batchFeeds(batch, supervised, share, slices, config),
      ...(isBlind ? {} : await this.#pictures(batch)),
      seed: tensorValue('int64', [], [seed]),
    }
    const wanted = Object.fromEntries(session.inputs.map(({ name }) => [name, feeds[name] as TensorValue]))
    const into = purpose === 'step' ? { into: this.#targets(session) } : {}
    const { losses } = await session.run(wanted, into)
    return lossesBySample(batch, supervised, (losses as TensorValue<'float32'>).data)
  }

  /** Where a session leaves its gradients. What has no part in it (the visual side of a text) gets zeros. */
  #targets(session: Session): Record<string, TensorValue> {
    const made = new Set(session.outputs.map(({ name }) => name))
    const entries = Object.entries(this.#options.memory.gradients)
    for (const [name, { data }] of entries) if (!made.has(name)) (data as Float32Array).fill(0)
    return Object.fromEntries(entries.filter(([name]) => made.has(name)))
  }

  async #pictures(batch: Batch): Promise<Record<string, TensorValue>> {
    const { config, size } = this.#options
    const entries = this.#eyes
      ? await this.#eyes.see(batch.pictures)
      : batch.pictures.map(({ pixels }) => pixels as Float32Array)
    return pictureFeeds(batch, entries, entryShape(this.#cut, size, config), config.visual.n_queries)
  }

  #session(purpose: Purpose): Promise<Session> {
    const opened = this.#sessions.get(purpose) ?? this.#open(purpose)
    this.#sessions.set(purpose, opened)
    return opened
  }

  async #open(purpose: Purpose): Promise<Session> {
    const graph = stepGraph(this.#described, purpose)
    const wanted = graph.weights.map(({ name, shape, type }) => ({ name, type, shape: shape as readonly number[] }))
    return this.#options.runtime.openSession(graph, {
      weights: await this.#options.load(wanted),
      planMemory: false,
    })
  }

  async dispose(): Promise<void> {
    for (const opened of await Promise.allSettled(this.#sessions.values())) {
      if (opened.status === 'fulfilled') await opened.value.dispose()
    }
    this.#sessions.clear()
    await this.#eyes?.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}

/** Adds up the losses of a batch by sample: both stand in the order of positions. */
function lossesBySample(batch: Batch, supervised: readonly Supervised[], losses: Float32Array): SampleLoss[] {
  const samples = [...batch.samples].sort((a, b) => a.row - b.row || a.start - b.start)
  let next = 0
  return samples.map(({ id, task, row, end }) => {
    const last = row * batch.length + end
    let total = 0
    let tokens = 0
    for (; next < supervised.length && (supervised[next] as Supervised).at + 1 < last; next++, tokens++)
      total += losses[next] as number
    return { id, task, sum: total, tokens }
  })
}
