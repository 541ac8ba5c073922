/** What a run trains, put together from its recipe, as the loop sees it. One implementation per kind of objective. */
import type { Objective } from '../objective/objective.ts'
import type { Optimiser } from '../optimiser/optimiser.ts'
import type { Companions } from './origin.ts'

/** What the loop must know of a step's data, whatever else is in it. */
export interface StepFacts {
  /** Supervised tokens (contrastive: pairs) and samples of the whole step, over all processes. */
  readonly tokens: number
  readonly samples: number
  readonly epoch: number
  readonly position: unknown
}

/** What this process computes of a step. */
export interface StepSize {
  /** Tokens computed, padding included. */
  readonly positions: number
  readonly pictures: number
}

export interface Loader<Step> {
  /** The next step, or undefined at the end of the data. */
  next(signal?: AbortSignal): Promise<Step | undefined>
  dispose(): Promise<void>
}

export interface LoaderOptions {
  /** Goes on behind the step whose `position` this is. */
  readonly position?: unknown
  readonly onRefused: (sample: string, reason: string) => void
}

export interface Subject<Step extends StepFacts = StepFacts> {
  readonly objective: Objective<Step>
  readonly optimiser: Optimiser
  /** Parameters of the whole model. */
  readonly parameters: number
  /** Files that stand beside the weights in a snapshot. */
  readonly companions: Companions
  /** About how many bytes a snapshot takes. */
  readonly snapshotBytes: number
  /** Steps that the recipe asks for; passes over the data are counted. */
  steps(): Promise<number>
  openData(options: LoaderOptions): Promise<Loader<Step>>
  /** The data of one evaluation: the same each time. */
  openEvaluation(options: LoaderOptions): Promise<Loader<Step>>
  /** What else was measured since `openEvaluation`, over all processes. */
  measures?(): Promise<Readonly<Record<string, number>>>
  sizeOf(step: Step): StepSize
  /** The first sample as a person reads it, with what is supervised marked; undefined where there is none to show. */
  firstSample(): Promise<{ readonly id: string; readonly text: string } | undefined>
  /** Called after each update of the parameters. */
  afterStep?(): void
  writeSnapshot(folder: string): Promise<void>
  /** Takes the trained weights of a snapshot. */
  restore(folder: string): Promise<void>
  /** Writes the finished model or adapter into the run's folder, and gives its path. */
  writeFinished(signal?: AbortSignal): Promise<string>
  dispose(): Promise<void>
}

/** The beginning of a loader's data: steps until so many samples were given. */
export function firstSamples<Step extends StepFacts>(loader: Loader<Step>, samples: number): Loader<Step> {
  let seen = 0
  return {
    async next(signal) {
      const step = seen < samples ? await loader.next(signal) : undefined
      seen += step?.samples ?? 0
      return step
    },
    dispose: () => loader.dispose(),
  }
}

/** How many numbers tensors of these shapes hold. */
export const countNumbers = (shapes: Iterable<readonly number[]>): number =>
  [...shapes].reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0)
