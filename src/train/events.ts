/**
 * What a training run tells, as it goes: a stream of these, and a log with one line of JSON for each. The progress bar,
 * the dashboard and the plots are readers of it. After a resumption steps may come again; the later one counts.
 */

/** Mean loss over the supervised tokens (for contrastive training: pictures and texts) of one task, in nats. */
export interface TaskLoss {
  readonly loss: number
  readonly tokens: number
}

export interface StartEvent {
  readonly type: 'start'
  /** Milliseconds since 1970. */
  readonly time: number
  readonly name: string
  readonly objective: 'qwen-vl' | 'language' | 'contrastive'
  /** All parameters of the model, and those that are trained (with LoRA: the adapter's). */
  readonly parameters: number
  readonly trained: number
  /** Step after which the run goes on: 0 for a new one. */
  readonly from: number
  readonly steps: number
  readonly processes: number
}

/** The first sample of a new run as the model gets it, with what is learnt in `[[…]]`: a look at what is taught. */
export interface SampleEvent {
  readonly type: 'sample'
  readonly time: number
  readonly sample: string
  readonly text: string
}

export interface StepEvent {
  readonly type: 'step'
  readonly time: number
  /** Counts from 1. */
  readonly step: number
  readonly loss: number
  readonly tasks: Readonly<Record<string, TaskLoss>>
  readonly learningRate: number
  /** Before clipping. */
  readonly gradientNorm: number
  readonly samples: number
  /** Positions that were computed and supervised ones. */
  readonly positions: number
  readonly tokens: number
  readonly pictures: number
  /** Of the whole step, waiting for data included. */
  readonly milliseconds: number
  /** Parts of it. */
  readonly waiting: number
  readonly computing: number
  readonly optimising: number
  /** Bytes that the process holds. */
  readonly memory: number
  /** Passes over the data so far, of the source that has gone farthest. */
  readonly epoch: number
}

export interface EvaluationEvent {
  readonly type: 'evaluation'
  readonly time: number
  readonly step: number
  readonly loss: number
  readonly tasks: Readonly<Record<string, TaskLoss>>
  readonly best: boolean
  /** What else was measured, such as the share of pictures that found their text. */
  readonly measures?: Readonly<Record<string, number>>
}

export interface CheckpointEvent {
  readonly type: 'checkpoint'
  readonly time: number
  readonly step: number
  readonly path: string
  readonly bytes: number
  readonly milliseconds: number
}

/** A sample that could not be used, and was left out. */
export interface RefusedEvent {
  readonly type: 'refused'
  readonly time: number
  readonly sample: string
  readonly reason: string
  /** How many so far. */
  readonly count: number
}

export interface WarningEvent {
  readonly type: 'warning'
  readonly time: number
  readonly step: number
  readonly message: string
}

export interface EndEvent {
  readonly type: 'end'
  readonly time: number
  readonly step: number
  readonly reason: 'finished' | 'cancelled' | 'failed'
  readonly message?: string
  /** The folder of the finished model or adapter. */
  readonly model?: string
}

export type TrainingEvent =
  | StartEvent
  | SampleEvent
  | StepEvent
  | EvaluationEvent
  | CheckpointEvent
  | RefusedEvent
  | WarningEvent
  | EndEvent
