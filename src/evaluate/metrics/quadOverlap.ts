/**
 * How much two quadrilaterals share, as surfaces. Knows no markup; any unit will do.
 *
 * A quadrilateral stands for the smallest convex shape around its corners: their order does not matter, and corners that
 * a model wrote crosswise still make a surface. The two shapes are cut by each other's edges (I. Sutherland and
 * G. Hodgman, CACM 17, 1974).
 */
import type { Point, Quad } from '../../text/index.ts'

/**
 * Intersection over union, 0 … 1; 0 where either has no area.
 *
 *     quadOverlap([[0, 0], [10, 0], [10, 10], [0, 10]], [[5, 0], [15, 0], [15, 10], [5, 10]]) // 1/3
 */
export function quadOverlap(a: Quad, b: Quad): number {
  const [one, other] = [convexHull(a), convexHull(b)]
  const shared = area(cut(one, other))
  const union = area(one) + area(other) - shared
  return shared > 0 ? shared / union : 0
}

/** Twice the area of the triangle: above 0 where a, b, c turn to one side, below to the other. */
const turn = (a: Point, b: Point, c: Point) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

function area(shape: readonly Point[]): number {
  let sum = 0
  for (const [at, [x, y]] of shape.entries()) {
    const [nextX, nextY] = shape[(at + 1) % shape.length] as Point
    sum += x * nextY - nextX * y
  }
  return Math.abs(sum) / 2
}

/** The corners of the smallest convex shape around the points, all turning the way for which `turn` is above 0. */
function convexHull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort(([ax, ay], [bx, by]) => ax - bx || ay - by)
  const half = (side: readonly Point[]) => {
    const chain: Point[] = []
    for (const point of side) {
      while (chain.length > 1 && turn(chain.at(-2) as Point, chain.at(-1) as Point, point) <= 0) chain.pop()
      chain.push(point)
    }
    return chain.slice(0, -1)
  }
  return [...half(sorted), ...half(sorted.toReversed())]
}

/** What of a convex shape lies inside of another. */
function cut(shape: readonly Point[], by: readonly Point[]): Point[] {
  let left = [...shape]
  for (const [at, from] of by.entries()) {
    const to = by[(at + 1) % by.length] as Point
    const corners = left
    left = corners.flatMap((corner, index) => {
      const next = corners[(index + 1) % corners.length] as Point
      const [here, there] = [turn(from, to, corner), turn(from, to, next)]
      const share = here / (here - there)
      const crossing: Point = [corner[0] + share * (next[0] - corner[0]), corner[1] + share * (next[1] - corner[1])]
      return [...(here >= 0 ? [corner] : []), ...(here * there < 0 ? [crossing] : [])]
    })
  }
  return left
}
