/** Light and camera: how a finished picture is brightened, warmed, blurred and grained. Knows no things. */
import type { Raster } from '../materials/materials.ts'
import type { Camera } from './composed.ts'
import type { Scene } from './scene.ts'

/** Factors of red, green and blue, and a power: mild, so that colours keep their names. */
const lights: Readonly<Record<Scene['lighting'], readonly [red: number, green: number, blue: number, power: number]>> =
  {
    day: [1, 1, 1, 1],
    bright: [1.04, 1.04, 1.04, 0.82],
    dim: [0.8, 0.8, 0.82, 1.05],
    warm: [1.04, 0.98, 0.86, 1],
    cold: [0.9, 0.98, 1.06, 1],
  }

/** Changes the picture itself. */
export function light({ data }: Raster, lighting: Scene['lighting']): void {
  if (lighting === 'day') return
  const [red, green, blue, power] = lights[lighting]
  const curve = (factor: number) =>
    Uint8ClampedArray.from({ length: 256 }, (_, value) => 255 * factor * (value / 255) ** power)
  const curves = [curve(red), curve(green), curve(blue)] as const
  for (let at = 0; at < data.length; at += 4) {
    data[at] = curves[0][data[at]!]!
    data[at + 1] = curves[1][data[at + 1]!]!
    data[at + 2] = curves[2][data[at + 2]!]!
  }
}

/** Changes the picture itself. */
export function photograph(picture: Raster, { blur, noise, seed }: Camera): void {
  if (blur > 0) soften(picture, blur)
  if (noise > 0) grain(picture, noise, seed)
}

/** Mixes each pixel with those beside, above and below it. */
function soften({ data, width, height }: Raster, radius: number): void {
  const side = radius / (1 + 2 * radius)
  for (const step of [4, width * 4]) {
    const before = data.slice()
    for (let y = step === 4 ? 0 : 1; y < height - (step === 4 ? 0 : 1); y++) {
      for (let at = y * width * 4 + 4; at < (y + 1) * width * 4 - 4; at++) {
        data[at] = before[at]! * (1 - 2 * side) + (before[at - step]! + before[at + step]!) * side
      }
    }
  }
}

/** Adds about `strength` grey levels of noise, from a seed of its own: the quick generator of Numerical Recipes. */
function grain({ data }: Raster, strength: number, seed: number): void {
  let state = seed >>> 0
  for (let at = 0; at < data.length; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const sum = (state >>> 24) + ((state >>> 16) & 255) - 255
    const level = (sum / 255) * strength * 2
    data[at] = data[at]! + level
    data[at + 1] = data[at + 1]! + level
    data[at + 2] = data[at + 2]! + level
  }
}
