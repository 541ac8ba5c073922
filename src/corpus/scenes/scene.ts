/**
 * What a made picture shows, recorded exactly: the things in it, where each is seen and what covers it. Everything that
 * is said about a picture is read off its scene. Knows neither pixels nor words.
 */

/** The colours that are told apart. */
export const colours = [
  'red',
  'orange',
  'yellow',
  'green',
  'blue',
  'purple',
  'pink',
  'brown',
  'black',
  'white',
  'grey',
] as const
export type Colour = (typeof colours)[number]

/** x1, y1, x2, y2 in pixels of the picture, from its upper left corner: x1 ≤ x < x2. */
export type PixelBox = readonly [number, number, number, number]

/** One thing in a scene. */
export interface SceneObject {
  /** The id of its kind in the catalogue (`materials/kinds.ts`). */
  readonly kind: string
  /** Which of the kind's looks it has: `fluent-3d:1f34e`, `drawn:circle`. */
  readonly look: string
  /** The colour that it is plainly seen in; absent for one of several colours or between two. */
  readonly colour?: Colour
  /** The smallest box around the pixels of it that can be seen. */
  readonly box: PixelBox
  /** Share of its pixels that can be seen: 1 where nothing covers it and it is whole in the picture. */
  readonly visible: number
  /** Turned clockwise, in degrees. */
  readonly rotation: number
  readonly mirrored: boolean
  /** What is written on it, for a sign or a label. */
  readonly writing?: string
}

/** Where the things are: a photograph, a drawn room … */
export interface SceneBackground {
  readonly kind: 'plain' | 'gradient' | 'texture' | 'photograph' | 'room' | 'street' | 'landscape'
  /** Tells it from others of its kind: a file, a seed. */
  readonly id: string
}

export interface Scene {
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly background: SceneBackground
  readonly lighting: 'day' | 'bright' | 'dim' | 'warm' | 'cold'
  /** From the back to the front. Each is seen by at least half (`visible` ≥ 0.5). */
  readonly objects: readonly SceneObject[]
}

/** How the second of two scenes differs from the first. Indices are places in `objects` of the scene that has the thing. */
export type SceneChange =
  | { readonly kind: 'removed'; readonly before: number }
  | { readonly kind: 'added'; readonly after: number }
  | { readonly kind: 'recoloured'; readonly before: number; readonly after: number }
  | { readonly kind: 'replaced'; readonly before: number; readonly after: number }
  | { readonly kind: 'moved'; readonly before: number; readonly after: number }
