/**
 * The plan of a scene: all that has to be known to draw it. Holds no pixels.
 */
import type { BackgroundKind, ComposedBackground } from './backgrounds/index.ts'
import type { Frame } from './layout.ts'
import type { Tint } from './recolour.ts'
import type { Colour, Scene } from './scene.ts'
import type { Fill } from './shapes.ts'
import type { Sign } from './signs.ts'

/** A thing that is to be drawn. Its frame is the square that its sprite fits in before it is turned. */
export interface ComposedObject extends Frame {
  readonly kind: string
  readonly look: string
  /** Clockwise, in degrees. */
  readonly rotation: number
  readonly mirrored: boolean
  /** The colour that it is painted in; absent for one that is left as its look is. */
  readonly paint?: { readonly colour: Colour; readonly tint: Tint }
  /** For a shape. */
  readonly fill?: Fill
  readonly sign?: Sign
}

/** What the camera does: a radius in pixels, grey levels. */
export interface Camera {
  readonly blur: number
  readonly noise: number
  readonly seed: number
}

export interface Shadow {
  /** In shares of the size of the thing. */
  readonly right: number
  readonly down: number
  readonly soft: number
  /** 0 to 1. */
  readonly strength: number
}

export interface ComposedScene {
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly background: ComposedBackground
  readonly lighting: Scene['lighting']
  readonly camera: Camera
  readonly shadow?: Shadow
  /** From the back to the front. */
  readonly objects: readonly ComposedObject[]
}

/**
 * What is together in a scene. `single`: one thing. `different`: things of different kinds. `same`: several of one kind,
 * and perhaps others. `twins`: some of one kind that differ in colour or in size, and perhaps others.
 */
export type Gathering = 'single' | 'different' | 'same' | 'twins'

/** `any` takes from both sides. */
export type MaterialSide = 'seen' | 'unseen' | 'any'

export interface SceneOptions {
  readonly side: MaterialSide
  /** Pixels: least and most. */
  readonly width: readonly [number, number]
  readonly height: readonly [number, number]
  readonly gathering: Gathering
  /** How many things: weights of 1 to 8. */
  readonly number: { readonly [count: string]: number }
  /** Share of the things that may have any colour which are painted. */
  readonly painted: number
  readonly backgrounds: { readonly [kind in BackgroundKind]?: number }
  /** One of the things is a sign with writing in this language. */
  readonly writing?: 'en' | 'zh'
  /** Nothing covers anything else (default: sometimes a little). */
  readonly apart?: boolean
}

/** The materials that one side may use, in the order in which they are given. */
export const sidesOf = (side: MaterialSide): readonly ('seen' | 'unseen')[] =>
  side === 'any' ? ['seen', 'unseen'] : [side]
