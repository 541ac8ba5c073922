/**
 * Which things of a scene a description fits: plainly, and possibly. A description singles a thing out only where
 * nothing else possibly fits: a dog of several colours may pass for the brown one, and two things that are nearly level
 * may each be the higher. Knows no language.
 */
import type { Colour, Scene, SceneObject } from '../scenes/scene.ts'
import type { Catalogue } from './catalogue.ts'
import {
  areaOf,
  type Cell,
  cellsOf,
  centreOf,
  isBeside,
  isFurther,
  isPlainlySeen,
  mayBeBeside,
  type Relation,
  type Side,
} from './places.ts'

/** What kind of thing is meant: one kind, any of a category, anything. */
export type Head = { readonly kind: string } | { readonly category: string } | 'thing'

/** A description without a distinction. */
export interface Plain {
  readonly head: Head
  readonly colour?: Colour
  readonly writing?: string
}

/** What tells the thing from others that the rest fits. */
export type Mark =
  | { readonly by: 'size'; readonly size: 'big' | 'small' }
  | { readonly by: 'side'; readonly side: Side }
  /** `place` counts from 1. */
  | { readonly by: 'order'; readonly from: 'left' | 'right'; readonly place: number }
  | { readonly by: 'cell'; readonly cell: Cell }
  | { readonly by: 'relation'; readonly relation: Relation; readonly landmark: Plain }

export interface Description extends Plain {
  readonly mark?: Mark
}

/** Places in `objects` of the scene. What fits plainly fits possibly too. */
export interface Fit {
  readonly plainly: readonly number[]
  readonly possibly: readonly number[]
}

/** How much larger the big one of a kind is than the next. */
const BIGGER = 1.8
/** Things in a row: their middles differ in height by less than this share of the picture. */
const ROW = 0.3

/** The place in `objects` of the one thing that is meant; undefined where several may be, or none is. */
export function resolve(description: Description, scene: Scene, catalogue: Catalogue): number | undefined {
  const { plainly, possibly } = fitOf(description, scene, catalogue)
  return plainly.length === 1 && possibly.length === 1 ? plainly[0] : undefined
}

/** What a description fits. Throws a WordingError for a kind that the catalogue lacks. */
export function fitOf(description: Description, scene: Scene, catalogue: Catalogue): Fit {
  const base = plainFitOf(description, scene, catalogue)
  const { mark } = description
  if (mark === undefined) return base
  // Where it is not certain who stands in the row, nobody is the second.
  if (mark.by === 'order' && base.plainly.length < base.possibly.length) return { ...base, plainly: [] }
  const { plainly, possibly } = markedFit(mark, base.possibly, scene, catalogue)
  return { plainly: plainly.filter(index => base.plainly.includes(index)), possibly }
}

/** What the description fits but for its mark. */
export function plainFitOf({ head, colour, writing }: Plain, scene: Scene, catalogue: Catalogue): Fit {
  const fits = (possibly: boolean) => (object: SceneObject) =>
    headFits(head, object, catalogue, possibly) &&
    (colour === undefined || object.colour === colour || (possibly && object.colour === undefined)) &&
    (writing === undefined || object.writing === writing)
  return { plainly: placesOf(scene, fits(false)), possibly: placesOf(scene, fits(true)) }
}

function placesOf({ objects }: Scene, test: (object: SceneObject) => boolean): number[] {
  return objects.flatMap((object, index) => (test(object) ? [index] : []))
}

function headFits(head: Head, { kind }: SceneObject, catalogue: Catalogue, possibly: boolean): boolean {
  if (head === 'thing') return true
  if ('kind' in head) return possibly ? catalogue.calledSo(head.kind).has(kind) : kind === head.kind
  return possibly ? catalogue.mayBeOf(head.category, kind) : catalogue.kind(kind).category === head.category
}

/** Which of several fit a mark. */
function markedFit(mark: Mark, among: readonly number[], scene: Scene, catalogue: Catalogue): Fit {
  const boxOf = (index: number) => (scene.objects[index] as SceneObject).box
  const others = (index: number) => among.filter(other => other !== index)
  const where = (test: (index: number) => boolean) => among.filter(test)
  const comparative = mark.by === 'size' || mark.by === 'side' || mark.by === 'order'
  if (comparative && among.length < (mark.by === 'order' ? 3 : 2)) return { plainly: [], possibly: among }
  switch (mark.by) {
    case 'size': {
      if (!among.every(index => isPlainlySeen(scene.objects[index] as SceneObject))) {
        return { plainly: [], possibly: among }
      }
      const over = (a: number, b: number, ratio: number) => {
        const [larger, smaller] = mark.size === 'big' ? [a, b] : [b, a]
        return areaOf(boxOf(larger)) >= ratio * areaOf(boxOf(smaller))
      }
      return {
        plainly: where(index => others(index).every(other => over(index, other, BIGGER))),
        possibly: where(index => !others(index).some(other => over(other, index, BIGGER))),
      }
    }
    case 'side': {
      const further = (a: number, b: number) => isFurther(mark.side, boxOf(a), boxOf(b), scene)
      return {
        plainly: where(index => others(index).every(other => further(index, other))),
        possibly: where(index => !others(index).some(other => further(other, index))),
      }
    }
    case 'order': {
      const row = [...among].sort((a, b) => centreOf(boxOf(a)).x - centreOf(boxOf(b)).x)
      if (mark.from === 'right') row.reverse()
      const heights = row.map(index => centreOf(boxOf(index)).y)
      const inRow =
        Math.max(...heights) - Math.min(...heights) <= ROW * scene.height &&
        row.every((index, place) => place === 0 || isFurther(mark.from, boxOf(row[place - 1]!), boxOf(index), scene))
      if (!inRow) return { plainly: [], possibly: among }
      const chosen = row.slice(mark.place - 1, mark.place)
      return { plainly: chosen, possibly: chosen }
    }
    case 'cell': {
      const inCell = (index: number) => cellsOf(boxOf(index), scene)
      return {
        plainly: where(index => inCell(index).length === 1 && inCell(index)[0] === mark.cell),
        possibly: where(index => inCell(index).includes(mark.cell)),
      }
    }
    case 'relation': {
      const landmark = resolve(mark.landmark, scene, catalogue)
      if (landmark === undefined) return { plainly: [], possibly: among }
      const box = boxOf(landmark)
      return {
        plainly: where(index => index !== landmark && isBeside(mark.relation, boxOf(index), box, scene)),
        possibly: where(index => index !== landmark && mayBeBeside(mark.relation, boxOf(index), box)),
      }
    }
  }
}
