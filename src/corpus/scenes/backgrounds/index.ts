/** The backgrounds of scenes by kind: each is drawn again alike from its seed. Knows nothing of what stands before it. */
import { createCanvas } from '@napi-rs/canvas'
import type { Materials, Raster } from '../../materials/materials.ts'
import { Random } from '../../random.ts'
import type { SceneBackground } from '../scene.ts'
import { drawLandscape } from './landscape.ts'
import type { Painter } from './pen.ts'
import { drawPhotograph } from './photograph.ts'
import { drawGradient, drawPlain } from './plain.ts'
import { drawRoom } from './room.ts'
import { drawStreet } from './street.ts'
import { drawTexture } from './textures.ts'

export type BackgroundKind = SceneBackground['kind']

/** What has to be known to draw a background. For a photograph the id is its name. */
export interface ComposedBackground extends SceneBackground {
  readonly seed: number
}

const painters: Readonly<Record<Exclude<BackgroundKind, 'photograph'>, Painter>> = {
  plain: drawPlain,
  gradient: drawGradient,
  texture: drawTexture,
  room: drawRoom,
  street: drawStreet,
  landscape: drawLandscape,
}

/** The background at the size of the picture, opaque. */
export async function drawBackground(
  { kind, id, seed }: ComposedBackground,
  { width, height }: { readonly width: number; readonly height: number },
  materials: Materials,
): Promise<Raster> {
  const random = new Random('background', kind, seed)
  const pen = createCanvas(width, height).getContext('2d')
  // Parts that meet between two pixels leave a seam, through which this is seen.
  pen.fillStyle = '#8c8c8c'
  pen.fillRect(0, 0, width, height)
  if (kind === 'photograph') drawPhotograph(pen, random, width, height, await materials.background(id))
  else painters[kind](pen, random, width, height)
  return { width, height, data: pen.getImageData(0, 0, width, height).data }
}
