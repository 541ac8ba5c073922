/**
 * Boxes and quadrilaterals: in the model's units, in pixels, and between the two. Knows no markup and no pictures, only
 * their sizes.
 *
 * The model writes places in units of a thousandth of the picture's width (x) and height (y), in whole numbers, from the
 * top left corner, whatever the picture's shape: it sees every picture stretched to a square. One rounding:
 *
 *     unit → pixel    p = ⌊u · size / 1000⌋      (the original draws so)
 *     pixel → unit    u = ⌈p · 1000 / size⌉      (the first unit that reaches the pixel)
 *
 * A pixel is a whole number from 0 to the size, both included: an edge between pixels, not a pixel's middle. The second
 * line undoes the first whichever of the two grids is finer: for size ≤ 1000 every pixel comes back from its unit, for
 * size ≥ 1000 every unit comes back from its pixel. Both are computed in whole numbers; the original's
 * `int(u / 1000 * size)` is one pixel less where the quotient is not exact (28.999… for u = 580, size = 50).
 */
import { TextError } from './errors.ts'

/** A box in units of 0 … 1000, corners in order: `x1 ≤ x2`, `y1 ≤ y2`. */
export interface UnitBox {
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
}

/** A box in a picture's own pixels, 0 … width and 0 … height. */
export interface PixelBox {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Four corners in the order in which they were written, as `[x, y]`. */
export type Quad = readonly [Point, Point, Point, Point]
export type Point = readonly [x: number, y: number]

export interface Size {
  readonly width: number
  readonly height: number
}

/** Units across a picture. */
export const boxUnits = 1000

const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), most)

/** The box of two opposite corners in any order; what lies outside of 0 … 1000 is moved to the edge. */
export function unitBox(xa: number, ya: number, xb: number, yb: number): UnitBox {
  const [x1, x2] = [clamp(Math.min(xa, xb), boxUnits), clamp(Math.max(xa, xb), boxUnits)]
  const [y1, y2] = [clamp(Math.min(ya, yb), boxUnits), clamp(Math.max(ya, yb), boxUnits)]
  return { x1, y1, x2, y2 }
}

/**
 * A box of the model in pixels of the picture.
 *
 *     toPixels({ x1: 100, y1: 250, x2: 505, y2: 1000 }, { width: 640, height: 480 })
 *     // { left: 64, top: 120, right: 323, bottom: 480 }
 */
export function toPixels(box: UnitBox, size: Size): PixelBox {
  const { width, height } = checked(size)
  const [left, right] = [pixel(box.x1, width), pixel(box.x2, width)]
  const [top, bottom] = [pixel(box.y1, height), pixel(box.y2, height)]
  return { left, top, right, bottom }
}

/** The inverse of `toPixels`. Corners may come in any order and lie outside of the picture: they are put right. */
export function toUnits(box: PixelBox, size: Size): UnitBox {
  const { width, height } = checked(size)
  return unitBox(unit(box.left, width), unit(box.top, height), unit(box.right, width), unit(box.bottom, height))
}

/** A quadrilateral of the model in pixels of the picture, corner by corner. */
export function quadToPixels(quad: Quad, size: Size): Quad {
  const { width, height } = checked(size)
  return corners(quad, ([x, y]) => [pixel(x, width), pixel(y, height)])
}

/** The inverse of `quadToPixels`. */
export function quadToUnits(quad: Quad, size: Size): Quad {
  const { width, height } = checked(size)
  return corners(quad, ([x, y]) => [unit(x, width), unit(y, height)])
}

/** The smallest box around a quadrilateral in units. */
export function boxAround(quad: Quad): UnitBox {
  const [xs, ys] = [quad.map(([x]) => x), quad.map(([, y]) => y)]
  return unitBox(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys))
}

const pixel = (unit: number, size: number) => clamp(Math.floor((unit * size) / boxUnits), size)
const unit = (pixel: number, size: number) => clamp(Math.ceil((pixel * boxUnits) / size), boxUnits)
const corners = ([a, b, c, d]: Quad, change: (corner: Point) => Point): Quad => [
  change(a),
  change(b),
  change(c),
  change(d),
]

function checked(size: Size): Size {
  const { width, height } = size
  if (Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0) return size
  throw new TextError('markup', `a picture of ${width}×${height} pixels: give its size in whole pixels above 0`)
}
