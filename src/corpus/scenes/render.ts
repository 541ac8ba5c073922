/**
 * A composed scene as pixels, and the exact record of what can be seen in them. Knows nothing of what is said about it.
 */
import type { Point, Quad } from '../../text/index.ts'
import type { Materials, Raster } from '../materials/materials.ts'
import type { TextLine } from '../wording/index.ts'
import { drawBackground } from './backgrounds/index.ts'
import { colourShares, type Plainness, plainColour } from './colour.ts'
import type { ComposedObject, ComposedScene } from './composed.ts'
import { blend, eachPixel, edgeOf, type Offset, softMask, tintBy } from './layers.ts'
import { light, photograph } from './light.ts'
import { type Painting, paint, studyPainting } from './recolour.ts'
import type { Colour, PixelBox, Scene, SceneObject } from './scene.ts'
import { drawShape } from './shapes.ts'
import { type DrawnSign, drawSign } from './signs.ts'
import { type Pyramid, pyramid, stand } from './sprite.ts'

export interface RenderedScene {
  readonly scene: Scene
  /** Opaque. */
  readonly picture: Raster
  /** What is written on signs of which nothing is covered, and the corners of it, in pixels of the picture. */
  readonly writings: readonly TextLine[]
}

/** A thing as it is laid into the picture. */
interface Layer {
  readonly raster: Raster
  readonly offset: Offset
  /** The colour it was painted in and plainly has. */
  readonly painted?: Colour
  /** For a sign. */
  readonly writing?: TextLine
}

/** Renders a scene: the same composition gives the same bytes. */
export async function renderScene(composed: ComposedScene, materials: Materials): Promise<RenderedScene> {
  const picture = await drawBackground(composed.background, composed, materials)
  const layers: Layer[] = []
  // Which thing each pixel shows: its place in `objects`, or -1 for the background.
  const shown = new Int16Array(picture.width * picture.height).fill(-1)
  for (const [index, object] of composed.objects.entries()) {
    const layer = await drawObject(object, materials)
    layers.push(layer)
    layIn(picture, layer, object, composed)
    eachPixel(picture, layer.raster, layer.offset, (own, beneath) => {
      if (layer.raster.data[own * 4 + 3]! > 127) shown[beneath] = index
    })
  }
  const scene: Scene = {
    ...{ width: composed.width, height: composed.height, lighting: composed.lighting },
    background: { kind: composed.background.kind, id: composed.background.id },
    objects: composed.objects.map((object, index) => recordOf(object, layers[index]!, index, shown, picture)),
  }
  light(picture, composed.lighting)
  photograph(picture, composed.camera)
  const writings = layers.flatMap(({ writing }, index) =>
    writing !== undefined && scene.objects[index]!.visible > 0.995 ? [writing] : [],
  )
  return { scene, picture, writings }
}

/** Whether all things of a scene can be seen by half or more, and none is a mere speck. */
export function isWellSeen({ objects, width, height }: Scene): boolean {
  return objects.every(({ visible, box: [left, top, right, bottom] }) => {
    const [across, down] = [((right - left) * 224) / width, ((bottom - top) * 224) / height]
    return visible >= 0.5 && Math.max(across, down) >= 22 && Math.min(across, down) >= 5
  })
}

/** Lays a thing into the picture over its shadow and, where it would be lost in what is beneath, a soft outline. */
function layIn(picture: Raster, { raster, offset }: Layer, object: ComposedObject, { shadow }: ComposedScene): void {
  if (shadow !== undefined) {
    const radius = Math.max(1, Math.round(shadow.soft * object.size))
    const at = {
      x: offset.x - 2 * radius + Math.round(shadow.right * object.size),
      y: offset.y - 2 * radius + Math.round(shadow.down * object.size),
    }
    tintBy(picture, softMask(raster, radius), at, 0, { gain: shadow.strength, most: 1 })
  }
  const edge = edgeOf(picture, raster, offset)
  if (edge.lost > 0.35) {
    const radius = Math.max(1, Math.round(object.size / 50))
    const at = { x: offset.x - 2 * radius, y: offset.y - 2 * radius }
    tintBy(picture, softMask(raster, radius), at, edge.lightness > 0.62 ? 40 : 255, { gain: 2.5, most: 0.7 })
  }
  blend(picture, raster, offset)
}

async function drawObject(object: ComposedObject, materials: Materials): Promise<Layer> {
  const { kind, look, size, rotation, mirrored, fill, sign } = object
  const place = (raster: Raster): Offset => ({
    x: Math.round(object.x - raster.width / 2),
    y: Math.round(object.y - raster.height / 2),
  })
  if (sign !== undefined) {
    const drawn = drawSign(sign, size)
    const raster = stand([drawn.raster], { size, rotation, mirrored })
    const writing = { text: sign.writing, quad: quadOf(object, drawn) }
    return { raster, offset: place(raster), painted: sign.colour, writing }
  }
  if (fill !== undefined) {
    if (object.paint === undefined) throw new RangeError(`the ${kind} of a scene is drawn and needs a colour`)
    const { colour, tint } = object.paint
    const raster = stand([drawShape(kind, fill, colour, tint, size)], { size, rotation, mirrored })
    return { raster, offset: place(raster), painted: colour }
  }
  const sprite = await materials.sprite(look)
  const raster = stand(levelsOf(sprite), { size, rotation, mirrored })
  const offset = place(raster)
  if (object.paint === undefined) return { raster, offset }
  const painting = paintingOf(materials, look, sprite, object.paint.colour)
  if (painting === null) return { raster, offset }
  paint(raster, painting, object.paint.colour, object.paint.tint)
  return { raster, offset, painted: object.paint.colour }
}

/** The corners of what is written on a sign that stands in a picture. */
function quadOf({ x, y, size, rotation }: ComposedObject, { raster: { width, height }, text }: DrawnSign): Quad {
  const scale = size / Math.max(width, height)
  const angle = (rotation * Math.PI) / 180
  const corner = (across: number, down: number): Point => {
    const right = (across - 0.5) * width * scale
    const below = (down - 0.5) * height * scale
    return [
      x + right * Math.cos(angle) - below * Math.sin(angle),
      y + right * Math.sin(angle) + below * Math.cos(angle),
    ]
  }
  const { left, top, right, bottom } = text
  return [corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)]
}

/** The halves of sprites, kept as long as the materials keep the sprites. */
const levels = new WeakMap<Raster, Pyramid>()

function levelsOf(sprite: Raster): Pyramid {
  const known = levels.get(sprite)
  if (known !== undefined) return known
  const made = pyramid(sprite)
  levels.set(sprite, made)
  return made
}

/** How the looks of some materials are painted, by look and colour; null for one that cannot be. */
const paintings = new WeakMap<Materials, Map<string, Painting | null>>()

function paintingOf(materials: Materials, look: string, sprite: Raster, colour: Colour): Painting | null {
  const known = paintings.get(materials) ?? new Map<string, Painting | null>()
  paintings.set(materials, known)
  const key = `${look} ${colour}`
  const studied = known.get(key)
  if (studied !== undefined) return studied
  const small = levelsOf(sprite).find(({ width, height }) => Math.max(width, height) <= 72) ?? sprite
  const painting = studyPainting(small, colour) ?? null
  known.set(key, painting)
  return painting
}

/** Paint is told by less: people see what it was put on, and writing and windows are not counted against it. */
const painted: Plainness = { most: 0.45, other: 0.35 }

function recordOf(
  object: ComposedObject,
  layer: Layer,
  index: number,
  shown: Int16Array,
  picture: Raster,
): SceneObject {
  const { raster, offset } = layer
  let all = 0
  for (let at = 3; at < raster.data.length; at += 4) if (raster.data[at]! > 127) all++
  const seen = new Uint8Array(raster.width * raster.height)
  let count = 0
  let [left, top, right, bottom] = [picture.width, picture.height, 0, 0]
  eachPixel(picture, raster, offset, (own, beneath) => {
    if (shown[beneath] !== index) return
    seen[own] = 1
    count++
    const x = beneath % picture.width
    const y = (beneath - x) / picture.width
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + 1)
    bottom = Math.max(bottom, y + 1)
  })
  const shares = colourShares(raster, pixel => seen[pixel] === 1)
  const colour = plainColour(shares, layer.painted === undefined ? undefined : painted)
  const box: PixelBox = count === 0 ? [0, 0, 0, 0] : [left, top, right, bottom]
  return {
    ...{ kind: object.kind, look: object.look, box },
    ...(colour === undefined || (layer.painted ?? colour) !== colour ? {} : { colour }),
    visible: all === 0 ? 0 : count / all,
    ...{ rotation: object.rotation, mirrored: object.mirrored },
    ...(object.sign === undefined ? {} : { writing: object.sign.writing }),
  }
}
