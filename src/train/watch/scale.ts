/** From values to places on paper and back: linear and logarithmic scales, with ticks that people can read. */
import { showCount } from './wording.ts'

export interface Tick {
  readonly value: number
  readonly text: string
}

/** A range of values laid out on a line. */
export interface Scale {
  readonly from: number
  readonly to: number
  readonly isLogarithmic: boolean
  readonly ticks: readonly Tick[]
  /** 0 for `from`, 1 for `to`; NaN for what a logarithmic scale cannot show. */
  place(value: number): number
  /** The inverse of `place`. */
  value(place: number): number
}

/** How figures of one kind are written at the ticks. `step` is the distance between two. */
export type TickText = (value: number, step: number) => string

/** As many decimals as the step needs; powers of ten where there would be too many. */
export const plainTick: TickText = (value, step) => {
  if (value === 0) return '0'
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  if (decimals > 4) return shortPower(value.toExponential(Math.max(0, decimalsOf(value, step))))
  return Math.abs(value) >= 10_000 ? countTick(value, step) : value.toFixed(decimals)
}

/** `500`, `1.5k`, `2M`. */
export const countTick: TickText = value => (Math.abs(value) < 1000 ? `${+value.toPrecision(4)}` : showCount(value))

const shortPower = (text: string) => text.replace('e+', 'e').replace(/\.?0+e/, 'e')

/** Decimals that a mantissa needs to tell neighbours apart. */
const decimalsOf = (value: number, step: number) =>
  Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9)

/** Steps of 1, 2 or 5 times a power of ten, so that there are about `wanted`. */
function tickStep(span: number, wanted: number): number {
  const rough = span / Math.max(1, wanted)
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find(each => each * power >= rough * 0.999) ?? 10
  return factor * power
}

/** A linear scale from the lowest to the highest value, widened to ticks if `isRounded`. About `wanted` ticks. */
export function linearScale(
  low: number,
  high: number,
  { wanted = 5, isRounded = true, text = plainTick }: { wanted?: number; isRounded?: boolean; text?: TickText } = {},
): Scale {
  let [from, to] = high > low ? [low, high] : around(low)
  const step = tickStep(to - from, wanted)
  if (isRounded) [from, to] = [Math.floor(from / step + 1e-9) * step, Math.ceil(to / step - 1e-9) * step]
  const first = Math.ceil(from / step - 1e-9)
  const last = Math.floor(to / step + 1e-9)
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
    const value = Number(((first + i) * step).toPrecision(12))
    return { value, text: text(value, step) }
  })
  return {
    from,
    to,
    isLogarithmic: false,
    ticks,
    place: value => (value - from) / (to - from),
    value: place => from + place * (to - from),
  }
}

/** A range for a single value. */
function around(value: number): [number, number] {
  if (!Number.isFinite(value)) return [0, 1]
  return value === 0 ? [0, 1] : value > 0 ? [0, 2 * value] : [2 * value, 0]
}

/** A logarithmic scale over positive values, widened to 1, 2 or 5 times a power of ten. */
export function logarithmicScale(low: number, high: number): Scale {
  const [least, most] = low > 0 && high >= low ? [low, high] : [0.1, 1]
  const steps = (by: readonly number[]): number[] => {
    const values: number[] = []
    for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
      for (const factor of by) values.push(Number(`${factor}e${power}`))
    }
    return values
  }
  const fine = steps([1, 2, 5])
  const from = fine.findLast(value => value <= least * 1.0001) ?? least
  let to = fine.find(value => value >= most * 0.9999) ?? most
  if (to <= from) to = fine.find(value => value > from * 1.001) ?? 10 * from
  const decades = Math.log10(to / from)
  const every = Math.max(1, Math.ceil(decades / 5))
  const wanted = decades < 2.1 ? fine : steps([1]).filter(value => Math.round(Math.log10(value)) % every === 0)
  const ticks = wanted.filter(value => value >= from && value <= to).map(value => ({ value, text: powerTick(value) }))
  const span = Math.log(to / from)
  return {
    from,
    to,
    isLogarithmic: true,
    ticks,
    place: value => (value > 0 ? Math.log(value / from) / span : Number.NaN),
    value: place => from * Math.exp(place * span),
  }
}

const powerTick = (value: number) =>
  value >= 0.001 && value < 10_000 ? `${value}` : shortPower(value.toExponential(0))
