/** A piece of a photograph or painting, perhaps soft or washed out so that what stands before it is seen. */
import { type Canvas, createCanvas } from '@napi-rs/canvas'
import type { Raster } from '../../materials/materials.ts'
import type { Random } from '../../random.ts'
import type { Pen } from './pen.ts'

/** Draws a piece of `photograph` over the whole picture. */
export function drawPhotograph(pen: Pen, random: Random, width: number, height: number, photograph: Raster): void {
  const largest = Math.min(photograph.width / width, photograph.height / height)
  const scale = largest * random.between(0.5, 1)
  const left = random.float() * (photograph.width - width * scale)
  const top = random.float() * (photograph.height - height * scale)
  const soft = random.chance(0.45) ? random.between(1.5, 5) : 1
  const piece = createCanvas(Math.ceil(width / soft), Math.ceil(height / soft))
  const own = piece.getContext('2d')
  own.imageSmoothingQuality = 'high'
  own.drawImage(canvasOf(photograph), left, top, width * scale, height * scale, 0, 0, piece.width, piece.height)
  pen.imageSmoothingQuality = 'high'
  if (random.chance(0.5)) {
    pen.translate(width, 0)
    pen.scale(-1, 1)
  }
  pen.drawImage(piece, 0, 0, width, height)
  pen.resetTransform()
  if (random.chance(0.4)) {
    pen.fillStyle = random.chance(0.65)
      ? `rgba(255,255,255,${random.between(0.1, 0.5)})`
      : `rgba(0,0,0,${random.between(0.1, 0.4)})`
    pen.fillRect(0, 0, width, height)
  }
}

/** Canvases of photographs, as long as the photographs themselves are kept. */
const canvases = new WeakMap<Raster, Canvas>()

function canvasOf(photograph: Raster): Canvas {
  const known = canvases.get(photograph)
  if (known !== undefined) return known
  const canvas = createCanvas(photograph.width, photograph.height)
  const pen = canvas.getContext('2d')
  const pixels = pen.createImageData(photograph.width, photograph.height)
  pixels.data.set(photograph.data)
  pen.putImageData(pixels, 0, 0)
  canvases.set(photograph, canvas)
  return canvas
}
