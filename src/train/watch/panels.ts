/**
 * Which curves of which runs stand in which panel of a picture, and in what colours. One run shows its raw values beside
 * the smoothed ones; several share a panel, a colour each. Knows no paper.
 */
import type { ColumnName, RunCurves } from './curves.ts'
import { smooth, smoothRatios, usualSpan } from './smoothing.ts'

/** What can be plotted, by the names that the command line has for it. */
export const plotNames = ['loss', 'tasks', 'rate', 'norm', 'speed', 'memory', 'time'] as const

export type PlotName = (typeof plotNames)[number]

/** A run under the name that its curves get. */
export interface NamedRun {
  readonly name: string
  readonly curves: RunCurves
}

/** One curve. `x` are steps, ascending; NaN in `y` is a gap. */
export interface Line {
  readonly label: string
  /** Which of the eight colours, from 0. Whoever draws it has them for its own ground. */
  readonly colour: number
  readonly x: readonly number[]
  readonly y: readonly number[]
  /** `raw` is thin and pale, `main` is thick, `dashed` is thick and broken, `points` has marks. */
  readonly style: 'raw' | 'main' | 'dashed' | 'points'
}

export interface Panel {
  readonly title: string
  readonly kind: 'figure' | 'count' | 'bytes' | 'share'
  readonly isLogarithmic: boolean
  readonly lines: readonly Line[]
  /** Steps whose value was no number, such as a loss of NaN. */
  readonly failed: readonly number[]
}

export interface PanelOptions {
  readonly series: readonly PlotName[]
  /** Steps to show, both included. */
  readonly from: number
  readonly to: number
  /** Steps of smoothing; a hundredth of the run unless told; 0 for none. */
  readonly smoothing?: number | undefined
  /** A logarithmic axis for losses. The gradient norm has one always. */
  readonly isLogarithmic: boolean
}

/** So many colours are told apart; then they come again. */
export const colourCount = 8

const colourOf = (i: number): number => i % colourCount

/** The panels, in the order of `series`. A panel without any curve is left out. */
export function makePanels(runs: readonly NamedRun[], options: PanelOptions): Panel[] {
  const { from, to, isLogarithmic } = options
  return options.series
    .map((name): Panel => {
      const { title, kind = 'figure', axis = 'linear', column, lines } = kinds[name]
      return {
        title,
        kind,
        isLogarithmic: axis === 'logarithmic' || (axis === 'either' && isLogarithmic),
        lines: lines(runs, options).filter(hasPoints),
        failed: column === undefined ? [] : failedSteps(runs, column).filter(step => step >= from && step <= to),
      }
    })
    .filter(({ lines, failed }) => lines.length + failed.length > 0)
}

interface PanelKind {
  readonly title: string
  readonly kind?: Panel['kind']
  readonly axis?: 'linear' | 'logarithmic' | 'either'
  /** Whose values that are no numbers are marked. */
  readonly column?: ColumnName
  readonly lines: (runs: readonly NamedRun[], options: PanelOptions) => Line[]
}

const kinds: { readonly [Name in PlotName]: PanelKind } = {
  loss: {
    title: 'loss (nats)',
    axis: 'either',
    column: 'loss',
    lines: (runs, options) => [...smoothed(runs, 'loss', options), ...evaluationLines(runs, options)],
  },
  tasks: { title: 'loss by task, smoothed', axis: 'either', lines: taskLines },
  rate: { title: 'learning rate', lines: (runs, options) => plain(runs, 'learningRate', options) },
  norm: {
    title: 'gradient norm before clipping',
    axis: 'logarithmic',
    column: 'gradientNorm',
    lines: (runs, options) => smoothed(runs, 'gradientNorm', options, smoothRatios),
  },
  speed: {
    title: 'tokens per second',
    kind: 'count',
    lines: (runs, options) => smoothed(runs, 'tokensPerSecond', options),
  },
  memory: { title: 'memory', kind: 'bytes', lines: (runs, options) => plain(runs, 'memory', options) },
  time: { title: 'parts of a step’s time, smoothed', kind: 'share', lines: shareLines },
}

function failedSteps(runs: readonly NamedRun[], column: ColumnName): number[] {
  const steps = runs.flatMap(({ curves }) => curves.step.filter((_, i) => !Number.isFinite(curves.columns[column][i])))
  return [...new Set(steps)].sort((a, b) => a - b)
}

const spanOf = (run: NamedRun, { smoothing }: PanelOptions) => smoothing ?? usualSpan(run.curves.step.length)

/** What lies between the first and the last step to show. Smoothing comes first: it looks back behind the edge. */
function cut(step: readonly number[], y: readonly number[], { from, to }: PanelOptions): Pick<Line, 'x' | 'y'> {
  const first = step.findIndex(value => value >= from)
  const beyond = step.findIndex(value => value > to)
  const end = beyond < 0 ? step.length : beyond
  return first < 0 ? { x: [], y: [] } : { x: step.slice(first, end), y: y.slice(first, end) }
}

const hasPoints = ({ y }: Line) => y.some(Number.isFinite)

const plain = (runs: readonly NamedRun[], column: ColumnName, options: PanelOptions): Line[] =>
  runs.map(({ name, curves }, i): Line => {
    const values = cut(curves.step, curves.columns[column], options)
    return { label: name, colour: colourOf(i), style: 'main', ...values }
  })

/** Of each run the raw values, and over them the smoothed ones. */
function smoothed(runs: readonly NamedRun[], column: ColumnName, options: PanelOptions, by = smooth): Line[] {
  const raw: Line[] = []
  const main: Line[] = []
  for (const [i, run] of runs.entries()) {
    const span = spanOf(run, options)
    const { step, columns } = run.curves
    const values = columns[column]
    const [colour, label] = [colourOf(i), runs.length > 1 ? run.name : '']
    const of = (y: readonly number[]) => cut(step, y, options)
    if (span > 0) raw.push({ label: label ? '' : 'each step', colour, style: 'raw', ...of(values) })
    main.push({
      label: label || (span > 0 ? 'smoothed' : 'each step'),
      colour,
      style: 'main',
      ...of(by(values, span)),
    })
  }
  return [...raw, ...main]
}

/** Evaluations are points: in a colour of their own where there is one run, else in the run's. */
function evaluationLines(runs: readonly NamedRun[], options: PanelOptions): Line[] {
  return runs.map(({ name, curves }, i): Line => {
    const step = curves.evaluations.map(event => event.step)
    const loss = curves.evaluations.map(event => event.loss)
    const label = runs.length > 1 ? `${name}, evaluation` : 'evaluation'
    return { label, colour: colourOf(runs.length > 1 ? i : 1), style: 'points', ...cut(step, loss, options) }
  })
}

/** A colour for each task; a second run is dashed. Nothing where there is one task: its loss is the loss. */
function taskLines(runs: readonly NamedRun[], options: PanelOptions): Line[] {
  const names = [...new Set(runs.flatMap(({ curves }) => [...curves.tasks.keys()]))].sort()
  if (names.length < 2) return []
  return runs.flatMap((run, i) =>
    names.map((task): Line => {
      const y = smooth(run.curves.tasks.get(task) ?? [], spanOf(run, options))
      return {
        label: runs.length > 1 ? `${task}, ${run.name}` : task,
        colour: colourOf(names.indexOf(task)),
        style: i === 0 ? 'main' : 'dashed',
        ...cut(run.curves.step, y, options),
      }
    }),
  )
}

function shareLines(runs: readonly NamedRun[], options: PanelOptions): Line[] {
  const parts = ['waiting', 'computing', 'optimising'] as const
  return runs.flatMap((run, i) =>
    parts.map((part, j): Line => {
      const y = smooth(run.curves.columns[part], spanOf(run, options))
      const label = runs.length > 1 ? `${part}, ${run.name}` : part
      const style = i === 0 ? 'main' : 'dashed'
      return { label, colour: colourOf(j), style, ...cut(run.curves.step, y, options) }
    }),
  )
}
