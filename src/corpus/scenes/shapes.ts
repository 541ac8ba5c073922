/**
 * Shapes that are drawn and not taken from icons: circles, stars, arrows. Each is a path in a square of side 1, filled
 * in one colour. Knows no scenes.
 */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas'
import type { Raster } from '../materials/materials.ts'
import { paintedColour, type Tint } from './recolour.ts'
import type { Colour } from './scene.ts'

type Points = readonly (readonly [x: number, y: number])[]

const regular = (corners: number, inner = 1): Points =>
  Array.from({ length: inner === 1 ? corners : corners * 2 }, (_, corner) => {
    const angle = (corner * 2 * Math.PI) / (inner === 1 ? corners : corners * 2) - Math.PI / 2
    const radius = corner % 2 === 1 ? 0.5 * inner : 0.5
    return [0.5 + radius * Math.cos(angle), 0.5 + radius * Math.sin(angle)]
  })

const corners: Readonly<Record<string, Points>> = {
  square: [
    [0.06, 0.06],
    [0.94, 0.06],
    [0.94, 0.94],
    [0.06, 0.94],
  ],
  rectangle: [
    [0, 0.21],
    [1, 0.21],
    [1, 0.79],
    [0, 0.79],
  ],
  triangle: [
    [0.5, 0.04],
    [1, 0.92],
    [0, 0.92],
  ],
  diamond: [
    [0.5, 0],
    [0.88, 0.5],
    [0.5, 1],
    [0.12, 0.5],
  ],
  star: regular(5, 0.42),
  pentagon: regular(5),
  hexagon: regular(6),
  cross: [
    [0.34, 0],
    [0.66, 0],
    [0.66, 0.34],
    [1, 0.34],
    [1, 0.66],
    [0.66, 0.66],
    [0.66, 1],
    [0.34, 1],
    [0.34, 0.66],
    [0, 0.66],
    [0, 0.34],
    [0.34, 0.34],
  ],
  arrow: [
    [0, 0.36],
    [0.54, 0.36],
    [0.54, 0.12],
    [1, 0.5],
    [0.54, 0.88],
    [0.54, 0.64],
    [0, 0.64],
  ],
}

/** Traces a shape that has curves. */
const curves: Readonly<Record<string, (pen: SKRSContext2D) => void>> = {
  circle: pen => pen.arc(0.5, 0.5, 0.48, 0, 2 * Math.PI),
  heart: pen => {
    pen.moveTo(0.5, 0.95)
    pen.bezierCurveTo(-0.18, 0.5, 0.02, 0.05, 0.27, 0.05)
    pen.bezierCurveTo(0.4, 0.05, 0.47, 0.13, 0.5, 0.22)
    pen.bezierCurveTo(0.53, 0.13, 0.6, 0.05, 0.73, 0.05)
    pen.bezierCurveTo(0.98, 0.05, 1.18, 0.5, 0.5, 0.95)
  },
  crescent: pen => {
    pen.arc(0.56, 0.5, 0.48, -1.1, 1.1, true)
    pen.arc(0.77, 0.5, 0.43, 1.53, -1.53)
  },
}

/** The ids of the kinds that can be drawn. */
export const shapes: readonly string[] = [...Object.keys(corners), ...Object.keys(curves)]

/** How a shape is filled: all of one colour, from light to dark, or with a contour of a darker or lighter one. */
export const fills = ['flat', 'gradient', 'contour', 'round'] as const
export type Fill = (typeof fills)[number]

/** The shape in a square of `size` pixels. Throws a RangeError for a kind that is not in `shapes`. */
export function drawShape(shape: string, fill: Fill, colour: Colour, tint: Tint, size: number): Raster {
  const side = Math.max(8, Math.ceil(size))
  const pen = createCanvas(side, side).getContext('2d')
  pen.scale(side, side)
  pen.beginPath()
  const points = corners[shape]
  const curve = curves[shape]
  if (points !== undefined) for (const [x, y] of points) pen.lineTo(x, y)
  else if (curve !== undefined) curve(pen)
  else throw new RangeError(`there is no shape "${shape}"; there are ${shapes.join(', ')}`)
  pen.closePath()
  const toned = (by: number) => paintedColour(colour, { ...tint, lightness: tint.lightness + by })
  if (fill === 'gradient') {
    const gradient = pen.createLinearGradient(0, 0, 0.4, 1)
    gradient.addColorStop(0, toned(1))
    gradient.addColorStop(1, toned(-1))
    pen.fillStyle = gradient
  } else if (fill === 'round') {
    const gradient = pen.createRadialGradient(0.36, 0.32, 0.02, 0.5, 0.5, 0.6)
    gradient.addColorStop(0, toned(1.6))
    gradient.addColorStop(1, toned(-0.8))
    pen.fillStyle = gradient
  } else pen.fillStyle = toned(0)
  pen.fill()
  if (fill === 'contour') {
    pen.clip()
    pen.lineWidth = 0.07
    pen.strokeStyle = colour === 'black' ? '#8a8a90' : '#26242c'
    pen.stroke()
  }
  return { width: side, height: side, data: pen.getImageData(0, 0, side, side).data }
}
