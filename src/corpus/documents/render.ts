/** A composed picture of text as pixels. Knows nothing of what is asked about it. */
import { createCanvas, type ImageData } from '@napi-rs/canvas'
import type { Materials, Raster } from '../materials/materials.ts'
import { Random } from '../random.ts'
import { drawBackground } from '../scenes/backgrounds/index.ts'
import type { Pen } from '../scenes/backgrounds/pen.ts'
import { light, photograph } from '../scenes/light.ts'
import type { ComposedText, Sheet } from './composed.ts'
import {
  type Beneath,
  beneath,
  black,
  contrastWith,
  css,
  type Ink,
  inkOn,
  leastContrast,
  luminance,
  white,
} from './inks.ts'
import { drawPaper } from './papers.ts'
import { isAffine, type Projection, scaleAt } from './projection.ts'
import { drawLine } from './typeset.ts'
import { warpOnto } from './warp.ts'

/** Renders a picture, opaque: the same composition gives the same pixels. */
export async function renderText(composed: ComposedText, materials: Materials): Promise<Raster> {
  const { width, height, sheet, projection } = composed
  const random = new Random('text', composed.seed)
  const ground = await drawBackground(composed.background, composed, materials)
  const inks = inksOf(random.fork('ink'), sheet, () => luminancesBeneath(ground, composed))
  let picture: Raster
  if (isAffine(projection, sheet.width, sheet.height)) {
    const pen = createCanvas(width, height).getContext('2d')
    pen.putImageData(pixelsOf(pen, ground), 0, 0)
    const [a, b, c, d, e, f] = projection
    pen.setTransform(a, d, b, e, c, f)
    drawSheet(pen, random.fork('sheet'), sheet, inks, scaleAt(projection, [0, 0])[1])
    picture = { width, height, data: pen.getImageData(0, 0, width, height).data }
  } else {
    const { layer, scale } = layerOf(random.fork('sheet'), sheet, inks, projection)
    warpOnto(ground, layer, ofLayer(projection, scale))
    picture = ground
  }
  if (composed.shade > 0) shade(picture, random.fork('shade'), composed.shade)
  light(picture, composed.lighting)
  photograph(picture, composed.camera)
  return picture
}

/** The colours of the letters. */
interface Inks {
  readonly ink: Ink
  readonly titleInk: Ink
  /** Around the letters, for a rim or where they could not be told from what is beneath. */
  readonly rim: Ink
  /** The ground is neither light nor dark: a soft rim is needed. */
  readonly halo: boolean
}

function inksOf(random: Random, { paper, rim }: Sheet, groundOf: () => Beneath): Inks {
  if (paper !== undefined) return { ink: paper.ink, titleInk: paper.titleInk, rim: paper.fill, halo: false }
  const ground = groundOf()
  const better = (than: Beneath) => (contrastWith(black, than) > contrastWith(white, than) ? black : white)
  // A rim is told from what is beneath, and the letters from the rim.
  const told = rim > 0 ? beneath(better(ground)) : ground
  const ink = inkOn(random, told)
  const halo = rim === 0 && contrastWith(ink, ground) < leastContrast
  return { ink, titleInk: ink, rim: rim > 0 ? better(ground) : better(beneath(ink)), halo }
}

/** Draws a sheet in its units; `scale` is about how many pixels a unit has. */
function drawSheet(pen: Pen, random: Random, sheet: Sheet, inks: Inks, scale: number): void {
  const { block, paper, at, width, height } = sheet
  if (paper !== undefined) drawPaper(pen, random.fork('paper'), paper, width, height, scale)
  pen.lineJoin = 'round'
  const letters = (how: 'fill' | 'stroke', colour: (title: boolean) => string) => {
    for (const { line, role, x, y } of block.set) {
      pen.fillStyle = pen.strokeStyle = colour(role === 'title')
      drawLine(pen, line, [at[0] + x, at[1] + y], how)
    }
  }
  if (inks.halo) {
    for (const [wide, alpha] of [
      [30, 0.35],
      [16, 0.8],
    ] as const) {
      pen.lineWidth = wide
      letters('stroke', () => css(inks.rim, alpha))
    }
  }
  if (sheet.shadow > 0) {
    const dark = luminance(...inks.ink) > 0.2
    pen.shadowColor = css(dark ? black : white, sheet.shadow)
    pen.shadowBlur = random.between(0, 8) * scale
    pen.shadowOffsetX = random.between(-6, 6) * scale
    pen.shadowOffsetY = random.between(2, 7) * scale
  }
  if (sheet.rim > 0) {
    pen.lineWidth = sheet.rim
    letters('stroke', () => css(inks.rim))
    pen.shadowColor = 'transparent'
  }
  letters('fill', title => css(title ? inks.titleInk : inks.ink))
  pen.shadowColor = 'transparent'
  pen.fillStyle = css(inks.ink, 0.75)
  for (const rule of block.rules) pen.fillRect(at[0], at[1] + rule, block.width, 4)
}

/** Units around the sheet that its shadow and its edges may need. */
const rimOfLayer = 30

/** The sheet as pixels of its own, about as fine as it will be in the picture. */
function layerOf(random: Random, sheet: Sheet, inks: Inks, projection: Projection) {
  const { width, height } = sheet
  const scale = Math.max(...[0, width].flatMap(x => [0, height].map(y => Math.max(...scaleAt(projection, [x, y])))))
  const canvas = createCanvas(Math.ceil((width + 2 * rimOfLayer) * scale), Math.ceil((height + 2 * rimOfLayer) * scale))
  const pen = canvas.getContext('2d')
  pen.setTransform(scale, 0, 0, scale, rimOfLayer * scale, rimOfLayer * scale)
  drawSheet(pen, random, sheet, inks, scale)
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height)
  return { layer: { width: canvas.width, height: canvas.height, data }, scale }
}

/** From the layer's pixels: x = u / scale − rim. */
const ofLayer = ([a, b, c, d, e, f, g, h, i]: Projection, scale: number): Projection =>
  [
    ...[a / scale, b / scale, c - rimOfLayer * (a + b)],
    ...[d / scale, e / scale, f - rimOfLayer * (d + e)],
    ...[g / scale, h / scale, i - rimOfLayer * (g + h)],
  ] as unknown as Projection

/** Between which luminances most of what is beneath the text lies. */
function luminancesBeneath({ data, width, height }: Raster, { lines }: ComposedText): Beneath {
  const xs = lines.flatMap(({ quad }) => quad.map(([x]) => x))
  const ys = lines.flatMap(({ quad }) => quad.map(([, y]) => y))
  const [left, right] = [Math.max(0, Math.floor(Math.min(...xs))), Math.min(width, Math.ceil(Math.max(...xs)))]
  const [top, bottom] = [Math.max(0, Math.floor(Math.min(...ys))), Math.min(height, Math.ceil(Math.max(...ys)))]
  const found: number[] = []
  for (let y = top; y < bottom; y += 3) {
    for (let x = left; x < right; x += 3) {
      const at = (y * width + x) * 4
      found.push(luminance(data[at]!, data[at + 1]!, data[at + 2]!))
    }
  }
  found.sort((one, other) => one - other)
  const share = (part: number) => found[Math.floor(part * (found.length - 1))] ?? 0
  return { darkest: share(0.06), lightest: share(0.94) }
}

/** Darkens one side of the picture, as a hand or a lamp does. */
function shade({ data, width, height }: Raster, random: Random, strength: number): void {
  const angle = random.between(0, 2 * Math.PI)
  const across = Math.cos(angle) / width
  const down = Math.sin(angle) / height
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const along = 0.5 + (x - width / 2) * across + (y - height / 2) * down
      const kept = 1 - strength * Math.min(1, Math.max(0, along))
      const at = (y * width + x) * 4
      data[at] = data[at]! * kept
      data[at + 1] = data[at + 1]! * kept
      data[at + 2] = data[at + 2]! * kept
    }
  }
}

function pixelsOf(pen: Pen, { width, height, data }: Raster): ImageData {
  const pixels = pen.createImageData(width, height)
  pixels.data.set(data)
  return pixels
}
