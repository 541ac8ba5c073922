/**
 * A training run from its recipe to its model: start here. Opens what the recipe names, goes on from the last snapshot if
 * there is one, runs the loop, and writes what came out. Everything else is in `run/` (the loop and its files),
 * `objective/` (what is minimised), `optimiser/`, `data/`, `recipe/`, `parallel/` (many processes) and `watch/` (logs,
 * curves).
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { lock } from '../checkpoint/lock.ts'
import { openRuntime } from '../runtime/node.ts'
import type { RuntimeOptions } from '../runtime/runtime.ts'
import type { EndEvent, TrainingEvent } from './events.ts'
import { agree } from './parallel/agree.ts'
import { type Processes, singleProcess } from './parallel/processes.ts'
import { shareThreads } from './parallel/threads.ts'
import { PlanError, planRun } from './plan.ts'
import { differences, parseRecipe, type Recipe, writeRecipe } from './recipe/index.ts'
import { TrainingError } from './run/diagnosis.ts'
import { Loop } from './run/loop.ts'
import { openSubject } from './run/openSubject.ts'
import { clearRun, removeLeftovers } from './run/runFolder.ts'
import { type RunState, readState, type Snapshot, SnapshotError, Snapshots, writeWhole } from './run/snapshots.ts'
import type { Subject } from './run/subject.ts'
import { type EventLog, logName, openLog } from './watch/log.ts'

export interface TrainOptions extends Pick<RuntimeOptions, 'device' | 'threads' | 'logLevel'> {
  /** Those that train together; without it, this one alone. */
  readonly processes?: Processes
  /** Stops after the step under way, and writes a snapshot to go on from. */
  readonly signal?: AbortSignal
  /** Begins anew, and removes what an earlier run has left in the folder. */
  readonly fresh?: boolean
  /** Begins even where the plan says that memory or disk will not do. */
  readonly force?: boolean
}

/**
 * Trains, and tells what happens. The events of the first process also go into `events.jsonl` of the run's folder. A run
 * that was ended in any way goes on from its last snapshot when it is started again.
 *
 *     for await (const event of train(await readRecipe('recipes/lora.yaml'))) console.log(event)
 *
 * Throws a RecipeError, OriginError, SourceError, SnapshotError or TrainingError that says what is wrong and where; after
 * the run has begun, an `end` event comes first.
 */
export async function* train(recipe: Recipe, options: TrainOptions = {}): AsyncGenerator<TrainingEvent, EndEvent> {
  const { processes = singleProcess, signal, fresh = false } = options
  const written = writeRecipe(recipe)
  await agree(processes, { 'the recipe': written })
  const isFirst = processes.rank === 0
  await refuseEarly(recipe, processes.size, options.force ?? false)
  await mkdir(recipe.out, { recursive: true })
  const unlock = isFirst ? await lock(join(recipe.out, 'run.lock'), `training in ${recipe.out}`) : async () => {}
  const snapshots = new Snapshots(recipe.out, processes)
  const events = run(recipe, { ...options, processes, snapshots, written, signal, fresh })
  let log: EventLog | undefined
  try {
    for (;;) {
      const { value, done } = await events.next()
      // Not before the first event: the run decides whether what an earlier one left is to go.
      if (isFirst) log ??= openLog(join(recipe.out, logName))
      note(value, log)
      if (done) return value
      yield value
    }
  } finally {
    await events.return(end(0, 'cancelled')) // closes what is open where nobody listens any more
    log?.close()
    await unlock()
  }
}

/** A full disk must not hide why a run failed. */
function note(event: TrainingEvent, log: EventLog | undefined): void {
  try {
    log?.write(event)
  } catch (error) {
    if (event.type !== 'end' || event.reason !== 'failed') throw error
  }
}

/** A run that would end for want of memory should end before it begins. */
async function refuseEarly(recipe: Recipe, processes: number, force: boolean): Promise<void> {
  if (force || recipe.objective === 'contrastive') return
  const { problems } = await planRun(recipe, processes)
  if (problems.length > 0)
    throw new PlanError(`${problems.join('; ')}. --plan shows the figures, --force begins anyway`)
}

interface RunOptions extends Omit<TrainOptions, 'signal'> {
  readonly fresh: boolean
  readonly processes: Processes
  readonly snapshots: Snapshots
  readonly written: string
  readonly signal: AbortSignal | undefined
}

async function* run(recipe: Recipe, options: RunOptions): AsyncGenerator<TrainingEvent, EndEvent> {
  const { processes, snapshots, written, fresh, device = 'cpu', logLevel = 'silent' } = options
  const found = fresh ? undefined : await lastSnapshot(recipe, snapshots)
  await agree(processes, { 'the checkpoint to go on from': `${found?.state.step}` })
  const share = await shareThreads(processes)
  const threads = options.threads ?? share.threads
  await using runtime = await openRuntime({ device, threads, logLevel, thread: 'caller' })
  const subject = await openSubject(recipe, runtime, processes)
  try {
    const steps = await stepsOf(recipe, subject, found, processes)
    if (found) await takeUp(found.snapshot, subject)
    // Only now is it known that this run can begin: what is in its folder is left alone until then.
    if (processes.rank === 0) await prepareFolder(recipe, options, found !== undefined)
    await processes.barrier()
    const fresh: RunState = { version: 1, step: 0, steps, position: undefined, recipe: written, refused: 0 }
    const state = found ? { ...found.state, steps } : fresh
    const idle = options.threads === undefined ? share.idle : 0
    return yield* begun(recipe, { ...options, subject, state, idle })
  } finally {
    await subject.dispose()
  }
}

interface BegunOptions extends RunOptions {
  readonly subject: Subject
  readonly state: RunState
  /** Cores of this machine that the launcher gave to none of its processes. */
  readonly idle: number
}

/** From the first event to the last. */
async function* begun(
  recipe: Recipe,
  { subject, state, idle, processes, snapshots, written, signal }: BegunOptions,
): AsyncGenerator<TrainingEvent, EndEvent> {
  const loop = new Loop({ recipe, written, subject, processes, snapshots, state, signal })
  try {
    yield startOf(recipe, subject, state, processes)
    if (idle > 0) {
      const message = `${idle} cores of this machine are not used: mpirun bound each process to its own; --bind-to none frees them`
      yield { type: 'warning', time: Date.now(), step: state.step, message }
    }
    const first = state.step === 0 ? await subject.firstSample() : undefined
    if (first) yield { type: 'sample', time: Date.now(), sample: first.id, text: first.text }
    if ((yield* loop.run()) === 'cancelled') return end(loop.state.step, 'cancelled')
    // Several processes write to the end: the others would wait for one that was told to stop.
    const model = processes.rank === 0 && (await subject.writeFinished(processes.size === 1 ? signal : undefined))
    await processes.barrier()
    return end(loop.state.step, 'finished', model ? { model } : {})
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return end(loop.state.step, 'cancelled')
    yield end(loop.state.step, 'failed', { message: (error as Error).message })
    throw error
  }
}

async function prepareFolder(
  recipe: Recipe,
  { fresh, snapshots, written }: RunOptions,
  goesOn: boolean,
): Promise<void> {
  if (fresh) await clearRun(recipe.out)
  await snapshots.tidy()
  await removeLeftovers(recipe.out, goesOn)
  await writeWhole(join(recipe.out, 'recipe.yaml'), written)
}

/** Steps of the whole run. Passes over large data are estimated, and an estimate is made once, by one process. */
async function stepsOf(
  recipe: Recipe,
  subject: Subject,
  found: Found | undefined,
  processes: Processes,
): Promise<number> {
  if (recipe.steps !== undefined) return recipe.steps
  if (found?.steps !== undefined) return found.steps
  const steps = new Float64Array([processes.rank === 0 ? await subject.steps() : 0])
  await processes.broadcast(steps, 0)
  return steps[0] as number
}

const end = (step: number, reason: EndEvent['reason'], more: Partial<EndEvent> = {}): EndEvent => ({
  type: 'end',
  time: Date.now(),
  step,
  reason,
  ...more,
})

function startOf(recipe: Recipe, subject: Subject, state: RunState, { size }: Processes): TrainingEvent {
  const { name, objective } = recipe
  const trained = Object.values(subject.optimiser.parameters).reduce((sum, { data }) => sum + data.length, 0)
  const { step: from, steps } = state
  const { parameters } = subject
  return { type: 'start', time: Date.now(), name, objective, parameters, trained, from, steps, processes: size }
}

interface Found {
  readonly snapshot: Snapshot
  readonly state: RunState
  /** Of the whole run; undefined where the recipe now asks for more passes, which have to be counted. */
  readonly steps: number | undefined
}

/** The snapshot to go on from. A run of another recipe is no run to go on with. */
async function lastSnapshot(recipe: Recipe, snapshots: Snapshots): Promise<Found | undefined> {
  const [snapshot] = await snapshots.list()
  if (!snapshot) return undefined
  const state = await readState(snapshot)
  const differing = differences(
    parseRecipe(state.recipe, { file: join(snapshot.path, 'training', 'state.json') }),
    recipe,
  )
  const other = differing.filter(({ isHarmless }) => !isHarmless)
  const isLonger = differing.some(({ key }) => key === 'epochs')
  if (other.length === 0) return { snapshot, state, steps: isLonger ? undefined : state.steps }
  const listed = other.map(({ key, before, after }) => `${key} was ${before} and is ${after}`).join('; ')
  throw new SnapshotError(
    `${recipe.out} holds step ${snapshot.step} of another recipe: ${listed}. Use --out for another folder, or --fresh to begin anew in this one`,
  )
}

async function takeUp({ path }: Snapshot, subject: Subject): Promise<void> {
  await subject.restore(path)
  await subject.optimiser.loadState(join(path, 'training'))
}

export { TrainingError }
