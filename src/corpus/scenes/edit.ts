/**
 * The second of two pictures that differ in exactly one thing: something is gone, new, painted, exchanged or elsewhere.
 * Knows nothing of what is said about it.
 */
import type { Materials } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import type { ComposedObject, ComposedScene } from './composed.ts'
import { drawThing, drawTint, kindsToShow } from './gather.ts'
import { freeFrame, leastSize } from './layout.ts'
import { type Colour, colours, type Scene, type SceneChange } from './scene.ts'

export interface EditedScene {
  readonly composed: ComposedScene
  readonly change: SceneChange
}

/** A share of the things drawn in an edit is painted, as in the scenes themselves. */
const painted = 0.6

/** An edit of the scene; undefined where the one that was drawn cannot be had. */
export function editScene(random: Random, composed: ComposedScene, materials: Materials): EditedScene | undefined {
  const { objects } = composed
  const kind = random.pick(['removed', 'added', 'recoloured', 'replaced', 'moved'] as const)
  const index = random.int(0, objects.length - 1)
  const object = objects[index]
  if (object === undefined) return undefined
  const edited = (changed: readonly ComposedObject[], change: SceneChange): EditedScene => ({
    composed: { ...composed, objects: changed },
    change,
  })
  switch (kind) {
    case 'removed':
      return objects.length < 2 ? undefined : edited(objects.toSpliced(index, 1), { kind, before: index })
    case 'added': {
      const size = random.between(leastSize(composed), Math.max(leastSize(composed), object.size))
      const frame = freeFrame(random, size, composed, objects, { covered: 0, top: 0 })
      if (frame === undefined) return undefined
      const thing = drawThing(random, materials, random.pick(kindsToShow(materials)), painted)
      return edited([...objects, { ...thing, ...frame }], { kind, after: objects.length })
    }
    case 'recoloured': {
      if (object.paint === undefined) return undefined
      const old: Colour = object.paint.colour
      const colour = random.pick(colours.filter(other => other !== old))
      const changed = { ...object, paint: { colour, tint: drawTint(random) } }
      return edited(objects.with(index, changed), { kind, before: index, after: index })
    }
    case 'replaced': {
      if (object.sign !== undefined) return undefined
      const others = kindsToShow(materials).filter(({ id }) => id !== object.kind)
      const thing = drawThing(random, materials, random.pick(others), painted)
      const { x, y, size } = object
      return edited(objects.with(index, { ...thing, x, y, size }), { kind, before: index, after: index })
    }
    case 'moved': {
      const others = objects.toSpliced(index, 1)
      const frame = freeFrame(random, object.size, composed, others, { covered: 0, top: 0 })
      const far = Math.max(composed.width, composed.height) * 0.28
      if (frame === undefined || Math.hypot(frame.x - object.x, frame.y - object.y) < far) return undefined
      return edited(objects.with(index, { ...object, ...frame }), { kind, before: index, after: index })
    }
    default:
      return kind satisfies never
  }
}

/** Whether the rendered scenes differ as the change says and all else is as it was. */
export function differsOnlyBy(before: Scene, after: Scene, change: SceneChange): boolean {
  const placeBefore = 'before' in change ? change.before : -1
  const placeAfter = 'after' in change ? change.after : -1
  const stayed = before.objects.filter((_, index) => index !== placeBefore)
  const stayedAfter = after.objects.filter((_, index) => index !== placeAfter)
  if (JSON.stringify(stayed) !== JSON.stringify(stayedAfter)) return false
  if (change.kind !== 'recoloured') return true
  const [old, young] = [before.objects[placeBefore]?.colour, after.objects[placeAfter]?.colour]
  return old !== undefined && young !== undefined && old !== young
}
