/**
 * On which side of training a scene is, by what it shows: the same things in the same places are never on both. Knows no
 * samples.
 */
import { hash32 } from '../random.ts'
import type { ComposedScene } from './composed.ts'

export type Split = 'train' | 'held-out'

/** One scene in so many is held out. */
const heldOutEvery = 64

/** Kinds, looks, colours, writing and places (to a sixteenth of the picture), and the background. */
function contentOf({ width, height, background, objects }: ComposedScene): string {
  const things = objects.map(({ kind, look, paint, sign, x, y, size }) => [
    kind,
    look,
    paint?.colour ?? '',
    sign?.writing ?? '',
    ...[x / width, y / height, size / width].map(share => Math.round(share * 16)),
  ])
  return JSON.stringify([background.kind, background.id, things])
}

/** The split that the scene belongs to, whoever made it. */
export const splitOf = (composed: ComposedScene): Split =>
  hash32(contentOf(composed)) % heldOutEvery === 0 ? 'held-out' : 'train'
