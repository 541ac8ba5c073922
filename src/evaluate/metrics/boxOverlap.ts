/** How much two upright boxes share. Knows no markup; any unit will do. */

/** Left, top, right, bottom. */
export type Corners = readonly [number, number, number, number]

/**
 * Intersection over union, 0 … 1; 0 where either box has no area, or has its corners in the wrong order.
 *
 *     boxOverlap([0, 0, 10, 10], [5, 0, 15, 10]) // 1/3
 */
export function boxOverlap(a: Corners, b: Corners): number {
  const area = ([left, top, right, bottom]: Corners) => Math.max(0, right - left) * Math.max(0, bottom - top)
  const shared = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])])
  const union = area(a) + area(b) - shared
  return shared === 0 ? 0 : shared / union
}
