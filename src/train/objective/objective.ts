/**
 * What a training run minimises: for the data of one step, the gradients of the mean loss, left in the optimiser's
 * memory. The loop knows nothing else of models; each objective is one implementation.
 */

/** The loss of one sample: the sum over what is supervised in it, in nats, and how many that is. */
export interface SampleLoss {
  readonly id: string
  readonly task: string
  readonly sum: number
  readonly tokens: number
}

export interface Objective<Step> extends AsyncDisposable {
  /**
   * Computes this process's part of a step. Afterwards the optimiser holds the sum of its gradients of the step's mean
   * loss, over all processes' supervised tokens. `seed` is another for every step and process: of dropout.
   */
  gradients(step: Step, seed: number): Promise<readonly SampleLoss[]>
  /** The losses alone. */
  losses(step: Step): Promise<readonly SampleLoss[]>
  dispose(): Promise<void>
}

/** Where an objective leaves gradients: the optimiser, as far as an objective knows it. */
export interface GradientMemory<Value> {
  /** By parameter, to be fed. */
  readonly parameters: Readonly<Record<string, Value>>
  /** By `d.` and the parameter's name, to be filled. */
  readonly gradients: Readonly<Record<string, Value>>
  /** Adds what was filled in to the sum of this step. */
  accumulate(): void
}
