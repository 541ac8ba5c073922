/** Backgrounds of one colour, or of a few that run into each other. Knows no scenes. */
import type { Random } from '../../random.ts'
import { ink, type Pen } from './pen.ts'

/** A colour for something large: mostly light, seldom vivid. */
export function groundColour(random: Random): readonly [lightness: number, chroma: number, hue: number] {
  if (random.chance(0.12)) return [random.between(0.97, 1), 0, 0]
  const lightness = random.chance(0.7) ? random.between(0.72, 0.97) : random.between(0.2, 0.72)
  return [lightness, random.chance(0.25) ? 0.01 : random.between(0.01, 0.14), random.between(0, 360)]
}

export function drawPlain(pen: Pen, random: Random, width: number, height: number): void {
  pen.fillStyle = ink(...groundColour(random))
  pen.fillRect(0, 0, width, height)
}

export function drawGradient(pen: Pen, random: Random, width: number, height: number): void {
  const [lightness, chroma, hue] = groundColour(random)
  const angle = random.between(0, 2 * Math.PI)
  const reach = Math.max(width, height) * 0.6
  const across = Math.cos(angle) * reach
  const down = Math.sin(angle) * reach
  const gradient = random.chance(0.65)
    ? pen.createLinearGradient(width / 2 - across, height / 2 - down, width / 2 + across, height / 2 + down)
    : pen.createRadialGradient(width * random.float(), height * random.float(), 0, width / 2, height / 2, reach * 1.3)
  const stops = random.int(2, 3)
  for (let stop = 0; stop < stops; stop++) {
    const nudged = Math.min(1, Math.max(0.15, lightness + random.between(-0.2, 0.2)))
    gradient.addColorStop(stop / (stops - 1), ink(nudged, chroma, hue + random.between(-50, 50)))
  }
  pen.fillStyle = gradient
  pen.fillRect(0, 0, width, height)
}
