/**
 * One panel of curves as a chart that can be pointed at and looked into. Draws what it is given; knows no server and no
 * other chart, but tells which steps a person wants to see.
 */
import { made } from './status.js'
import uPlot from './uPlot.js'

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {'figure' | 'count' | 'bytes' | 'share'} kind
 * @property {boolean} isLogarithmic
 * @property {number[]} failed steps whose value was no number
 * @property {{ label: string, colour: number, style: 'raw' | 'main' | 'dashed' | 'points', x: number[], y: number[] }[]} lines
 */

/** Charts whose pointers move together. */
const together = uPlot.sync('steps')

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

/** A chart in a figure of its own. `choose(from, to)` is called for the steps to look into, `choose()` for all. */
export class Chart {
  /** @param {(from?: number, to?: number) => void} choose */
  constructor(choose) {
    this.choose = choose
    this.caption = made('figcaption', {})
    this.place = made('div', { tabIndex: 0 })
    this.place.setAttribute('role', 'img')
    this.element = made('figure', { className: 'chart' }, [this.caption, this.place])
    this.place.addEventListener('keydown', event => this.#key(event))
    this.resizing = new ResizeObserver(() => this.#resize())
    this.resizing.observe(this.element)
  }

  /** Shows a panel; what the pointer is on stays where the form of the panel is the same. */
  show(panel, resumed, range) {
    this.panel = panel
    this.resumed = resumed
    this.range = range
    const form = JSON.stringify([
      panel.title,
      panel.isLogarithmic,
      panel.lines.map(({ label, colour, style }) => [label, colour, style]),
    ])
    const empty = [[...panel.failed], ...panel.lines.map(() => panel.failed.map(() => null))]
    const tables = panel.lines.map(({ x, y }) => [x, y])
    const joined = tables.length === 0 ? empty : uPlot.join([...tables, [panel.failed]])
    if (form !== this.form) this.#build(joined)
    else this.plot.setData(joined)
    this.form = form
    this.#showLatest()
    this.#describe()
  }

  /** Draws everything anew: colours have changed. */
  redraw() {
    if (!this.panel) return
    this.form = undefined
    this.show(this.panel, this.resumed, this.range)
  }

  close() {
    this.resizing.disconnect()
    this.plot?.destroy()
    this.element.remove()
  }

  #size() {
    const isFirst = this.element === this.element.parentElement?.firstElementChild
    return { width: Math.max(240, this.element.clientWidth - 18), height: isFirst ? 320 : 200 }
  }

  #resize() {
    const { width, height } = this.#size()
    if (this.plot && (this.plot.width !== width || this.plot.height !== height)) this.plot.setSize({ width, height })
  }

  #build(data) {
    this.plot?.destroy()
    const { panel } = this
    this.caption.textContent = panel.title
    const axis = {
      stroke: colour('faint'),
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { stroke: colour('grid'), width: 1, size: 4 },
      font: '12px system-ui, sans-serif',
    }
    const log = panel.isLogarithmic
      ? { distr: 3, log: 10 }
      : { range: (_, low, high) => rangeOf(panel.kind, low, high) }
    this.plot = new uPlot(
      {
        ...this.#size(),
        scales: { x: { time: false, range: (_, low, high) => this.#stepRange(low, high) }, y: log },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map(tick => (Number.isInteger(tick) ? whole(tick) : '')), size: 32 },
          { ...axis, values: (_, ticks) => tickTexts(panel.kind, ticks), size: 58 },
        ],
        series: [
          { label: 'step', value: (_, step) => (step == null ? '' : whole(step)) },
          ...panel.lines.map(series(panel)),
        ],
        cursor: {
          sync: { key: together.key, setSeries: false },
          drag: { x: true, y: false, setScale: false },
          // Curves have their points at different steps: each shows the one that is nearest.
          dataIdx: (plot, curve, at) => nearest(plot.data[curve], at),
          points: { size: 7 },
          y: false,
          bind: { dblclick: () => () => this.#showAll() },
        },
        legend: { live: true },
        hooks: {
          setSelect: [plot => this.#selected(plot)],
          draw: [plot => this.#marks(plot)],
          setCursor: [plot => plot.cursor.idx == null && this.#showLatest()],
        },
      },
      data,
      this.place,
    )
  }

  #stepRange(low, high) {
    const [from, to] = [this.range?.[0] ?? low, this.range?.[1] ?? high]
    if (from == null || to == null) return [0, 1]
    return to > from ? [from, to] : [from - 0.5, to + 0.5]
  }

  /** uPlot would else go back to a range of its own. */
  #showAll() {
    this.choose()
    return null
  }

  #selected(plot) {
    const { left, width } = plot.select
    if (width < 4) return
    const from = Math.floor(plot.posToVal(left, 'x'))
    const to = Math.ceil(plot.posToVal(left + width, 'x'))
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
    if (to > from) this.choose(Math.max(0, from), to)
  }

  /** Steps where a run was resumed, as broken lines; steps without a number, as marks at the upper edge. */
  #marks({ ctx, bbox, scales, valToPos }) {
    const isSeen = step => step >= scales.x.min && step <= scales.x.max
    const draw = (step, length, look, dashes) => {
      const right = Math.round(valToPos(step, 'x', true))
      ctx.strokeStyle = look
      ctx.setLineDash(dashes)
      ctx.beginPath()
      ctx.moveTo(right, bbox.top)
      ctx.lineTo(right, bbox.top + length)
      ctx.stroke()
    }
    ctx.save()
    ctx.lineWidth = 2 * devicePixelRatio
    const dashes = [3 * devicePixelRatio, 4 * devicePixelRatio]
    for (const step of this.resumed.filter(isSeen)) draw(step, bbox.height, colour('line'), dashes)
    for (const step of this.panel.failed.filter(isSeen)) draw(step, 10 * devicePixelRatio, colour('failed'), [])
    ctx.restore()
  }

  /** With no pointer on the chart, the legend says the latest values. */
  #showLatest() {
    const { plot } = this
    if (!plot || plot.cursor.idx != null) return
    const last = plot.data[0].length - 1
    if (last < 0) return
    plot.setLegend({ idxs: plot.data.map((values, curve) => (curve === 0 ? last : nearest(values, last))) }, false)
  }

  /** What those hear who do not see the curves. */
  #describe() {
    const latest = this.panel.lines
      .filter(({ style, y }) => style !== 'raw' && y.length > 0)
      .map(({ label, x, y }) => `${label} ${valueText(this.panel.kind, y.at(-1))} at step ${whole(x.at(-1))}`)
    const failed =
      this.panel.failed.length > 0 ? `; no number at steps ${this.panel.failed.slice(0, 5).join(', ')}` : ''
    this.place.setAttribute('aria-label', `${this.panel.title}: ${latest.join(', ')}${failed}`)
  }

  #key(event) {
    const { plot } = this
    if (!plot || event.ctrlKey || event.altKey || event.metaKey) return
    const steps = plot.data[0]
    const at = plot.cursor.idx ?? steps.length - 1
    const { min, max } = plot.scales.x
    const middle = plot.cursor.idx == null ? (min + max) / 2 : steps[at]
    const zoom = factor => {
      const half = Math.max(1, ((max - min) * factor) / 2)
      const from = Math.max(0, Math.floor(middle - half))
      this.choose(from, Math.max(from + 1, Math.ceil(middle + half)))
    }
    const move = by => {
      const to = Math.min(steps.length - 1, Math.max(0, at + by))
      plot.setCursor({ left: plot.valToPos(steps[to], 'x'), top: plot.over.clientHeight / 2 })
    }
    const far = event.shiftKey ? 20 : 1
    const actions = {
      ArrowLeft: () => move(-far),
      ArrowRight: () => move(far),
      '+': () => zoom(0.5),
      '=': () => zoom(0.5),
      '-': () => zoom(2),
      Escape: () => this.choose(),
    }
    if (!actions[event.key]) return
    event.preventDefault()
    actions[event.key]()
  }
}

const series =
  panel =>
  ({ label, colour: number, style }) => {
    const stroke = colour(`colour-${number}`)
    return {
      label: label || ' ',
      class: label === '' ? 'unnamed' : undefined,
      stroke: style === 'raw' ? `color-mix(in srgb, ${stroke} 38%, transparent)` : stroke,
      width: style === 'raw' ? 1 : 2,
      dash: style === 'dashed' ? [6, 4] : undefined,
      spanGaps: true,
      paths: style === 'points' ? () => null : undefined,
      points: { show: style === 'points', size: 7, fill: stroke },
      value: (_, value) => (value == null ? '–' : valueText(panel.kind, value)),
    }
  }

/** The place of the value that is nearest to a place; undefined or null are no values. */
function nearest(values, at) {
  for (let away = 0; away < values.length; away++) {
    if (values[at - away] != null) return at - away
    if (values[at + away] != null) return at + away
  }
  return at
}

/** Parts of a whole and amounts stand on zero; losses have the room for themselves. */
function rangeOf(kind, low, high) {
  if (low == null || high == null) return [0, 1]
  if (kind === 'share') return [0, Math.max(1, high)]
  const [from, to] = kind !== 'figure' || low <= 0.5 * high ? [Math.min(0, low), high] : [low, high]
  const room = to > from ? 0.05 * (to - from) : Math.abs(to) || 1
  return [from === 0 ? 0 : from - room, to + room]
}

const whole = number => number.toLocaleString('en')

/** `950`, `12.3k`, `2.4G`. */
function countText(value) {
  const units = ['', 'k', 'M', 'G', 'T']
  let unit = 0
  let left = Math.abs(value)
  for (; left >= 999.5 && unit < units.length - 1; unit++) left /= 1000
  return `${value < 0 ? '-' : ''}${Number(left.toPrecision(3))}${units[unit]}`
}

/** A value as the legend says it. */
function valueText(kind, value) {
  if (kind === 'share') return `${(100 * value).toFixed(1)}%`
  if (kind === 'count') return countText(value)
  if (kind === 'bytes') return `${countText(value)}B`.replace(/(\D*)$/, ' $1')
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(2)
  return `${Number(value.toPrecision(4))}`
}

/** Values at the ticks of an axis; a logarithmic axis leaves some of them out itself. */
function tickTexts(kind, ticks) {
  return ticks.map(tick => {
    if (tick == null) return ''
    if (kind !== 'figure') return valueText(kind, tick).replace('.0%', '%')
    if (tick !== 0 && Math.abs(tick) < 0.001) return tick.toExponential().replace('e+', 'e').slice(0, 8)
    return `${Number(tick.toPrecision(6))}`
  })
}
