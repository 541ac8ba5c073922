import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/corpus/random.ts'
import { composeScene } from '../../../src/corpus/scenes/compose.ts'
import type { ComposedScene, Gathering, SceneOptions } from '../../../src/corpus/scenes/composed.ts'
import { differsOnlyBy, editScene } from '../../../src/corpus/scenes/edit.ts'
import { leastSize, overlap } from '../../../src/corpus/scenes/layout.ts'
import { renderScene } from '../../../src/corpus/scenes/render.ts'
import { splitOf } from '../../../src/corpus/scenes/split.ts'
import { materials } from './madeUp.ts'

const options: SceneOptions = {
  ...{ side: 'seen', width: [200, 400], height: [200, 400], gathering: 'different', painted: 0.6 },
  number: { 1: 1, 2: 2, 3: 2, 4: 2, 5: 1 },
  backgrounds: { plain: 1, texture: 1, photograph: 2, room: 1, street: 1, landscape: 1, gradient: 1 },
}

function composeMany(count: number, more: Partial<SceneOptions> = {}): ComposedScene[] {
  return Array.from({ length: count }, (_, index) =>
    composeScene(new Random('compose', index), materials, { ...options, ...more }),
  ).filter(composed => composed !== undefined)
}

describe('composing', () => {
  it('nearly always finds room, and gives each thing a size that is plain at 224 pixels', () => {
    const scenes = composeMany(300)
    expect(scenes.length).toBeGreaterThan(285)
    for (const scene of scenes) {
      for (const { size } of scene.objects) expect(size).toBeGreaterThanOrEqual(leastSize(scene) - 1e-6)
      expect(Math.max(scene.width, scene.height) / Math.min(scene.width, scene.height)).toBeLessThanOrEqual(1.71)
    }
  })

  it('lets nothing cover anything where all is to be apart', () => {
    for (const { objects } of composeMany(200, { apart: true })) {
      for (const [index, one] of objects.entries()) {
        for (const other of objects.slice(index + 1)) expect(overlap(one, other)).toBe(0)
      }
    }
  })

  it.each([
    ['single', ({ objects }: ComposedScene) => objects.length === 1],
    ['different', ({ objects }: ComposedScene) => new Set(objects.map(({ kind }) => kind)).size === objects.length],
    ['twins', ({ objects }: ComposedScene) => new Set(objects.map(({ kind }) => kind)).size < objects.length],
  ] as const)('gathers what is asked for: %s', (gathering, holds) => {
    for (const scene of composeMany(100, { gathering })) expect(holds(scene)).toBe(true)
  })

  it('counts out the same kind as often as the weights say', () => {
    const counts = new Map<number, number>()
    const weights = { gathering: 'same' as Gathering, number: { 1: 1, 2: 1, 3: 1, 4: 1, 5: 1 } }
    for (const { objects } of composeMany(500, weights)) {
      const most = Math.max(...objects.map(({ kind }) => objects.filter(other => other.kind === kind).length))
      counts.set(most, (counts.get(most) ?? 0) + 1)
    }
    for (const number of [1, 2, 3, 4, 5]) expect(counts.get(number)).toBeGreaterThan(60)
  })

  it('draws all kinds about equally often', () => {
    const drawn = new Map<string, number>()
    for (const { objects } of composeMany(1200, { gathering: 'single' })) {
      drawn.set(objects[0]!.kind, (drawn.get(objects[0]!.kind) ?? 0) + 1)
    }
    for (const { id } of materials.kinds) expect(drawn.get(id)).toBeGreaterThan(150)
  })

  it('takes backgrounds and fonts from its side only', () => {
    const names = (side: SceneOptions['side']) =>
      composeMany(200, { side, writing: 'en' }).flatMap(({ background, objects }) => [
        ...(background.kind === 'photograph' ? [background.id] : []),
        ...objects.flatMap(({ sign }) => (sign === undefined ? [] : [sign.family])),
      ])
    expect(new Set(names('seen'))).toEqual(new Set(['seen meadow', 'seen lake', 'made-up font']))
    expect(new Set(names('unseen'))).toEqual(new Set(['unseen meadow', 'unseen lake', 'unseen font']))
    expect(new Set(names('any')).size).toBe(6)
  })

  it('holds out about one scene in 64, by what it shows and not by who made it', () => {
    const scenes = composeMany(3000)
    const heldOut = scenes.filter(scene => splitOf(scene) === 'held-out')
    expect(heldOut.length / scenes.length).toBeGreaterThan(0.008)
    expect(heldOut.length / scenes.length).toBeLessThan(0.026)
    for (const scene of heldOut) expect(splitOf({ ...scene, lighting: 'dim' })).toBe('held-out')
  })
})

describe('an edit', () => {
  it('changes exactly what it says, and each kind of change is drawn', async () => {
    const kinds = new Map<string, number>()
    for (const [index, composed] of composeMany(50, { apart: true, painted: 1 }).entries()) {
      const edited = editScene(new Random('edit', index), composed, materials)
      if (edited === undefined) continue
      const { change } = edited
      kinds.set(change.kind, (kinds.get(change.kind) ?? 0) + 1)
      const [before, after] = [composed.objects, edited.composed.objects]
      const stayed = before.filter((_, place) => !('before' in change && place === change.before))
      const stayedAfter = after.filter((_, place) => !('after' in change && place === change.after))
      expect(stayedAfter).toEqual(stayed)
      expect({ ...edited.composed, objects: [] }).toEqual({ ...composed, objects: [] })
      if (index > 12) continue
      const [first, second] = [await renderScene(composed, materials), await renderScene(edited.composed, materials)]
      const holds = differsOnlyBy(first.scene, second.scene, change)
      if (change.kind !== 'recoloured') expect(holds, JSON.stringify(change)).toBe(true)
    }
    expect([...kinds.keys()].sort()).toEqual(['added', 'moved', 'recoloured', 'removed', 'replaced'])
  })

  it('is not taken for one where something else differs too', async () => {
    const [composed] = composeMany(1, { apart: true })
    const { scene } = await renderScene(composed!, materials)
    const other = { ...scene, objects: scene.objects.map(object => ({ ...object, mirrored: !object.mirrored })) }
    expect(differsOnlyBy(scene, other, { kind: 'moved', before: 0, after: 0 })).toBe(scene.objects.length === 1)
  })
})
