/**
 * The curves of a run: its events as columns, one entry for each step. A run that was resumed repeats steps, and the
 * later time counts: whatever begins again at a step takes away what was there from that step on. Knows no file and
 * draws nothing.
 */
import type {
  CheckpointEvent,
  EndEvent,
  EvaluationEvent,
  RefusedEvent,
  SampleEvent,
  StartEvent,
  StepEvent,
  TrainingEvent,
  WarningEvent,
} from '../events.ts'
import { Pace } from './pace.ts'

/** Most tasks that are told apart; those that come later are left out. */
export const mostTasks = 64

/** Most refused samples and warnings that are kept, the latest. */
const mostRemarks = 50

/** Columns that every step has. */
export const columnNames = [
  'loss',
  'learningRate',
  'gradientNorm',
  'tokensPerSecond',
  'memory',
  'waiting',
  'computing',
  'optimising',
] as const

export type ColumnName = (typeof columnNames)[number]

/**
 * - `loss` in nats, `gradientNorm` before clipping, `memory` in bytes
 * - `tokensPerSecond`: positions that were computed, over the whole step's time
 * - `waiting`, `computing`, `optimising`: parts of the step's time, 0 to 1
 */
export type Columns = { readonly [Name in ColumnName]: number[] }

/** What has become of a run. `waiting`: nothing was heard of it yet. */
export type RunState = 'waiting' | 'running' | EndEvent['reason']

/** The curves of one run. Filled by `add`, event by event; all columns have as many entries as `step`. */
export class RunCurves {
  /** Ascending. */
  readonly step: number[] = []
  readonly columns: Columns = {
    loss: [],
    learningRate: [],
    gradientNorm: [],
    tokensPerSecond: [],
    memory: [],
    waiting: [],
    computing: [],
    optimising: [],
  }
  /** Loss of each task, NaN where a step had nothing of it. At most 64 tasks. */
  readonly tasks = new Map<string, number[]>()
  /** Ascending by step, as are the checkpoints. */
  readonly evaluations: EvaluationEvent[] = []
  readonly checkpoints: CheckpointEvent[] = []
  /** The latest. */
  readonly refused: RefusedEvent[] = []
  readonly warnings: WarningEvent[] = []
  /** Samples that were left out, in all. */
  refusedCount = 0
  /** The latest start: name, sizes, number of steps. */
  start: StartEvent | undefined
  /** The first sample, as the model got it. */
  sample: SampleEvent | undefined
  /** The latest step. */
  last: StepEvent | undefined
  end: EndEvent | undefined
  /** Steps after which the run was resumed. */
  readonly resumed: number[] = []
  /** Time of the latest event, in milliseconds since 1970. */
  time: number | undefined
  readonly #pace = new Pace()

  get state(): RunState {
    return this.end?.reason ?? (this.time === undefined ? 'waiting' : 'running')
  }

  /** Milliseconds until the last step; undefined if nothing can be said, or the run has ended. */
  get timeLeft(): number | undefined {
    if (this.end || !this.start) return undefined
    return this.#pace.timeLeft(this.start.steps)
  }

  /** Takes an event. Gives the step from which on all entries are new: whoever has copies throws away from there. */
  add(event: TrainingEvent): number {
    this.time = event.time
    switch (event.type) {
      case 'start': {
        const first = event.from + 1
        this.start = event
        this.end = undefined
        this.#pace.begin(event.from, event.time)
        this.#forget(first)
        while ((this.resumed.at(-1) ?? -1) >= event.from) this.resumed.pop()
        if (event.from > 0) this.resumed.push(event.from)
        else this.#forgetRemarks()
        return first
      }
      case 'sample':
        this.sample = event
        break
      case 'step':
        if (event.step <= (this.step.at(-1) ?? 0)) this.#forget(event.step)
        this.end = undefined
        this.#pace.add(event.step, event.time)
        this.#append(event)
        return event.step
      case 'evaluation':
        while ((this.evaluations.at(-1)?.step ?? -1) >= event.step) this.evaluations.pop()
        this.evaluations.push(event)
        break
      case 'checkpoint':
        while ((this.checkpoints.at(-1)?.step ?? -1) >= event.step) this.checkpoints.pop()
        this.checkpoints.push(event)
        break
      case 'refused':
        this.refusedCount = event.count
        keepLatest(this.refused, event)
        break
      case 'warning':
        keepLatest(this.warnings, event)
        break
      case 'end':
        this.end = event
        break
      default:
        event satisfies never
    }
    return (this.step.at(-1) ?? 0) + 1
  }

  #append(event: StepEvent): void {
    const { step, columns } = this
    const share = (part: number) => part / event.milliseconds
    const row: Record<ColumnName, number> = {
      loss: event.loss,
      learningRate: event.learningRate,
      gradientNorm: event.gradientNorm,
      tokensPerSecond: (1000 * event.positions) / event.milliseconds,
      memory: event.memory,
      waiting: share(event.waiting),
      computing: share(event.computing),
      optimising: share(event.optimising),
    }
    const before = step.length
    step.push(event.step)
    for (const name of columnNames) columns[name].push(row[name])
    for (const name of Object.keys(event.tasks)) {
      if (!this.tasks.has(name) && this.tasks.size < mostTasks) this.tasks.set(name, Array(before).fill(Number.NaN))
    }
    for (const [name, losses] of this.tasks) {
      losses.push(Object.hasOwn(event.tasks, name) ? (event.tasks[name]?.loss ?? Number.NaN) : Number.NaN)
    }
    this.last = event
  }

  /** Takes away what was at a step and after it. */
  #forget(first: number): void {
    while ((this.step.at(-1) ?? -1) >= first) {
      this.step.pop()
      for (const name of columnNames) this.columns[name].pop()
      for (const losses of this.tasks.values()) losses.pop()
    }
    while ((this.evaluations.at(-1)?.step ?? -1) >= first) this.evaluations.pop()
    while ((this.checkpoints.at(-1)?.step ?? -1) >= first) this.checkpoints.pop()
    if (this.last && this.last.step >= first) this.last = undefined
  }

  #forgetRemarks(): void {
    this.refused.length = 0
    this.warnings.length = 0
    this.refusedCount = 0
    this.sample = undefined
    this.tasks.clear()
  }
}

function keepLatest<Remark>(list: Remark[], remark: Remark): void {
  list.push(remark)
  if (list.length > mostRemarks) list.shift()
}

/**
 * The curves of all these events.
 *
 * @example
 * const { step, columns } = await curvesOf(readLog('runs/street/events.jsonl'))
 */
export async function curvesOf(events: Iterable<TrainingEvent> | AsyncIterable<TrainingEvent>): Promise<RunCurves> {
  const curves = new RunCurves()
  for await (const event of events) curves.add(event)
  return curves
}
