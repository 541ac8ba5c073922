/** A run at one moment, in words and figures: what the head of a page, or a line in a terminal, says of it. */
import { formatBytes } from '../../checkpoint/storedType.ts'
import type { EvaluationEvent } from '../events.ts'
import type { RunCurves, RunState } from './curves.ts'
import type { NamedRun } from './panels.ts'
import { smooth, usualSpan } from './smoothing.ts'
import { showCount, showDuration, showFigure, showText, showWhole } from './wording.ts'

/** A run at one moment. `time` values are milliseconds since 1970. */
export interface RunSummary {
  readonly name: string
  readonly state: RunState
  /** Of the latest step, and of the last one that is planned. */
  readonly step: number
  readonly steps: number | undefined
  /** When something was last heard of it. */
  readonly time: number | undefined
  /** Why it ended, or where its model is. */
  readonly message: string | undefined
  /** Of the latest step, smoothed as long runs need it, and of the latest evaluation. Missing is null: it goes into JSON. */
  readonly loss: number | null
  readonly smoothedLoss: number | null
  readonly evaluationLoss: number | null
  /** What else there is to know, in words, in the order in which it matters. */
  readonly facts: readonly (readonly [name: string, words: string])[]
  readonly checkpoints: readonly string[]
  readonly refused: readonly string[]
  readonly refusedCount: number
  readonly warnings: readonly string[]
  /** The first sample as the model got it, with what is learnt in `[[…]]`, in lines. */
  readonly sample: readonly string[]
}

/** So many checkpoints, refused samples and warnings are told, the latest first. */
const told = 8

/** Most characters of a sample that are shown. */
const longestSample = 4000

/** Says where a run is. */
export function summarise({ name, curves }: NamedRun): RunSummary {
  const { start, last, end, evaluations, checkpoints, refused, warnings } = curves
  const smoothed = smooth(curves.columns.loss, usualSpan(curves.step.length)).findLast(Number.isFinite)
  const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null)
  const latest = <Each>(list: readonly Each[], words: (each: Each) => string) => list.slice(-told).reverse().map(words)
  return {
    name,
    state: curves.state,
    step: curves.step.at(-1) ?? end?.step ?? start?.from ?? 0,
    steps: start?.steps,
    time: curves.time,
    message: messageOf(curves),
    loss: finite(last?.loss),
    smoothedLoss: finite(smoothed),
    evaluationLoss: finite(evaluations.at(-1)?.loss),
    facts: factsOf(curves, smoothed),
    checkpoints: latest(checkpoints, ({ step, path, bytes }) => {
      return `step ${showWhole(step)}: ${showText(path)} (${formatBytes(bytes)})`
    }),
    refused: latest(refused, ({ sample, reason }) => `${showText(sample)}: ${showText(reason)}`),
    refusedCount: curves.refusedCount,
    sample: curves.sample?.text.slice(0, longestSample).split(/\r?\n/).map(showText) ?? [],
    warnings: latest(warnings, ({ step, message }) => `step ${showWhole(step)}: ${showText(message)}`),
  }
}

function messageOf({ end }: RunCurves): string | undefined {
  if (end?.message !== undefined) return showText(end.message)
  return end?.model === undefined ? undefined : `model: ${showText(end.model)}`
}

const objectives = {
  'qwen-vl': 'pictures and text',
  language: 'text',
  contrastive: 'pictures matched with texts',
} as const

function factsOf(curves: RunCurves, smoothed: number | undefined): [string, string][] {
  const { start, last, evaluations, timeLeft, resumed } = curves
  const facts: [string, string][] = []
  if (timeLeft !== undefined) facts.push(['time left', showDuration(timeLeft)])
  if (last) {
    const loss = Number.isFinite(last.loss) ? showFigure(smoothed ?? last.loss) : 'NaN'
    facts.push(['loss', loss])
  }
  const evaluation = evaluations.at(-1)
  if (evaluation) {
    const words = ({ loss, step }: EvaluationEvent) => `${showFigure(loss)} at step ${showWhole(step)}`
    const best = evaluations.findLast(each => each.best)
    facts.push(['evaluation', words(evaluation)])
    if (best && best !== evaluation) facts.push(['best evaluation', words(best)])
  }
  if (last) {
    facts.push(
      ['learning rate', last.learningRate.toExponential(2)],
      ['gradient norm', showFigure(last.gradientNorm)],
      ['tokens/s', showCount((1000 * last.positions) / last.milliseconds)],
      ['memory', Number.isFinite(last.memory) ? formatBytes(last.memory) : '?'],
      ['passes over the data', showFigure(last.epoch)],
    )
  }
  if (start) {
    const all = start.parameters === start.trained
    facts.push(
      ['learns from', objectives[start.objective]],
      ['parameters', `${showCount(start.parameters)}, ${all ? 'all' : showCount(start.trained)} trained`],
    )
    if (start.processes > 1) facts.push(['processes', `${start.processes}`])
  }
  if (resumed.length > 0) facts.push(['resumed after step', resumed.slice(-5).map(showWhole).join(', ')])
  return facts
}

/** One line: `street: running, step 1,204 of 2,000, loss 1.234, evaluation 1.301`. */
export function summaryLine({ name, state, step, steps, message, smoothedLoss, evaluationLoss }: RunSummary): string {
  const figure = (label: string, value: number | null) => (value === null ? [] : [`${label} ${showFigure(value)}`])
  const parts = [
    state,
    `step ${showWhole(step)}${steps === undefined ? '' : ` of ${showWhole(steps)}`}`,
    ...figure('loss', smoothedLoss),
    ...figure('evaluation', evaluationLoss),
    ...(message === undefined ? [] : [message]),
  ]
  return `${showText(name)}: ${parts.join(', ')}`
}
