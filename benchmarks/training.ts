/**
 * `npm run bench -- training`: tokens per second and peak memory of a whole training step in each of the three stages,
 * beside the same model and step in PyTorch, and two processes beside one. Every contestant is a process of its own.
 */
import type { Stage } from '../src/train/stages.ts'
import { describeMachine, type Machine } from './machine.ts'
import { type Contestant, inTurn, medianOf, medianRatio, summarise, type Timing } from './measure.ts'
import { residentBytes } from './memory.ts'
import type { BenchmarkOptions } from './run.ts'
import { startTorch } from './torch.ts'
import { startOwn } from './training/ownProcess.ts'
import { measureScaling, type Scaling } from './training/scaling.ts'
import type { StepParts } from './training/step.ts'
import { batchSize, countParameters, shapes, torchWork, trainedIn } from './training/work.ts'

export { printTraining } from './training/print.ts'

const TOKENS = batchSize.rows * batchSize.length

/** What one contestant made of a stage. */
export interface ContestantResult {
  readonly milliseconds: Timing
  readonly tokensPerSecond: number
  /** The most that its process had in memory at any time; absent where the system does not tell. */
  readonly peakBytes?: number
  /** That, without what the process had before there was a model. */
  readonly peakBytesOfWork?: number
}

/** This project over a kind of PyTorch: how many times as fast it is, and what share of the memory it takes. */
export interface Comparison {
  readonly speed: number
  readonly memory?: number
}

export interface StageResult {
  readonly stage: Stage
  /** Numbers that are trained. */
  readonly trained: number
  /** Whether this project gets pictures as the cached work of the frozen part. */
  readonly cached: boolean
  readonly ours: ContestantResult & { readonly optimiserShare: number }
  /** Where there is a cache: without it. */
  readonly uncached?: ContestantResult
  readonly torch?: {
    readonly float32: ContestantResult
    readonly bfloat16: ContestantResult
    readonly autocast: ContestantResult
    /** Float32, where the vision tower is frozen: without a tape over it. */
    readonly noGrad?: ContestantResult
    readonly overFloat32: Comparison
    /** Over the faster of parameters in bfloat16 and autocast. */
    readonly overBfloat16: Comparison & { readonly kind: 'bfloat16' | 'autocast' }
  }
  readonly scaling?: Scaling
}

export interface TrainingResult {
  readonly machine: Machine
  readonly threads: number
  readonly rounds: number
  readonly runsPerRound: number
  readonly model: { readonly parameters: number; readonly rows: number; readonly length: number; readonly size: number }
  readonly torchVersion?: string
  readonly stages: readonly StageResult[]
  /** Why there is no `scaling`. */
  readonly notScaled?: string
}

/** Runs the benchmark. `options.log` is told what is being measured. */
export async function training(options: BenchmarkOptions): Promise<TrainingResult> {
  const { threads, rounds, runs, log } = options
  const stages: StageResult[] = []
  let torchVersion: string | undefined
  let notScaled = describeMachine().cores < 2 ? 'there is only one core' : undefined
  for (const stage of [1, 2, 3] as const) {
    log(`stage ${stage}: ${rounds} rounds of ${runs} steps each, in turns with PyTorch where there is one`)
    const measured = await timeStage(stage, options)
    torchVersion ??= measured.version
    let scaling: Scaling | undefined
    if (notScaled === undefined) {
      // These start processes anew for every round, which is most of the time that they take.
      const launches = Math.ceil(rounds / 2)
      log(`stage ${stage}: two processes beside one, ${launches} times`)
      try {
        scaling = await measureScaling(stage, isCached(stage), launches, 2 * runs)
      } catch (error) {
        notScaled = (error as Error).message
      }
    }
    stages.push({ ...measured.result, ...(scaling && { scaling }) })
  }
  return {
    machine: describeMachine(),
    threads,
    rounds,
    runsPerRound: runs,
    model: { parameters: countParameters(shapes.keys()), ...batchSize },
    ...(torchVersion !== undefined && { torchVersion }),
    stages,
    ...(notScaled !== undefined && { notScaled }),
  }
}

/** In stage 3 the vision tower is frozen and stands in front of everything that is trained. */
const isCached = (stage: Stage): boolean => stage === 3

interface Started {
  readonly pid: number
  readonly baseBytes: number
  readonly run: Contestant
  end(): void
}

async function timeStage(stage: Stage, { threads, rounds, runs }: BenchmarkOptions) {
  const started = new Map<string, Started>()
  const parts: StepParts[] = []
  const startOurs = async (name: string, cached: boolean, note: (steps: readonly StepParts[]) => void) => {
    const own = await startOwn({ stage, isCached: cached, threads })
    started.set(name, { ...own, run: own.contestant(note) })
  }
  let version: string | undefined
  const startTorchs = async (name: string, kind: string, tower: 'grad' | 'no_grad') => {
    const torch = await startTorch('qwenVL.py', torchWork(stage, kind, tower), threads)
    if (torch) started.set(name, { ...torch, run: torch.contestant('step') })
    version ??= torch?.version
  }
  try {
    await startOurs('ours', isCached(stage), steps => parts.push(...steps))
    if (isCached(stage)) await startOurs('uncached', false, () => {})
    await startTorchs('float32', 'float32', 'grad')
    if (version !== undefined) {
      await startTorchs('bfloat16', 'bfloat16', 'grad')
      await startTorchs('autocast', 'autocast', 'grad')
      if (isCached(stage)) await startTorchs('noGrad', 'float32', 'no_grad')
    }
    const contestants = Object.fromEntries([...started].map(([name, { run }]) => [name, run]))
    const figures = await inTurn(contestants, rounds, runs)
    const results = new Map([...started].map(([name, process]) => [name, resultOf(figures[name] as number[], process)]))
    return { result: stageResult(stage, figures, results, parts), version }
  } finally {
    for (const { end } of started.values()) end()
  }
}

function resultOf(milliseconds: readonly number[], { pid, baseBytes }: Started): ContestantResult {
  const timing = summarise(milliseconds)
  const peakBytes = residentBytes(pid, 'most')
  return {
    milliseconds: timing,
    tokensPerSecond: (TOKENS / timing.median) * 1e3,
    ...(peakBytes !== undefined && { peakBytes, peakBytesOfWork: peakBytes - baseBytes }),
  }
}

function stageResult(
  stage: Stage,
  figures: Readonly<Record<string, number[]>>,
  results: ReadonlyMap<string, ContestantResult>,
  parts: readonly StepParts[],
): StageResult {
  const ours = results.get('ours') as ContestantResult
  const [float32, bfloat16, autocast] = ['float32', 'bfloat16', 'autocast'].map(name => results.get(name))
  const uncached = results.get('uncached')
  const noGrad = results.get('noGrad')
  const over = (name: string): Comparison => {
    const { peakBytes } = results.get(name) as ContestantResult
    const speed = medianRatio(figures[name] as number[], figures['ours'] as number[])
    return ours.peakBytes !== undefined && peakBytes !== undefined
      ? { speed, memory: ours.peakBytes / peakBytes }
      : { speed }
  }
  const optimiserShare = medianOf(parts.map(({ optimiser, whole }) => optimiser / whole))
  const own = {
    stage,
    trained: countParameters(trainedIn(stage)),
    cached: isCached(stage),
    ours: { ...ours, optimiserShare },
    ...(uncached && { uncached }),
  }
  if (!float32 || !bfloat16 || !autocast) return own
  const kind = bfloat16.milliseconds.median <= autocast.milliseconds.median ? 'bfloat16' : 'autocast'
  return {
    ...own,
    torch: {
      float32,
      bfloat16,
      autocast,
      ...(noGrad && { noGrad }),
      overFloat32: over('float32'),
      overBfloat16: { kind, ...over(kind) },
    },
  }
}
