/** RGB → RGBA, as canvases want it. */
import type { Pixels } from './picture.ts'

/** `[height, width, 3]` → `[height, width, 4]`, opaque. */
export function rgbaOf({ rgb, width, height }: Pixels): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255)
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from]!
    rgba[to + 1] = rgb[from + 1]!
    rgba[to + 2] = rgb[from + 2]!
  }
  return rgba
}
