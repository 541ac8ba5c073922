/** Lays one picture into another through a projection, with perspective. Knows no text. */
import type { Raster } from '../materials/materials.ts'
import { inverse, type Projection, projectedBox } from './projection.ts'

/**
 * Draws `layer` (straight alpha) over `picture` (opaque), changing it. `projection` says where a point of the layer, in
 * its pixels, goes; between pixels colours are interpolated.
 */
export function warpOnto(picture: Raster, layer: Raster, projection: Projection): void {
  const corners = projectedBox(projection, [0, 0, layer.width, layer.height])
  const span = (values: readonly number[], most: number) => [
    Math.max(0, Math.floor(Math.min(...values))),
    Math.min(most, Math.ceil(Math.max(...values))),
  ]
  const [left, right] = span(
    corners.map(([x]) => x),
    picture.width,
  ) as [number, number]
  const [top, bottom] = span(
    corners.map(([, y]) => y),
    picture.height,
  ) as [number, number]
  const [a, b, c, d, e, f, g, h, i] = inverse(projection)
  const { data: from, width, height } = layer
  const { data: to } = picture
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const w = g * (x + 0.5) + h * (y + 0.5) + i
      const u = (a * (x + 0.5) + b * (y + 0.5) + c) / w - 0.5
      const v = (d * (x + 0.5) + e * (y + 0.5) + f) / w - 0.5
      if (!(u >= 0 && v >= 0 && u < width - 1 && v < height - 1)) continue
      const column = Math.floor(u)
      const row = Math.floor(v)
      const across = u - column
      const down = v - row
      const one = (row * width + column) * 4
      const three = one + width * 4
      // Weights of the four pixels around, each by how opaque it is.
      const w1 = (1 - across) * (1 - down) * from[one + 3]!
      const w2 = across * (1 - down) * from[one + 7]!
      const w3 = (1 - across) * down * from[three + 3]!
      const w4 = across * down * from[three + 7]!
      const alpha = w1 + w2 + w3 + w4
      if (alpha < 1) continue
      const own = (y * picture.width + x) * 4
      const rest = 1 - alpha / 255
      for (let channel = 0; channel < 3; channel++) {
        const mixed =
          w1 * from[one + channel]! +
          w2 * from[one + 4 + channel]! +
          w3 * from[three + channel]! +
          w4 * from[three + 4 + channel]!
        to[own + channel] = mixed / 255 + to[own + channel]! * rest
      }
    }
  }
}
