/** Kinds that a scene plainly does not show, to be asked about in vain. Knows no wording. */
import type { Kind } from '../../materials/kind.ts'
import type { Scene } from '../../scenes/scene.ts'
import type { Asking } from '../asking.ts'
import { mayShow } from '../background.ts'

/** Share of those that are of the same category as something that is there. */
const NEAR = 0.65
const tries = 60

/** A kind that nothing in any of the scenes may be taken for. Undefined where none was found. */
export function absentKind({ catalogue, random }: Asking, scenes: readonly Scene[]): Kind | undefined {
  const shown = [...new Set(scenes.flatMap(({ objects }) => objects.map(({ kind }) => kind)))]
  const near = shown.length > 0 && random.chance(NEAR) ? catalogue.kind(random.pick(shown)).category : undefined
  const ofCategory = catalogue.all.filter(({ category }) => near === undefined || category === near)
  for (let i = 0; i < tries && ofCategory.length > 0; i++) {
    const kind = random.pick(ofCategory)
    const mistaken = shown.some(
      other => catalogue.calledSo(kind.id).has(other) || catalogue.calledSo(other).has(kind.id),
    )
    // A wheel is a circle to some: shapes are asked for in vain among shapes only.
    const shape = kind.category === 'shape' && shown.some(other => catalogue.kind(other).category !== 'shape')
    if (!mistaken && !shape && scenes.every(({ background }) => !mayShow(background, [...catalogue.calledSo(kind.id)])))
      return kind
  }
  return undefined
}
