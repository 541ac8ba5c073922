/** Boards and pages as chance has them: forms, colours, rims. Draws nothing. */
import type { Random } from '../random.ts'
import { inkOf } from './inks.ts'
import { boardForms, type Paper, type PaperForm } from './papers.ts'

/** A board in any colour. */
export function drawnBoard(random: Random): Paper {
  const light = random.chance(0.45)
  const fill = inkOf(
    light ? random.between(0.8, 1) : random.between(0.15, 0.7),
    random.chance(0.3) ? random.between(0, 0.02) : random.between(0.04, 0.22),
    random.between(0, 360),
  )
  const rim = inkOf(
    light ? random.between(0.1, 0.5) : random.between(0.85, 1),
    random.between(0, 0.15),
    random.between(0, 360),
  )
  const border = { ink: rim, width: random.between(4, 14), inset: random.pick([0, 0, random.between(5, 12)]) }
  return {
    form: random.pick(boardForms),
    fill,
    ...(random.chance(0.45) ? { border } : {}),
    ...{ shadow: random.chance(0.5) ? random.float() : 0, grain: random.chance(0.3) ? random.float() : 0 },
    seed: random.int(0, 0x7fffffff),
  }
}

/** A page of a form, mostly of light paper. */
export function drawnPage(random: Random, form: PaperForm): Paper {
  const fill = random.weighted({ white: 4, cream: 2, tinted: 3, dark: 1 })
  const lightness = {
    white: random.between(0.96, 1),
    cream: random.between(0.9, 0.97),
    tinted: random.between(0.82, 0.95),
    dark: random.between(0.15, 0.45),
  }[fill]
  const chroma = {
    white: 0.004,
    cream: random.between(0.02, 0.05),
    tinted: random.between(0.02, 0.09),
    dark: random.between(0, 0.1),
  }[fill]
  const hue = fill === 'cream' ? random.between(70, 100) : random.between(0, 360)
  const ink = inkOf(fill === 'dark' ? 0.85 : random.between(0.2, 0.6), random.between(0, 0.15), random.between(0, 360))
  const framed = form !== 'torn' && random.chance(0.3)
  return {
    ...{ form, fill: inkOf(lightness, chroma, hue) },
    ...(framed ? { border: { ink, width: random.between(2, 7), inset: random.pick([0, 8, 14]) } } : {}),
    ...{ shadow: random.chance(0.75) ? random.between(0.3, 1) : 0, grain: random.chance(0.55) ? random.float() : 0 },
    seed: random.int(0, 0x7fffffff),
  }
}
