/** Surfaces and patterns: wood, brick, paper, grass, water, sand, stripes, checks. Knows no scenes. */
import type { Random } from '../../random.ts'
import { clouds, ink, type Painter, type Pen } from './pen.ts'
import { groundColour } from './plain.ts'

type Area = readonly [x: number, y: number, width: number, height: number]

const fill = (pen: Pen, [x, y, width, height]: Area, colour: string): void => {
  pen.fillStyle = colour
  pen.fillRect(x, y, width, height)
}

/** Planks, across where `upright` is false. */
export function wood(pen: Pen, random: Random, area: Area, upright = random.chance(0.4)): void {
  const lightness = random.between(0.38, 0.82)
  const hue = random.between(50, 75)
  fill(pen, area, ink(lightness, random.between(0.03, 0.09), hue))
  clouds(pen, random, area, upright ? [3, 70] : [70, 3], 0.16)
  clouds(pen, random, area, upright ? [9, 120] : [120, 9], 0.1)
  const plank = random.between(22, 60)
  const [x, y, width, height] = area
  pen.fillStyle = ink(lightness - 0.16, 0.05, hue, 0.7)
  for (let at = plank; at < (upright ? width : height); at += plank) {
    if (upright) pen.fillRect(x + at, y, 1.5, height)
    else pen.fillRect(x, y + at, width, 1.5)
  }
}

/** Bricks or tiles in rows, each a little unlike the others. */
export function bricks(pen: Pen, random: Random, area: Area, tiles = random.chance(0.4)): void {
  const [x, y, width, height] = area
  const lightness = tiles ? random.between(0.7, 0.95) : random.between(0.42, 0.68)
  const hue = tiles ? random.between(0, 360) : random.between(28, 60)
  const chroma = tiles ? random.between(0, 0.05) : random.between(0.04, 0.1)
  fill(pen, area, ink(tiles ? lightness - 0.1 : random.between(0.65, 0.85), 0.01, hue))
  const row = random.between(14, tiles ? 46 : 24)
  const long = tiles ? row : row * 2.2
  const odd = tiles ? 0 : long / 2
  for (let down = 0, index = 0; down < height; down += row, index++) {
    for (let across = index % 2 === 1 ? -odd : 0; across < width; across += long) {
      pen.fillStyle = ink(lightness + random.between(-0.035, 0.035), chroma, hue + random.between(-4, 4))
      pen.fillRect(x + across + 1, y + down + 1, long - 2, row - 2)
    }
  }
}

/** Grass: blades over a green ground. */
export function grass(pen: Pen, random: Random, area: Area): void {
  const lightness = random.between(0.48, 0.72)
  const hue = random.between(122, 145)
  fill(pen, area, ink(lightness, random.between(0.09, 0.14), hue))
  clouds(pen, random, area, [40, 30], 0.14)
  clouds(pen, random, area, [1.5, 5], 0.22)
}

/** Sand, snow or earth: a colour with fine grain. */
export function grains(pen: Pen, random: Random, area: Area, colour: readonly [number, number, number]): void {
  fill(pen, area, ink(...colour))
  clouds(pen, random, area, [60, 22], 0.1)
  clouds(pen, random, area, [1.5, 1.5], 0.1)
}

/** Water: long low waves. */
export function water(pen: Pen, random: Random, area: Area): void {
  fill(pen, area, ink(random.between(0.5, 0.75), random.between(0.06, 0.12), random.between(215, 255)))
  clouds(pen, random, area, [36, 5], 0.2)
  clouds(pen, random, area, [110, 14], 0.12)
}

const stripes: Painter = (pen, random, width, height) => {
  const [lightness, chroma, hue] = groundColour(random)
  fill(pen, [0, 0, width, height], ink(lightness, chroma, hue))
  pen.fillStyle = ink(lightness + random.pick([-0.12, -0.06, 0.06]), chroma, hue + random.between(-30, 30))
  pen.translate(width / 2, height / 2)
  pen.rotate(random.pick([0, Math.PI / 2, Math.PI / 4, -Math.PI / 4]))
  const step = random.between(10, 60)
  for (let at = -width - height; at < width + height; at += step) pen.fillRect(at, -width - height, step / 2, 4 * width)
  pen.resetTransform()
}

const checks: Painter = (pen, random, width, height) => {
  const [lightness, chroma, hue] = groundColour(random)
  fill(pen, [0, 0, width, height], ink(lightness, chroma, hue))
  pen.fillStyle = ink(lightness + random.pick([-0.14, -0.07, 0.07]), chroma, hue, 0.6)
  const step = random.between(14, 60)
  const cloth = random.chance(0.5)
  for (let at = 0, row = 0; at < width + height; at += step, row++) {
    if (cloth) {
      pen.fillRect(at * 2, 0, step, height)
      pen.fillRect(0, at * 2, width, step)
    } else
      for (let across = row % 2 ? step : 0; across < width; across += 2 * step) pen.fillRect(across, at, step, step)
  }
}

const dots: Painter = (pen, random, width, height) => {
  const [lightness, chroma, hue] = groundColour(random)
  fill(pen, [0, 0, width, height], ink(lightness, chroma, hue))
  pen.fillStyle = ink(lightness + random.pick([-0.1, -0.05, 0.05]), chroma, hue + random.between(-20, 20))
  const step = random.between(10, 30)
  pen.beginPath()
  for (let y = 0, row = 0; y < height + step; y += step, row++) {
    for (let x = row % 2 ? step / 2 : 0; x < width + step; x += step) {
      pen.moveTo(x, y)
      pen.arc(x, y, step * 0.2, 0, 2 * Math.PI)
    }
  }
  pen.fill()
}

const paper: Painter = (pen, random, width, height) => {
  grains(
    pen,
    random,
    [0, 0, width, height],
    [random.between(0.88, 0.98), random.between(0, 0.04), random.between(60, 110)],
  )
  if (random.chance(0.5)) return
  pen.fillStyle = ink(0.72, 0.05, 240, 0.55)
  const step = random.between(12, 24)
  const squared = random.chance(0.5)
  for (let at = step; at < Math.max(width, height); at += step) {
    pen.fillRect(0, at, width, 1)
    if (squared) pen.fillRect(at, 0, 1, height)
  }
}

const noise: Painter = (pen, random, width, height) => {
  fill(pen, [0, 0, width, height], ink(...groundColour(random)))
  const grain = random.between(2, 60)
  clouds(pen, random, [0, 0, width, height], [grain, grain], random.between(0.1, 0.3))
  clouds(pen, random, [0, 0, width, height], [grain * 3, grain * 3], random.between(0.1, 0.3))
}

const patches: Painter = (pen, random, width, height) => {
  const [lightness, chroma, hue] = groundColour(random)
  fill(pen, [0, 0, width, height], ink(lightness, chroma, hue))
  for (let patch = 0; patch < 9; patch++) {
    pen.fillStyle = ink(lightness + random.between(-0.08, 0.06), chroma, hue + random.between(-40, 40), 0.6)
    pen.beginPath()
    for (let corner = 0; corner < 4; corner++)
      pen.lineTo(random.between(-0.3, 1.3) * width, random.between(-0.3, 1.3) * height)
    pen.fill()
  }
}

const surface =
  (draw: (pen: Pen, random: Random, area: Area) => void): Painter =>
  (pen, random, width, height) =>
    draw(pen, random, [0, 0, width, height])

const painters: readonly Painter[] = [
  surface(wood),
  surface(bricks),
  surface(grass),
  surface(water),
  surface((pen, random, area) =>
    grains(pen, random, area, [random.between(0.72, 0.88), random.between(0.03, 0.08), 80]),
  ),
  surface((pen, random, area) => grains(pen, random, area, [random.between(0.45, 0.75), 0.01, 80])),
  ...[stripes, checks, dots, paper, noise, patches],
]

/** One of the surfaces and patterns over the whole picture. */
export const drawTexture: Painter = (pen, random, width, height) => random.pick(painters)(pen, random, width, height)
