/**
 * How a flat sheet comes to lie in a picture: the map of its plane to that of the picture, with perspective or without.
 * Knows no pixels.
 *
 *     [x', y', w'] = M · [x, y, 1];  the point of the picture is [x'/w', y'/w']
 */
import type { Point, Quad } from '../../text/index.ts'

/** The matrix, row by row. */
export type Projection = readonly [number, number, number, number, number, number, number, number, number]

/**
 * The projection that lays a sheet of `width` × `height` onto four corners, clockwise from where its upper left one goes.
 * Source: Heckbert, Fundamentals of Texture Mapping and Image Warping (1989), section 2.2.3.
 */
export function ontoQuad(width: number, height: number, [a, b, c, d]: Quad): Projection {
  const [sx, sy] = [a[0] - b[0] + c[0] - d[0], a[1] - b[1] + c[1] - d[1]]
  const [ux, uy, vx, vy] = [b[0] - c[0], b[1] - c[1], d[0] - c[0], d[1] - c[1]]
  const area = ux * vy - vx * uy
  const g = (sx * vy - vx * sy) / area
  const h = (ux * sy - sx * uy) / area
  return [
    (b[0] - a[0] + g * b[0]) / width,
    (d[0] - a[0] + h * d[0]) / height,
    a[0],
    (b[1] - a[1] + g * b[1]) / width,
    (d[1] - a[1] + h * d[1]) / height,
    a[1],
    g / width,
    h / height,
    1,
  ]
}

/** Where a point of the sheet is in the picture. */
export function projected([a, b, c, d, e, f, g, h, i]: Projection, [x, y]: Point): Point {
  const w = g * x + h * y + i
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w]
}

/** The corners of an upright box of the sheet, clockwise from its upper left one, in the picture. */
export function projectedBox(
  projection: Projection,
  [left, top, right, bottom]: readonly [number, number, number, number],
): Quad {
  const at = (x: number, y: number) => projected(projection, [x, y])
  return [at(left, top), at(right, top), at(right, bottom), at(left, bottom)]
}

/** Whether lines that are parallel on the sheet are parallel in the picture: up to a hundredth of a pixel. */
export const isAffine = ([, , , , , , g, h]: Projection, width: number, height: number): boolean =>
  Math.abs(g * width) + Math.abs(h * height) < 1e-5

/** The way back, from the picture to the sheet. */
export function inverse([a, b, c, d, e, f, g, h, i]: Projection): Projection {
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ]
}

/** Pixels of the picture to a unit of the sheet at a point, along the sheet's x and its y. */
export function scaleAt(projection: Projection, [x, y]: Point, squash: Point = [1, 1]): Point {
  const [at, right, down] = [
    projected(projection, [x, y]),
    projected(projection, [x + 1, y]),
    projected(projection, [x, y + 1]),
  ]
  const length = (to: Point) => Math.hypot((to[0] - at[0]) * squash[0], (to[1] - at[1]) * squash[1])
  return [length(right), length(down)]
}
