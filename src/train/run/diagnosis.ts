/**
 * Why a run is bad, said as soon as it can be known: numbers that are none, gradients of zero. Looks at what a step
 * gave, and computes nothing.
 */
import type { SampleLoss } from '../objective/objective.ts'
import type { Tally } from './tally.ts'

/** Training that cannot go on: why, at which step, and what to do. */
export class TrainingError extends Error {
  override readonly name = 'TrainingError'
}

/** So many steps in a row without any gradient end a run. */
const ZERO_STEPS = 3

export class Diagnosis {
  #zeros = 0

  /** Throws a TrainingError for losses that are not finite, naming the samples. `all` is the mean over all processes. */
  lookAtLosses(step: number, losses: readonly SampleLoss[], all: number): void {
    if (Number.isFinite(all)) return
    throw new TrainingError(
      `step ${step}: the loss of ${whose(losses)} is not a number. Nothing was changed by this step. ` +
        'Look at the sample with --check-data; if it is good, lower the learning rate, or clip gradients (optimiser.clip)',
    )
  }

  /** Throws a TrainingError for an evaluation whose loss is not finite, or that had nothing to evaluate. */
  lookAtEvaluation(
    step: number,
    losses: readonly SampleLoss[],
    { loss, tokens }: Pick<Tally, 'loss' | 'tokens'>,
  ): void {
    if (tokens === 0) {
      throw new TrainingError(
        `the evaluation after step ${step} has no supervised token: look at evaluation.data with --check-data, or leave evaluation out`,
      )
    }
    if (Number.isFinite(loss)) return
    throw new TrainingError(
      `step ${step}: the loss of ${whose(losses)} in the evaluation is not a number, so the model is of no use any more. ` +
        'Lower the learning rate, and begin with an earlier checkpoint',
    )
  }

  /** Throws a TrainingError for parameters that are not finite: they are not to be kept as a checkpoint. */
  lookAtParameters(step: number, parameters: Readonly<Record<string, { readonly data: ArrayLike<number> }>>): void {
    for (const [name, { data }] of Object.entries(parameters)) {
      let sum = 0
      for (let i = 0; i < data.length; i++) sum += 0 * (data[i] as number) // 0, or not a number from then on
      if (sum === 0) continue
      throw new TrainingError(
        `step ${step}: ${name} is not finite after the update, so no checkpoint of it is kept. Lower the learning rate, and begin with an earlier checkpoint`,
      )
    }
  }

  /**
   * Gives what there is to be warned of. Throws a TrainingError for a gradient that is not finite, and after several
   * steps without one.
   */
  lookAtGradient(step: number, losses: readonly SampleLoss[], norm: number): string | undefined {
    if (!Number.isFinite(norm)) {
      throw new TrainingError(
        `step ${step}: the gradient is not finite, though the losses of ${listed(losses)} are. ` +
          'Nothing was changed by this step. Lower the learning rate, or begin again from an earlier checkpoint',
      )
    }
    if (norm > 0) {
      this.#zeros = 0
      return undefined
    }
    this.#zeros++
    const reason =
      'the gradient is zero: nothing that is trained has a part in the loss (texts without pictures, where only the visual side is trained), or the model has saturated'
    if (this.#zeros < ZERO_STEPS) return `step ${step}: ${reason}`
    throw new TrainingError(`steps ${step - ZERO_STEPS + 1} to ${step}: ${reason}`)
  }
}

const NAMED = 5

/** The samples whose losses are not finite. */
function whose(losses: readonly SampleLoss[]): string {
  const broken = losses.filter(({ sum }) => !Number.isFinite(sum))
  return broken.length > 0 ? listed(broken) : 'a sample of another process'
}

function listed(losses: readonly SampleLoss[]): string {
  const names = losses.slice(0, NAMED).map(({ id }) => `"${id}"`)
  const rest = losses.length - names.length
  return `sample${losses.length > 1 ? 's' : ''} ${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
