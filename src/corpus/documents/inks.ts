/** Colours that can be told from what is beneath them. Knows no pictures. */
import type { Random } from '../random.ts'
import { fromLab } from '../scenes/oklab.ts'

/** Red, green and blue, 0 to 255. */
export type Ink = readonly [red: number, green: number, blue: number]

export const black: Ink = [12, 12, 14]
export const white: Ink = [255, 255, 255]

const linear = Array.from({ length: 256 }, (_, value) => {
  const share = value / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
})

/** Relative luminance, 0 to 1. Source: WCAG 2.2. */
export const luminance = (red: number, green: number, blue: number): number =>
  0.2126 * linear[red]! + 0.7152 * linear[green]! + 0.0722 * linear[blue]!

/** How well two luminances are told apart: 1 to 21. Source: WCAG 2.2. */
export const contrast = (one: number, other: number): number =>
  (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)

export const css = ([red, green, blue]: Ink, alpha = 1): string => `rgba(${red},${green},${blue},${alpha})`

/** A colour by lightness (0 to 1), chroma (0 to 0.3) and hue in degrees. */
export function inkOf(lightness: number, chroma: number, hue: number): Ink {
  const angle = (hue * Math.PI) / 180
  const [red, green, blue] = fromLab(lightness, chroma * Math.cos(angle), chroma * Math.sin(angle))
  return [red, green, blue]
}

/** What is beneath a text: luminances that most of it lies between. */
export interface Beneath {
  readonly darkest: number
  readonly lightest: number
}

export const beneath = (ink: Ink): Beneath => ({ darkest: luminance(...ink), lightest: luminance(...ink) })

/** How well a colour is told from all of what is beneath: the worst contrast. */
export function contrastWith(ink: Ink, { darkest, lightest }: Beneath): number {
  const own = luminance(...ink)
  return own >= darkest && own <= lightest ? 1 : Math.min(contrast(own, darkest), contrast(own, lightest))
}

/** The least contrast with which text is written without a rim. */
export const leastContrast = 3

/**
 * A colour for text: black or white at times, mostly any that has a contrast drawn from 4 to 9 with all of what is
 * beneath, or the better of black and white where there is none.
 */
export function inkOn(random: Random, ground: Beneath): Ink {
  const better = contrastWith(black, ground) >= contrastWith(white, ground) ? black : white
  if (random.chance(0.2)) return better
  const wanted = random.between(4, 9)
  for (let attempt = 0; attempt < 20; attempt++) {
    const ink = inkOf(
      random.between(0.05, 1),
      random.chance(0.2) ? 0.01 : random.between(0.03, 0.26),
      random.between(0, 360),
    )
    if (contrastWith(ink, ground) >= wanted) return ink
  }
  return better
}
