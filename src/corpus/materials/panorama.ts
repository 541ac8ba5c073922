/** What a camera sees that stands in a panorama. Knows nothing of what is there. */
import type { Raster } from './materials.ts'

/** Where a camera looks. All in degrees. */
export interface View {
  /** To the right of the panorama's middle. */
  readonly turn: number
  /** Above the horizon. */
  readonly tilt: number
  /** From the left edge to the right edge of what it sees, below 180. */
  readonly angle: number
}

/**
 * The view, `width` × `height` pixels, in a panorama that shows all around and from straight up to straight down
 * (equirectangular). Between pixels it takes the four around (bilinear).
 */
export function viewOf(panorama: Raster, { turn, tilt, angle }: View, width: number, height: number): Raster {
  const radians = Math.PI / 180
  const distance = width / 2 / Math.tan((angle / 2) * radians)
  const [sin, cos] = [Math.sin(tilt * radians), Math.cos(tilt * radians)]
  const data = new Uint8ClampedArray(width * height * 4)
  for (let row = 0, at = 0; row < height; row++) {
    const up = (height - 1) / 2 - row
    const [high, ahead] = [up * cos + distance * sin, distance * cos - up * sin]
    for (let column = 0; column < width; column++, at += 4) {
      const right = column - (width - 1) / 2
      const longitude = Math.atan2(right, ahead) / radians + turn
      const latitude = Math.atan2(high, Math.hypot(right, ahead)) / radians
      const x = ((((longitude / 360 + 0.5) % 1) + 1) % 1) * panorama.width - 0.5
      const y = (0.5 - latitude / 180) * panorama.height - 0.5
      blend(panorama, x, y, data, at)
    }
  }
  return { width, height, data }
}

/** Of the four pixels around a place, in a picture that goes on at the left where it ends at the right. */
function blend({ width, height, data }: Raster, x: number, y: number, into: Uint8ClampedArray, at: number): void {
  const [column, row] = [Math.floor(x), Math.floor(y)]
  const [right, down] = [x - column, y - row]
  const left = ((column + width) % width) * 4
  const next = ((column + 1) % width) * 4
  const above = Math.max(row, 0) * width * 4
  const below = Math.min(row + 1, height - 1) * width * 4
  for (let channel = 0; channel < 4; channel++) {
    const first =
      (data[above + left + channel] as number) * (1 - right) + (data[above + next + channel] as number) * right
    const other =
      (data[below + left + channel] as number) * (1 - right) + (data[below + next + channel] as number) * right
    into[at + channel] = first * (1 - down) + other * down
  }
}
