/**
 * The loop: data, gradients, update, and what is told of it. Knows no model: what is trained is a Subject. Every process
 * of a run goes through it in step; the first one writes.
 */
import type { EvaluationEvent, StepEvent, TrainingEvent } from '../events.ts'
import type { SampleLoss } from '../objective/objective.ts'
import { learningRateAt } from '../optimiser/schedule.ts'
import { exchange } from '../parallel/exchange.ts'
import type { Processes } from '../parallel/processes.ts'
import { type Recipe, warmupSteps } from '../recipe/recipe.ts'
import { Diagnosis } from './diagnosis.ts'
import type { RunState, Snapshots } from './snapshots.ts'
import type { Loader, StepFacts, Subject } from './subject.ts'
import { tally } from './tally.ts'

export interface LoopOptions<Step extends StepFacts> {
  readonly recipe: Recipe
  /** The recipe as text, for snapshots. */
  readonly written: string
  readonly subject: Subject<Step>
  readonly processes: Processes
  readonly snapshots: Snapshots
  /** Where the run stands; step 0 for a new one. */
  readonly state: RunState
  readonly signal?: AbortSignal | undefined
}

/** The data of a step, and when waiting for it began (`performance.now`). */
interface Waited<Step> {
  readonly data: Step
  readonly begun: number
}

/** How a loop ended: at the last step, or because it was told to. */
export type LoopEnd = 'finished' | 'cancelled'

export class Loop<Step extends StepFacts> {
  readonly #options: LoopOptions<Step>
  readonly #diagnosis = new Diagnosis()
  /** What is to be told as soon as the step is done. */
  readonly #news: TrainingEvent[] = []
  readonly #missed = new Set<string>()
  readonly #refused: { sample: string; reason: string }[] = []
  #state: RunState
  /** The step of the last snapshot. */
  #saved: number

  constructor(options: LoopOptions<Step>) {
    this.#options = options
    this.#state = options.state
    this.#saved = options.state.step
  }

  get state(): RunState {
    return this.#state
  }

  /** Runs to the last step. A cancelled run writes a snapshot first. */
  async *run(): AsyncGenerator<TrainingEvent, LoopEnd> {
    const { subject } = this.#options
    const loader = await subject.openData({ position: this.#state.position, onRefused: this.#refuse })
    try {
      while (this.#state.step < this.#state.steps) {
        if (await this.#isCancelled()) {
          yield* this.#save()
          return 'cancelled'
        }
        const data = await this.#next(loader)
        if (!data) {
          await this.#countRefused()
          break
        }
        const event = await this.#step(data)
        yield* this.#news.splice(0)
        if (!event) continue
        yield event
        yield* this.#whatIsDue()
      }
      yield* this.#news.splice(0)
      yield* this.#save() // where the data ended before it was expected to
      return 'finished'
    } finally {
      await loader.dispose()
    }
  }

  readonly #refuse = (sample: string, reason: string) => {
    this.#refused.push({ sample, reason })
  }

  /** The same samples come in every evaluation: each is told once. */
  readonly #missInEvaluation = (sample: string, reason: string) => {
    const message = `the evaluation goes without ${sample}: ${reason}`
    if (this.#missed.has(message)) return
    this.#missed.add(message)
    this.#news.push({ type: 'warning', time: Date.now(), step: this.#state.step, message })
  }

  /**
   * Counts what was refused on any process. What is known before pictures are opened all of them refuse, and a picture
   * that is broken only the one that opens it: so what several tell is one thing.
   */
  async #countRefused(): Promise<void> {
    const told = await exchange(this.#options.processes, JSON.stringify(this.#refused.splice(0)))
    const lists = told.map(text => JSON.parse(text) as { sample: string; reason: string }[])
    const [own = [], ...others] = lists
    const all = [...own]
    for (const list of others) {
      const known = all.map(({ sample, reason }) => `${sample}: ${reason}`)
      for (const each of list) {
        const at = known.indexOf(`${each.sample}: ${each.reason}`)
        if (at < 0) all.push(each)
        else known.splice(at, 1)
      }
    }
    for (const { sample, reason } of all) {
      const count = this.#state.refused + 1
      this.#state = { ...this.#state, refused: count }
      this.#news.push({ type: 'refused', time: Date.now(), sample, reason, count })
    }
  }

  /** All processes stop together, whichever was told to. */
  async #isCancelled(): Promise<boolean> {
    const flag = new Float32Array([this.#options.signal?.aborted ? 1 : 0])
    await this.#options.processes.allReduce(flag, 'max')
    return flag[0] === 1
  }

  async #next(loader: Loader<Step>): Promise<Waited<Step> | undefined> {
    const begun = performance.now()
    const data = await loader.next()
    return data && { data, begun }
  }

  /** One step; undefined for data of which nothing was left to learn, which makes none. */
  async #step({ data, begun }: Waited<Step>): Promise<StepEvent | undefined> {
    const { recipe, subject, processes } = this.#options
    const fed = performance.now()
    const step = this.#state.step + 1
    const losses = await subject.objective.gradients(data, seedOf(recipe, step, processes))
    const computed = performance.now()
    const lost = await tally(losses, processes)
    await this.#countRefused()
    if (lost.tokens === 0) {
      this.#state = { ...this.#state, position: data.position }
      return undefined
    }
    this.#diagnosis.lookAtLosses(step, losses, lost.loss)
    const learningRate = this.#rate(step)
    const { norm } = await subject.optimiser.step(learningRate)
    const warning = this.#diagnosis.lookAtGradient(step, losses, norm)
    if (warning) this.#news.push({ type: 'warning', time: Date.now(), step, message: warning })
    subject.afterStep?.()
    const done = performance.now()
    this.#state = { ...this.#state, step, position: data.position }
    const { positions, pictures } = subject.sizeOf(data)
    return {
      type: 'step',
      time: Date.now(),
      step,
      loss: lost.loss,
      tasks: lost.tasks,
      learningRate,
      gradientNorm: norm,
      samples: data.samples,
      positions: positions * processes.size,
      tokens: data.tokens,
      pictures: pictures * processes.size,
      milliseconds: done - begun,
      waiting: fed - begun,
      computing: computed - fed,
      optimising: done - computed,
      memory: process.memoryUsage.rss(),
      epoch: data.epoch,
    }
  }

  #rate(step: number): number {
    const { optimiser, schedule, ...rest } = this.#options.recipe
    const { steps } = this.#state
    const warmup = warmupSteps({ ...rest, schedule }, steps)
    const { shape, floor } = schedule
    return learningRateAt(step, { shape, floor, warmup, steps, peak: optimiser.learningRate })
  }

  async *#whatIsDue(): AsyncGenerator<TrainingEvent> {
    const { recipe } = this.#options
    const { step, steps } = this.#state
    const { evaluation, checkpoints } = recipe
    const isEvaluated = evaluation && (step % evaluation.every === 0 || step === steps)
    const evaluated = isEvaluated ? await this.#evaluate() : undefined
    if (evaluated) yield evaluated
    const isBest = evaluation?.keepBest && evaluated?.best
    if (isBest || step === steps || step % checkpoints.every === 0) yield* this.#save()
  }

  async #evaluate(): Promise<EvaluationEvent> {
    const { subject, processes } = this.#options
    const loader = await subject.openEvaluation({ onRefused: this.#missInEvaluation })
    const losses: SampleLoss[] = []
    try {
      for (let data = await loader.next(); data; data = await loader.next()) {
        losses.push(...(await subject.objective.losses(data)))
      }
    } finally {
      await loader.dispose()
    }
    const { step, best } = this.#state
    const lost = await tally(losses, processes)
    this.#diagnosis.lookAtEvaluation(step, losses, lost)
    const { loss, tasks } = lost
    const isBest = !best || loss < best.loss
    if (isBest) this.#state = { ...this.#state, best: { loss, step } }
    const measures = await subject.measures?.()
    return { type: 'evaluation', time: Date.now(), step, loss, tasks, best: isBest, ...(measures && { measures }) }
  }

  async *#save(): AsyncGenerator<TrainingEvent> {
    const { step, best } = this.#state
    if (step === this.#saved || step === 0) return
    const { recipe, subject, snapshots, processes, written } = this.#options
    this.#diagnosis.lookAtParameters(step, subject.optimiser.parameters)
    const begun = performance.now()
    const path = await snapshots.save({
      state: { ...this.#state, recipe: written },
      companions: subject.companions,
      bytes: subject.snapshotBytes,
      writeWeights: folder => subject.writeSnapshot(folder),
      writeOptimiser: async folder => void (await subject.optimiser.saveState(folder)),
    })
    this.#saved = step
    const { keep, keepEvery } = recipe.checkpoints
    const also = recipe.evaluation?.keepBest && best ? [best.step] : []
    if (processes.rank === 0) await snapshots.prune({ keep, also, ...(keepEvery && { keepEvery }) })
    const milliseconds = performance.now() - begun
    yield { type: 'checkpoint', time: Date.now(), step, path, bytes: subject.snapshotBytes, milliseconds }
  }
}

/** Another number for each step and process: of dropout. Parts of a step count on from it. */
function seedOf({ seed, accumulation }: Recipe, step: number, { rank, size }: Processes): number {
  return ((seed * 1_000_003 + step) * size + rank) * accumulation
}
