/**
 * Where boxes are, in the picture and from one another, as far as it is plain: people agree on `left of` only where
 * the middles differ clearly and the boxes hardly share the axis. Knows no words and no kinds.
 */
import type { PixelBox, Scene, SceneObject } from '../scenes/scene.ts'

export const cells = [
  'top left',
  'top',
  'top right',
  'left',
  'centre',
  'right',
  'bottom left',
  'bottom',
  'bottom right',
] as const
/** A ninth of the picture. */
export type Cell = (typeof cells)[number]

export type Side = 'left' | 'right' | 'top' | 'bottom'
/** Where one thing is from another. */
export type Relation = 'left' | 'right' | 'above' | 'below'
export const relations = ['left', 'right', 'above', 'below'] as const satisfies readonly Relation[]

export const opposite = { left: 'right', right: 'left', above: 'below', below: 'above' } as const

type Size = Pick<Scene, 'width' | 'height'>

/** Share of a side around the border of two cells where it is not plain in which one a middle lies. */
const BORDER = 0.04
/** Middles that differ by less than this share of the picture's side are level. */
const LEVEL = 0.05
/** Plainly apart boxes share at most this much of the smaller one along the axis. */
const SHARED = 0.25

export const centreOf = ([left, top, right, bottom]: PixelBox) => ({ x: (left + right) / 2, y: (top + bottom) / 2 })
export const areaOf = ([left, top, right, bottom]: PixelBox) => (right - left) * (bottom - top)

/** The cells in which the middle of a box may be said to lie: one where it is plain. */
export function cellsOf(box: PixelBox, { width, height }: Size): Cell[] {
  const { x, y } = centreOf(box)
  const [columns, rows] = [thirdsOf(x / width), thirdsOf(y / height)]
  return rows.flatMap(row => columns.map(column => cells[3 * row + column] as Cell))
}

function thirdsOf(share: number): number[] {
  const first = Math.floor(Math.max(share - BORDER, 0) * 3)
  const last = Math.floor(Math.min(share + BORDER, 0.999) * 3)
  return first === last ? [first] : [first, last]
}

const axisOf = (direction: Relation | Side) => (direction === 'left' || direction === 'right' ? 'x' : 'y')
const backwards = (direction: Relation | Side) =>
  direction === 'left' || direction === 'above' || direction === 'top' ? 1 : -1

/** How far `a` lies from `b` in a direction, middle to middle in pixels; negative on the other side. */
export function distanceTowards(direction: Relation | Side, a: PixelBox, b: PixelBox): number {
  const axis = axisOf(direction)
  return backwards(direction) * (centreOf(b)[axis] - centreOf(a)[axis])
}

/** `a` plainly lies further in a direction than `b`: further left, further up … */
export function isFurther(direction: Relation | Side, a: PixelBox, b: PixelBox, size: Size): boolean {
  const side = axisOf(direction) === 'x' ? size.width : size.height
  const [low, high] = axisOf(direction) === 'x' ? ([0, 2] as const) : ([1, 3] as const)
  const shared = Math.min(a[high], b[high]) - Math.max(a[low], b[low])
  const smaller = Math.min(a[high] - a[low], b[high] - b[low])
  return distanceTowards(direction, a, b) >= LEVEL * side && shared <= SHARED * smaller
}

/** `a` plainly is `left of` (…) `b`: further in that direction, and not rather above or below it. */
export function isBeside(relation: Relation, a: PixelBox, b: PixelBox, size: Size): boolean {
  return isFurther(relation, a, b, size) && distanceTowards(relation, a, b) >= 0.7 * distanceAcross(relation, a, b)
}

/** Somebody may say that `a` is `left of` (…) `b`, though it is not plain. */
export function mayBeBeside(relation: Relation, a: PixelBox, b: PixelBox): boolean {
  const towards = distanceTowards(relation, a, b)
  return towards > 0 && towards >= 0.35 * distanceAcross(relation, a, b)
}

function distanceAcross(relation: Relation, a: PixelBox, b: PixelBox): number {
  const across = axisOf(relation) === 'x' ? 'above' : 'left'
  return Math.abs(distanceTowards(across, a, b))
}

/** The one relation that says where `a` is from `b`, where no other would do: undefined between two directions. */
export function mainRelation(a: PixelBox, b: PixelBox, size: Size): Relation | undefined {
  return relations.find(
    relation => isBeside(relation, a, b, size) && distanceTowards(relation, a, b) >= 2 * distanceAcross(relation, a, b),
  )
}

/** Shares of what two boxes cover together that they have in common: 0 … 1. */
export function overlapOf(a: PixelBox, b: PixelBox): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (width <= 0 || height <= 0) return 0
  return (width * height) / (areaOf(a) + areaOf(b) - width * height)
}

/** Things less than this seen are not spoken of one by one. */
export const isPlainlySeen = (object: SceneObject) => object.visible >= 0.6
