/** Arrays of numbers in double precision, to compute what operators should give in the plainest way there is. */

export interface Grid {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

/** All positions of a shape, in row-major order. */
export function positionsOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, size) => all.flatMap(position => Array.from({ length: size }, (_, i) => [...position, i])),
    [[]],
  )
}

/** The element that broadcasting puts at a position: leading axes are dropped, axes of size 1 read at 0. */
export function at({ shape, values }: Grid, position: readonly number[]): number {
  const own = position.slice(position.length - shape.length)
  return values[shape.reduce((offset, size, axis) => offset * size + (size === 1 ? 0 : own[axis]!), 0)]!
}

/** A grid from a function of the position. */
export const gridOf = (shape: readonly number[], value: (position: readonly number[]) => number): Grid => ({
  shape,
  values: positionsOf(shape).map(value),
})

/** f of the elements that meet when the grids broadcast to `shape`. */
export const broadcast = (shape: readonly number[], grids: readonly Grid[], f: (...values: number[]) => number): Grid =>
  gridOf(shape, position => f(...grids.map(grid => at(grid, position))))

/** f of all elements that differ in `axes` only; the axes stay, with size 1. */
export function reduce(grid: Grid, axes: readonly number[], f: (values: number[]) => number): Grid {
  const kept = grid.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  const swept = grid.shape.map((size, axis) => (axes.includes(axis) ? size : 1))
  return gridOf(kept, base =>
    f(
      positionsOf(swept).map(offset =>
        at(
          grid,
          base.map((i, axis) => i + offset[axis]!),
        ),
      ),
    ),
  )
}

export const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

/** erf by its Taylor series, in doubles: good to 1e-13 for |x| < 4. */
export function erf(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; n < 100; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}
