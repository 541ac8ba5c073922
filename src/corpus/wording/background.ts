/** What a background may show by itself, beside the things that were put before it. Knows no other things of a scene. */
import type { SceneBackground } from '../scenes/scene.ts'

const sky = ['cloud', 'rain-cloud', 'snow-cloud', 'sun', 'moon']
const land = ['mountain', 'volcano', 'island', 'wave', 'rock', 'tree', 'pine-tree']
const walls = ['window', 'door', 'brick-wall', 'square', 'rectangle']
const houses = [
  'house',
  'hut',
  'office-building',
  'hotel',
  'hospital',
  'bank',
  'school',
  'factory',
  'convenience-store',
]
const painted = [
  'flower',
  'palm-tree',
  'castle',
  'church',
  'tower',
  'sailboat',
  'ship',
  'planet',
  'globe',
  'star',
  'fire',
]

/** Kinds that somebody who looks for them may find there. */
const shown: Readonly<Record<SceneBackground['kind'], ReadonlySet<string>>> = {
  plain: new Set(),
  gradient: new Set(),
  texture: new Set(['circle', 'diamond', 'star', 'wave', 'rock', ...walls]),
  photograph: new Set([...sky, ...land, ...houses, ...painted]),
  room: new Set(['picture', 'log', ...walls]),
  street: new Set([...sky, ...houses, ...walls]),
  landscape: new Set([...sky, ...land]),
}

/**
 * Whether things of one of the kinds may be in such a background: whoever counts them, or asks whether there is one, may
 * find those too.
 */
export const mayShow = ({ kind }: SceneBackground, kinds: readonly string[]): boolean =>
  kinds.some(id => shown[kind].has(id))

/** Nothing is to be seen but what was put there. */
export const isEmpty = ({ kind }: SceneBackground): boolean =>
  kind === 'plain' || kind === 'gradient' || kind === 'texture'
