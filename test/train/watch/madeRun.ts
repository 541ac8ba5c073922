/** A run that never was: events as a training run writes them, the same for the same seed. */
import type { StepEvent, TrainingEvent } from '../../../src/train/events.ts'

export interface MadeRun {
  readonly name?: string
  readonly steps: number
  readonly seed?: number
  /** The step after which it goes on. */
  readonly from?: number
  /** The step that is the last of this piece, without an end. */
  readonly until?: number
  readonly tasks?: readonly string[]
}

export const began = Date.UTC(2026, 0, 5, 9, 0, 0)

const stepMs = 400

/** A step of such a run. */
export function madeStep(
  step: number,
  { steps, seed = 1, tasks = ['caption', 'grounding', 'vqa'] }: MadeRun,
): StepEvent {
  const random = (stream: number) => {
    const mixed = Math.imul(step * 2654435761 + stream * 40503 + seed * 97, 2246822519) >>> 0
    return ((Math.imul(mixed ^ (mixed >>> 15), 3266489917) >>> 0) % 10_000) / 10_000
  }
  const base = 1.1 + 0.15 * seed + 6 * Math.exp(-step / (steps / 9))
  const present = tasks.filter((_, i) => i === step % tasks.length || random(10 + i) > 0.4)
  const losses = present.map(task => {
    const loss = base * (0.75 + 0.25 * tasks.indexOf(task)) * (0.92 + 0.16 * random(20 + tasks.indexOf(task)))
    return [task, { loss, tokens: 800 }] as const
  })
  const warmUp = steps / 20
  const progress = Math.max(0, (step - warmUp) / (steps - warmUp))
  const milliseconds = stepMs * (0.9 + 0.2 * random(1))
  return {
    type: 'step',
    time: began + step * stepMs,
    step,
    loss: losses.reduce((sum, [, { loss }]) => sum + loss, 0) / losses.length,
    tasks: Object.fromEntries(losses),
    learningRate: 1e-4 * (step < warmUp ? step / warmUp : 0.1 + 0.45 * (1 + Math.cos(Math.PI * progress))),
    gradientNorm: (0.4 + 8 * Math.exp(-step / (steps / 12))) * (0.6 + 0.8 * random(2)) * (random(3) > 0.995 ? 20 : 1),
    samples: 8,
    positions: 4096,
    tokens: 800 * losses.length,
    pictures: 8,
    milliseconds,
    waiting: 0.06 * milliseconds,
    computing: 0.85 * milliseconds,
    optimising: 0.07 * milliseconds,
    memory: 2.4e9 + 2e8 * random(4),
    epoch: step / 700,
  }
}

/** The events of a run, or of a piece of one. */
export function* madeRun(run: MadeRun): Generator<TrainingEvent> {
  const { name = 'street', steps, from = 0, until = steps } = run
  const time = (step: number) => began + step * stepMs
  yield {
    type: 'start',
    time: time(from),
    name,
    objective: 'qwen-vl',
    parameters: 9_656_935_168,
    trained: 7_721_324_544,
    from,
    steps,
    processes: 1,
  }
  const every = Math.ceil(steps / 8)
  const evaluated = (step: number) => madeStep(step, run).loss * 1.06
  const isBest = (step: number): boolean => {
    for (let at = every; at < step; at += every) if (evaluated(at) <= evaluated(step)) return false
    return true
  }
  for (let step = from + 1; step <= until; step++) {
    const event = madeStep(step, run)
    yield event
    if (step % every === 0) {
      const loss = evaluated(step)
      yield { type: 'evaluation', time: event.time, step, loss, tasks: event.tasks, best: isBest(step) }
      const path = `runs/${name}/checkpoint-${step}`
      yield { type: 'checkpoint', time: event.time, step, path, bytes: 1.2e9, milliseconds: 3100 }
    }
    if (step === Math.ceil(steps / 3)) {
      const refused = { sample: `pictures.json:${step}`, reason: 'the picture "a.jpg" is not there' }
      yield { type: 'refused', time: event.time, ...refused, count: 1 }
    }
  }
  if (until === steps)
    yield { type: 'end', time: time(steps), step: steps, reason: 'finished', model: `runs/${name}/model` }
}
