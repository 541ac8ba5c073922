/**
 * Curves on paper: one SVG with a panel for each kind of curve, on a light ground, with the fonts that every system has.
 * A pure function of the runs; knows no file and no browser.
 */
import { type Line, makePanels, type NamedRun, type Panel, type PlotName } from './panels.ts'
import { countTick, linearScale, logarithmicScale, plainTick, type Scale, type TickText } from './scale.ts'
import { thin } from './smoothing.ts'
import { showText, showWhole } from './wording.ts'

export interface PlotOptions {
  /** The panels, from the top. `loss`, `tasks`, `rate`, `norm`, `speed` unless told. */
  readonly series?: readonly PlotName[]
  /** First and last step to show. All unless told. */
  readonly from?: number
  readonly to?: number
  /** Over how many steps curves are smoothed; 0 for not at all. A fiftieth of the run unless told. */
  readonly smoothing?: number
  /** A logarithmic axis for losses. */
  readonly isLogarithmic?: boolean
  /** In pixels; 900 unless told. */
  readonly width?: number
  readonly title?: string
}

/** There is nothing to draw: no step of these runs lies in the range. */
export class EmptyPlotError extends Error {
  override readonly name = 'EmptyPlotError'
}

const usualSeries: readonly PlotName[] = ['loss', 'tasks', 'rate', 'norm', 'speed']
const legendRow = 17
const margin = { left: 64, right: 20, top: 16 }
const panelHeight = { first: 260, other: 150 }
const fontFamily = 'Helvetica, Arial, sans-serif'
const ink = { text: '#222222', faint: '#666666', grid: '#e4e4e4', frame: '#999999', failed: '#c00000' }

/** Colours that stay apart on white, for all kinds of eyes: Okabe and Ito's, darker where white asks for it. */
const colours = ['#0072b2', '#d55e00', '#008060', '#b0559b', '#a97800', '#2f9fd0', '#555555', '#8b3a1a'] as const

const colourOf = ({ colour }: Line): string => colours[colour] as string

/** Most points of one line: two for each pixel of the usual width. */
const mostPoints = 2000

/** Most curves that are named beside a panel. */
const mostNamed = 24

/** Most steps without a number that are marked. */
const mostFailures = 200

/**
 * Draws the curves of one run, or of several in comparison. Gives the text of an SVG file. Throws an EmptyPlotError where
 * no run has a step to show.
 *
 * Each line of a curve is a `<path>` whose coordinates have two decimals. Its panel is a `<g class="panel">` that says in
 * `data-…` how places become values again: the frame in pixels, and the values at its edges.
 *
 * @example
 * await writeFile('curves.svg', plotRuns([{ name: 'street', curves }]))
 */
export function plotRuns(runs: readonly NamedRun[], options: PlotOptions = {}): string {
  const { series = usualSeries, from = 0, to = Number.MAX_SAFE_INTEGER, width = 900 } = options
  const { smoothing, isLogarithmic = false } = options
  const panels = makePanels(runs, { series, from, to, smoothing, isLogarithmic })
  const ends = panels.flatMap(({ lines, failed }) => [...lines.map(each => each.x), failed]).flatMap(edges)
  if (ends.length === 0) {
    const all = runs.flatMap(({ curves }) => edges(curves.step))
    const range = [
      options.from === undefined ? '' : ` from step ${from}`,
      options.to === undefined ? '' : ` to step ${to}`,
    ]
    const there = all.length === 0 ? 'no step has been logged yet' : `there are steps ${span(all)}`
    throw new EmptyPlotError(`there is nothing to plot${range.join('')}: ${there}`)
  }
  const x = linearScale(Math.min(...ends), Math.max(...ends), {
    wanted: Math.max(3, width / 110),
    isRounded: false,
    text: value => (value < 100_000 ? showWhole(value) : countTick(value, 1)),
  })
  const title = options.title ?? runs.map(run => run.name).join(', ')
  const parts: string[] = [text(margin.left, 26, title, { size: 16, weight: 600 })]
  let top = 36
  for (const [i, panel] of panels.entries()) {
    const height = i === 0 ? panelHeight.first : panelHeight.other
    const drawn = drawPanel(panel, x, { top, width, height, hasSteps: i === panels.length - 1, runs })
    parts.push(drawn.svg)
    top += drawn.height
  }
  const size = `width="${width}" height="${top}" viewBox="0 0 ${width} ${top}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="${fontFamily}" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${top}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

/** The first and the last of them. */
const edges = (steps: readonly number[]) => (steps.length > 0 ? [steps[0] as number, steps.at(-1) as number] : [])

const span = (steps: readonly number[]) => `${Math.min(...steps)} to ${Math.max(...steps)}`

interface Frame {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

interface PanelPlace {
  readonly top: number
  readonly width: number
  readonly height: number
  /** Whether the steps are written under it. */
  readonly hasSteps: boolean
  readonly runs: readonly NamedRun[]
}

function drawPanel(panel: Panel, x: Scale, place: PanelPlace): { svg: string; height: number } {
  const legend = drawLegend(panel, place.width, place.top + margin.top)
  const top = place.top + margin.top + legend.rows * legendRow + 10
  const frame: Frame = { left: margin.left, right: place.width - margin.right, top, bottom: top + place.height }
  const y = valueScale(panel, place.height)
  const across = (value: number) => frame.left + x.place(value) * (frame.right - frame.left)
  const down = (value: number) => frame.bottom - y.place(value) * (frame.bottom - frame.top)
  const grid = [
    ...y.ticks.map(tick => line(frame.left, down(tick.value), frame.right, down(tick.value), ink.grid)),
    ...x.ticks.map(tick => line(across(tick.value), frame.top, across(tick.value), frame.bottom, ink.grid)),
  ]
  const marks = resumptions(place.runs, x).map(step =>
    line(across(step), frame.top, across(step), frame.bottom, ink.frame, '2 3'),
  )
  const words = [
    ...y.ticks.map(tick => text(frame.left - 8, down(tick.value) + 4, tick.text, { anchor: 'end', fill: ink.faint })),
    ...x.ticks.map(tick =>
      place.hasSteps
        ? text(across(tick.value), frame.bottom + 18, tick.text, { anchor: 'middle', fill: ink.faint })
        : '',
    ),
    ...(place.hasSteps
      ? [text((frame.left + frame.right) / 2, frame.bottom + 36, 'step', { anchor: 'middle', fill: ink.faint })]
      : []),
  ]
  const about = {
    left: frame.left,
    right: frame.right,
    top: frame.top,
    bottom: frame.bottom,
    'first-step': x.from,
    'last-step': x.to,
    lowest: y.from,
    highest: y.to,
    scale: y.isLogarithmic ? 'logarithmic' : 'linear',
  }
  const data = Object.entries(about).map(([name, value]) => ` data-${name}="${value}"`)
  const { left, right, bottom } = frame
  const svg = [
    `<g class="panel"${data.join('')}>`,
    text(left, place.top + margin.top, panel.title, { weight: 600 }),
    ...legend.parts,
    ...grid,
    ...marks,
    ...panel.lines.map(each => drawLine(each, across, down)),
    ...failures(panel, across, frame),
    `<rect x="${left}" y="${frame.top}" width="${right - left}" height="${bottom - frame.top}" fill="none" stroke="${ink.frame}"/>`,
    ...words.filter(word => word !== ''),
    '</g>',
  ].join('\n')
  return { svg, height: bottom - place.top + (place.hasSteps ? 48 : 14) }
}

const tickTexts: { readonly [Kind in Panel['kind']]: TickText } = {
  figure: plainTick,
  count: countTick,
  bytes: value => `${countTick(value, 1)}B`.replace(/(?=\D*$)/, ' '),
  share: value => `${Math.round(100 * value)}%`,
}

function valueScale({ lines, isLogarithmic, kind }: Panel, height: number): Scale {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of lines.flatMap(each => each.y)) {
    if (!Number.isFinite(value) || (isLogarithmic && value <= 0)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (isLogarithmic) return logarithmicScale(low, high)
  // Figures that are parts of a whole, or amounts, stand on zero; losses need the room for themselves.
  const base = kind === 'figure' && low > 0.5 * high ? low : Math.min(0, low)
  return linearScale(base, high, { wanted: height / 40, text: tickTexts[kind] })
}

/** Steps after which some run was resumed, where they can be seen. */
const resumptions = (runs: readonly NamedRun[], { from, to }: Scale): number[] =>
  [...new Set(runs.flatMap(({ curves }) => curves.resumed))].filter(step => step >= from && step <= to)

type Place = (value: number) => number

const looks = {
  raw: 'stroke-width="1" stroke-opacity="0.3"',
  main: 'stroke-width="2"',
  dashed: 'stroke-width="2" stroke-dasharray="6 4"',
} as const

function drawLine(each: Line, across: Place, down: Place): string {
  const { style, x, y } = each
  const colour = colourOf(each)
  const kept = thin(y, mostPoints)
  const at = (i: number) => [across(x[i] as number), down(y[i] as number)] as const
  if (style === 'points') {
    const shown = kept.map(at).filter(([, below]) => Number.isFinite(below))
    return shown
      .map(([right, below]) => `<circle cx="${short(right)}" cy="${short(below)}" r="3.5" fill="${colour}"/>`)
      .join('')
  }
  let path = ''
  let isDrawing = false
  for (const i of kept) {
    const [right, below] = at(i)
    // A step that a task is missing from is no break of its curve.
    if (!Number.isFinite(below)) continue
    path += `${isDrawing ? 'L' : 'M'}${short(right)} ${short(below)}`
    isDrawing = true
  }
  return `<path d="${path}" fill="none" stroke="${colour}" ${looks[style]} stroke-linejoin="round" class="${style}"/>`
}

/** Steps whose value was no number, as marks at the upper edge: of all they are the most telling ones. */
const failures = ({ failed }: Panel, across: Place, { top }: Frame): string[] =>
  failed.slice(0, mostFailures).map(step => {
    const from = `M${short(across(step))} ${top}`
    const title = `<title>step ${step}: no number</title>`
    return `<path d="${from}v8" stroke="${ink.failed}" stroke-width="2" class="failed">${title}</path>`
  })

/** What the curves are, beside the title and in rows below it. Rows are 17 pixels high. */
function drawLegend({ lines, title }: Panel, width: number, top: number): { parts: string[]; rows: number } {
  const named = lines.filter(({ label }) => label !== '')
  if (named.length < 2) return { parts: [], rows: 0 }
  const parts: string[] = []
  let right = margin.left + 7 * title.length + 24
  let row = 0
  for (const each of named.slice(0, mostNamed)) {
    const { label, style } = each
    const shown = showText(label).slice(0, 40)
    const needed = 26 + 6.4 * shown.length + 16
    if (right + needed > width - margin.right) [right, row] = [margin.left, row + 1]
    const baseline = top + row * legendRow
    const sign =
      style === 'points'
        ? `<circle cx="${short(right + 10)}" cy="${baseline - 4}" r="3.5" fill="${colourOf(each)}"/>`
        : `<path d="M${short(right)} ${baseline - 4}h20" stroke="${colourOf(each)}" ${looks[style]}/>`
    parts.push(sign, text(right + 26, baseline, shown, { fill: ink.faint }))
    right += needed
  }
  return { parts, rows: row }
}

const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, dashes?: string) =>
  `<path d="M${short(x1)} ${short(y1)}L${short(x2)} ${short(y2)}" stroke="${stroke}"${dashes ? ` stroke-dasharray="${dashes}"` : ''}/>`

interface TextLook {
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly fill?: string
  readonly size?: number
  readonly weight?: number
}

function text(x: number, y: number, words: string, { anchor, fill = ink.text, size, weight }: TextLook = {}): string {
  const look = [
    ...(anchor === undefined ? [] : [` text-anchor="${anchor}"`]),
    ...(size === undefined ? [] : [` font-size="${size}"`]),
    ...(weight === undefined ? [] : [` font-weight="${weight}"`]),
  ]
  return `<text x="${short(x)}" y="${short(y)}" fill="${fill}"${look.join('')}>${escaped(words)}</text>`
}

const short = (value: number): string => `${Number(value.toFixed(2))}`

/** Text of a log as SVG has to have it. */
const escaped = (words: string): string =>
  showText(words).replace(/[<>&"']/g, character => `&#${character.charCodeAt(0)};`)
