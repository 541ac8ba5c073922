/** A training step of this project, put together as a run does it, without its data: what is measured. */
import { openRuntime, tensorValue } from '../../src/runtime/node.ts'
import type { StepData } from '../../src/train/data/batch.ts'
import { QwenVLObjective } from '../../src/train/objective/qwenVL.ts'
import { parameterGroups } from '../../src/train/optimiser/groups.ts'
import { Optimiser } from '../../src/train/optimiser/optimiser.ts'
import type { Processes } from '../../src/train/parallel/processes.ts'
import { initialValues } from '../../src/train/run/initialise.ts'
import type { Stage } from '../../src/train/stages.ts'
import { adamW, batchSize, LEARNING_RATE, modelConfig, rowsOf, shapes, supervisedTokens, trainedIn } from './work.ts'

export interface StepOptions {
  readonly stage: Stage
  /** Pictures come as what the frozen part makes of them. */
  readonly isCached: boolean
  readonly threads: number
}

/** Milliseconds of a step and of its parts. */
export interface StepParts {
  readonly whole: number
  /** Norm, clipping and AdamW, without what follows. */
  readonly optimiser: number
  /** Between processes: gradients added up, parameters gathered. */
  readonly exchange: number
  /** Until the slowest process has its gradients. */
  readonly waiting: number
}

/** Opens the model of a stage with random values. The processes share the rows of the batch. */
export async function openStep({ stage, isCached, threads }: StepOptions, processes: Processes) {
  const clock = { exchange: 0 }
  const trained = trainedIn(stage)
  const groups = parameterGroups(shapes, trained, {}, modelConfig.visual.layers)
  const optimiser = new Optimiser(groups, adamW, clocked(processes, clock))
  const values = (name: string, shape: readonly number[]) => initialValues(name, shape, modelConfig, 1)
  for (const { name, shape } of groups) optimiser.parameters[name]?.data.set(values(name, shape))
  const [first, end] = [processes.rank, processes.rank + 1].map(rank => (batchSize.rows * rank) / processes.size) as [
    number,
    number,
  ]
  const batch = rowsOf(first, end, stage, isCached)
  const data: StepData = {
    batches: [batch],
    tokens: supervisedTokens,
    samples: batchSize.rows,
    epoch: 0,
    position: null,
  }
  const runtime = await openRuntime({ threads, thread: 'caller' })
  const objective = await QwenVLObjective.open({
    runtime,
    config: modelConfig,
    memory: optimiser,
    trained,
    load: async wanted =>
      Object.fromEntries(
        wanted.map(({ name, shape }) => [name, tensorValue('float32', shape, values(name, shape))] as const),
      ),
    size: batchSize.size,
    positions: batch.rows * batch.length,
  })
  return async (): Promise<StepParts> => {
    clock.exchange = 0
    const start = performance.now()
    await objective.gradients(data, 1)
    const computed = performance.now()
    await processes.barrier()
    const together = performance.now()
    await optimiser.step(LEARNING_RATE)
    const done = performance.now()
    return {
      whole: done - start,
      waiting: together - computed,
      exchange: clock.exchange,
      optimiser: done - together - clock.exchange,
    }
  }
}

/** The same processes, with the time that their operations take. */
function clocked(processes: Processes, clock: { exchange: number }): Processes {
  const timed =
    <Arguments extends unknown[]>(operation: (...values: Arguments) => Promise<void>) =>
    async (...values: Arguments) => {
      const start = performance.now()
      await operation(...values)
      clock.exchange += performance.now() - start
    }
  return {
    rank: processes.rank,
    size: processes.size,
    allReduce: timed((values, operation) => processes.allReduce(values, operation)),
    broadcast: timed((values, root) => processes.broadcast(values, root)),
    allGather: timed((values, borders) => processes.allGather(values, borders)),
    barrier: () => processes.barrier(),
    abort: () => processes.abort(),
    dispose: () => processes.dispose(),
    [Symbol.asyncDispose]: () => processes.dispose(),
  }
}
