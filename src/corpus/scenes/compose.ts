/**
 * What a picture is to show, decided before a pixel is drawn: things, looks, colours, places, a background and its light.
 * Asks the materials for names only, so that many scenes can be thrown away for one that is wanted.
 */
import type { Materials } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import type { BackgroundKind, ComposedBackground } from './backgrounds/index.ts'
import {
  type ComposedObject,
  type ComposedScene,
  type Gathering,
  type SceneOptions,
  type Shadow,
  sidesOf,
} from './composed.ts'
import { gather, type Thing } from './gather.ts'
import { layOut, leastSize, type Manner } from './layout.ts'

/** Composes a scene; undefined where what was drawn does not fit into the picture. */
export function composeScene(random: Random, materials: Materials, options: SceneOptions): ComposedScene | undefined {
  const area = drawArea(random, options)
  const background = drawGround(random, materials, options)
  const things = gather(random, materials, options)
  const sizes = drawSizes(random, things, area, options.gathering)
  const placed = layOut(random, sizes, area, {
    manner: drawManner(random, things.length, background.kind),
    covered: options.apart === true || random.chance(0.7) ? 0 : random.between(0.02, 0.14),
  })
  if (placed === undefined) return undefined
  const objects = things.map((thing, index): ComposedObject => ({ ...thing, ...placed[index]! }))
  // What is lower in the picture is nearer, as on a floor.
  if (random.chance(0.7)) objects.sort((one, other) => one.y + one.size / 2 - other.y - other.size / 2)
  return {
    ...area,
    background,
    lighting: random.weighted({ day: 6, bright: 1, dim: 1, warm: 1, cold: 1 }),
    camera: {
      blur: random.chance(0.12) ? random.between(0.3, 0.8) : 0,
      noise: random.chance(0.15) ? random.between(2, 9) : 0,
      seed: random.int(0, 0xffff),
    },
    ...(random.chance(0.4) ? { shadow: drawShadow(random) } : {}),
    objects,
  }
}

/** A picture of the sizes asked for, no side more than 1.7 times the other. */
function drawArea(random: Random, { width, height }: SceneOptions): { width: number; height: number } {
  const wide = random.int(...(width as [number, number]))
  const tall = random.int(...(height as [number, number]))
  return { width: Math.min(wide, Math.floor(tall * 1.7)), height: Math.min(tall, Math.floor(wide * 1.7)) }
}

function drawGround(random: Random, materials: Materials, { side, backgrounds }: SceneOptions): ComposedBackground {
  const photographs = sidesOf(side).flatMap(own => materials.backgrounds(own))
  const kind = random.weighted(photographs.length > 0 ? backgrounds : { ...backgrounds, photograph: 0 })
  const seed = random.int(0, 0x7fffffff)
  return { kind, id: kind === 'photograph' ? random.pick(photographs) : `${kind}:${seed}`, seed }
}

function drawShadow(random: Random): Shadow {
  return {
    right: random.between(-0.08, 0.08),
    down: random.between(0.02, 0.1),
    soft: random.between(0.02, 0.08),
    strength: random.between(0.15, 0.45),
  }
}

function drawManner(random: Random, count: number, background: BackgroundKind): Manner {
  const ground = background === 'room' || background === 'street' || background === 'landscape'
  if (ground && random.chance(0.45)) return 'ground'
  return count === 1 ? 'free' : random.weighted({ free: 5, row: 1.4, column: 0.7, grid: count > 3 ? 1.6 : 0 })
}

/** How large each is, in pixels. */
function drawSizes(
  random: Random,
  things: readonly Thing[],
  area: { width: number; height: number },
  gathering: Gathering,
): number[] {
  const shorter = Math.min(area.width, area.height)
  const least = leastSize(area)
  const count = things.length
  if (count === 1) {
    const share =
      things[0]!.sign !== undefined
        ? random.between(0.5, 0.95)
        : random.chance(0.75)
          ? random.between(0.35, 0.9)
          : random.between(0.14, 0.35)
    return [Math.max(least, shorter * share)]
  }
  const most = Math.max(least * 1.05, shorter * Math.min(0.62, 1.15 / Math.sqrt(count) - 0.06))
  const shared = random.between(least, most)
  const even = random.chance(gathering === 'same' ? 0.5 : 0.25)
  return things.map(({ share, sign }) => {
    if (sign !== undefined) return Math.max(most, shorter * Math.min(0.85, 0.34 + 0.07 * [...sign.writing].length))
    if (share !== undefined) return Math.max(least, Math.max(most, least / 0.5) * share)
    return even ? shared * random.between(0.95, 1.05) : random.between(least, most)
  })
}
