/** What all drawn backgrounds draw with: colours by lightness, and soft noise. Knows no places. */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas'
import type { Random } from '../../random.ts'
import { fromLab } from '../oklab.ts'

export type Pen = SKRSContext2D

/** Draws over a whole picture of `width` × `height` pixels. */
export type Painter = (pen: Pen, random: Random, width: number, height: number) => void

/** A colour by lightness (0 to 1), chroma (0 to 0.3) and hue in degrees, as CSS writes it. */
export function ink(lightness: number, chroma: number, hue: number, alpha = 1): string {
  const angle = (hue * Math.PI) / 180
  return `rgba(${fromLab(lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)).join(',')},${alpha})`
}

/** Fills a rectangle with light and dark clouds `grain` pixels wide over what is there; `strength` 0 to 1. */
export function clouds(
  pen: Pen,
  random: Random,
  area: readonly [x: number, y: number, width: number, height: number],
  grain: readonly [width: number, height: number],
  strength: number,
): void {
  const columns = Math.max(2, Math.min(256, Math.ceil(area[2] / grain[0])))
  const rows = Math.max(2, Math.min(256, Math.ceil(area[3] / grain[1])))
  const canvas = createCanvas(columns, rows)
  const own = canvas.getContext('2d')
  const pixels = own.createImageData(columns, rows)
  for (let at = 0; at < pixels.data.length; at += 4) {
    const value = random.float() * 2 - 1
    pixels.data.fill(value > 0 ? 255 : 0, at, at + 3)
    pixels.data[at + 3] = Math.abs(value) * 255 * strength
  }
  own.putImageData(pixels, 0, 0)
  pen.imageSmoothingQuality = 'medium'
  pen.drawImage(canvas, ...area)
}
