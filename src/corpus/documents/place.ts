/**
 * How a flat sheet is laid into a picture: turned, slanted, seen in perspective, and large enough to be read when the
 * picture is squashed to the square that the model sees. Knows no pixels.
 */
import type { Point, Quad } from '../../text/index.ts'
import type { Random } from '../random.ts'
import type { BlockLine } from './block.ts'
import { ontoQuad, type Projection, projectedBox, scaleAt } from './projection.ts'

/** A sheet as far as placing it goes; lengths in units. */
export interface Flat {
  readonly width: number
  readonly height: number
  readonly lines: readonly Pick<BlockLine, 'ink' | 'size' | 'language'>[]
}

export interface Pose {
  /** Clockwise, in degrees. */
  readonly rotation: number
  /** How far the top is moved to the side, in heights. */
  readonly slant: number
  /** How far each corner is moved, in shares of the shorter side. */
  readonly perspective: number
  /** 0: as small as can be read, 1: as large as there is room for. */
  readonly size: number
  /** Only the text has to be in the picture, not all of the sheet. */
  readonly bleeds: boolean
}

/** Pixels of a side of what the model sees. */
const seen = 224
/** The least size of type in those pixels: 9 for the height of a capital, 14 for a Chinese character. */
const leastSize = { en: 13, zh: 15 } as const
/** Free at each side of the picture, as a share of it. */
const margin = 0.02

/** The projection of the sheet into a picture; undefined where the text would not be readable in it. */
export function place(
  random: Random,
  sheet: Flat,
  picture: { readonly width: number; readonly height: number },
  pose: Pose,
): Projection | undefined {
  const loose = ontoQuad(sheet.width, sheet.height, cornersOf(random, sheet, pose))
  const text = boundsOf(sheet.lines.flatMap(({ ink }) => projectedBox(loose, ink)))
  const all = boundsOf(projectedBox(loose, [0, 0, sheet.width, sheet.height]))
  const held = pose.bleeds ? text : all
  const [free, freeDown] = [picture.width * (1 - 2 * margin), picture.height * (1 - 2 * margin)]
  const most = Math.min(free / (held.right - held.left), freeDown / (held.bottom - held.top))
  const least = leastScale(sheet, loose, picture)
  if (least > most) return undefined
  const scale = least + (most - least) * pose.size
  const shift = (low: number, high: number, side: number) => {
    const room = side * (1 - 2 * margin) - (high - low) * scale
    return side * margin - low * scale + room * random.float()
  }
  const x = shift(held.left, held.right, picture.width)
  const y = shift(held.top, held.bottom, picture.height)
  const [a, b, c, d, e, f, g, h, i] = loose
  return [
    ...[a * scale + x * g, b * scale + x * h, c * scale + x * i],
    ...[d * scale + y * g, e * scale + y * h, f * scale + y * i],
    ...[g, h, i],
  ] as unknown as Projection
}

/** Where the corners of the sheet go, in its own units, about its middle. */
function cornersOf(random: Random, { width, height }: Flat, { rotation, slant, perspective }: Pose): Quad {
  const angle = (rotation * Math.PI) / 180
  const nudge = perspective * Math.min(width, height)
  const corner = (x: number, y: number): Point => {
    const moved = x - slant * y
    const across = moved * Math.cos(angle) - y * Math.sin(angle)
    const down = moved * Math.sin(angle) + y * Math.cos(angle)
    return nudge === 0 ? [across, down] : [across + random.between(-nudge, nudge), down + random.between(-nudge, nudge)]
  }
  const [x, y] = [width / 2, height / 2]
  return [corner(-x, -y), corner(x, -y), corner(x, y), corner(-x, y)]
}

/** The scale at which the smallest type is just large enough. */
function leastScale({ lines }: Flat, loose: Projection, picture: { width: number; height: number }): number {
  // What is smaller than the square gets no finer by being stretched to it.
  const squash: Point = [Math.min(1, seen / picture.width), Math.min(1, seen / picture.height)]
  return Math.max(
    ...lines.map(({ ink: [left, top, right, bottom], size, language }) => {
      const [across, down] = scaleAt(loose, [(left + right) / 2, (top + bottom) / 2], squash)
      // Narrow letters are read more easily than low ones.
      return leastSize[language] / (size * Math.min(down, across * 1.25))
    }),
  )
}

function boundsOf(points: readonly Point[]) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) }
}
