/**
 * Whether a recipe can learn at all: one batch, learnt again and again, whose loss has to come down. Finds what neither
 * the recipe's checks nor the first steps of a run show: a learning rate of nothing, labels that say nothing, parts that
 * are frozen. Writes nothing but the features of pictures, which training uses then.
 */
import { openRuntime } from '../runtime/node.ts'
import { singleProcess } from './parallel/processes.ts'
import type { Recipe } from './recipe/index.ts'
import { TrainingError } from './run/diagnosis.ts'
import { openSubject } from './run/openSubject.ts'
import type { Loader, StepFacts } from './run/subject.ts'
import { tally } from './run/tally.ts'
import type { TrainOptions } from './train.ts'

/** Steps on the one batch, and the part of its loss that has to be gone by then. */
const STEPS = 12
const WANTED = 0.05
/** A change as small as this is none. */
const STILL = 0.005

export interface SelfTest {
  /** Of the batch before each step, and after the last. */
  readonly losses: readonly number[]
  readonly learns: boolean
  readonly verdict: string
}

/** Learns the first step's data over and over, at the recipe's full learning rate. Throws as `train` does. */
export async function selfTest(recipe: Recipe, options: Omit<TrainOptions, 'fresh'> = {}): Promise<SelfTest> {
  const { processes = singleProcess, device = 'cpu', threads, signal } = options
  await using runtime = await openRuntime({ device, thread: 'caller', ...(threads !== undefined && { threads }) })
  const subject = await openSubject(recipe, runtime, processes)
  let loader: Loader<StepFacts> | undefined
  try {
    loader = await subject.openData({ onRefused: () => {} })
    const data = await loader.next(signal)
    if (!data) throw new TrainingError('the data gives not one step: see --check-data')
    const losses: number[] = []
    let norm = Number.NaN
    for (let step = 0; step < STEPS; step++) {
      signal?.throwIfAborted()
      losses.push((await tally(await subject.objective.gradients(data, recipe.seed), processes)).loss)
      norm = (await subject.optimiser.step(recipe.optimiser.learningRate)).norm
      subject.afterStep?.()
      if (!Number.isFinite(norm) || norm === 0) break
    }
    losses.push((await tally(await subject.objective.losses(data), processes)).loss)
    return { losses, ...judge(losses, norm) }
  } finally {
    await loader?.dispose()
    await subject.dispose()
  }
}

function judge(losses: readonly number[], norm: number): { learns: boolean; verdict: string } {
  const [first = 0, last = 0] = [losses[0], losses.at(-1)]
  const gone = 1 - last / first
  if (!Number.isFinite(norm) || !Number.isFinite(last))
    return { learns: false, verdict: 'the loss or its gradient is no number: lower optimiser.learningRate' }
  if (norm === 0)
    return { learns: false, verdict: 'the gradient is zero: nothing that is trained has a part in this loss' }
  const percent = `${(100 * Math.abs(gone)).toFixed(1)}%`
  if (gone >= WANTED) return { learns: true, verdict: `it learns: ${percent} of the loss is gone after ${STEPS} steps` }
  if (gone < -STILL) {
    const verdict = `the loss has grown by ${percent} after ${STEPS} steps: lower optimiser.learningRate`
    return { learns: false, verdict }
  }
  const why = 'the learning rate is too low, or too little is trained'
  return { learns: false, verdict: `only ${percent} of the loss is gone after ${STEPS} steps: ${why}` }
}
