/**
 * A board with a word on it, of many forms and fonts: the thing that scenes have to be read. Knows no scenes and not what
 * the word means.
 */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas'
import type { Category, Kind } from '../materials/kind.ts'
import type { Raster } from '../materials/materials.ts'
import { noTint, paintedColour } from './recolour.ts'
import type { Colour } from './scene.ts'

/** The kind that signs are of. */
export const signKind = 'sign'

/** The words for it, where the materials have none. */
export const signWords: Kind = {
  id: signKind,
  en: { name: 'sign', plural: 'signs', article: 'a' },
  zh: { name: '牌子', measure: '块', also: ['标牌', '招牌'] },
  category: signKind,
  emoji: [],
  anyColour: false,
}
export const signCategory: Category = {
  id: signKind,
  en: { name: 'sign', plural: 'signs', article: 'a' },
  zh: { name: '牌子', measure: '块' },
}

export const signForms = ['board', 'rounded', 'pill', 'hung', 'post', 'framed', 'planks'] as const

export interface Sign {
  readonly writing: string
  /** As canvas knows the font. */
  readonly family: string
  readonly bold: boolean
  readonly form: (typeof signForms)[number]
  readonly colour: Colour
  readonly ink: string
  /** One character below the other. */
  readonly upright: boolean
}

/** Inks that can be read on a board of a colour. */
export function inksFor(colour: Colour): readonly string[] {
  switch (colour) {
    case 'white':
      return ['#111111', '#b3121d', '#123f9c', '#0b5d2a', '#4a1f7a', '#3a2a1a']
    case 'yellow':
    case 'orange':
    case 'pink':
      return ['#111111', '#4a120c', '#12205c', '#2c1a4d']
    case 'grey':
      return ['#0c0c10', '#ffffff']
    default:
      return ['#ffffff', '#fff7d6', '#ffee66']
  }
}

/** Where a board begins in its picture and how large it is, in heights of a letter. */
function partsOf(sign: Sign, textWidth: number, textHeight: number) {
  const board = { width: textWidth + (sign.form === 'pill' ? 1.5 : 0.9), height: textHeight + 0.7 }
  const above = sign.form === 'hung' ? 0.8 : 0
  const below = sign.form === 'post' ? Math.max(1.4, board.height * 0.7) : 0
  return { board, above, below }
}

/** A sign, and where its writing is: shares of its width and height. */
export interface DrawnSign {
  readonly raster: Raster
  readonly text: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number }
}

/** The sign with its longer side `size` pixels. */
export function drawSign(sign: Sign, size: number): DrawnSign {
  const letter = 48
  const font = (pixels: number) => `${sign.bold ? 'bold ' : ''}${pixels}px "${sign.family}"`
  const measure = createCanvas(1, 1).getContext('2d')
  measure.font = font(letter)
  const lines = sign.upright ? [...sign.writing] : [sign.writing]
  const measured = lines.map(line => measure.measureText(line))
  const textWidth = Math.max(...measured.map(line => line.actualBoundingBoxLeft + line.actualBoundingBoxRight)) / letter
  const ascent = Math.max(...measured.map(line => line.actualBoundingBoxAscent)) / letter
  const descent = Math.max(...measured.map(line => line.actualBoundingBoxDescent)) / letter
  const step = (ascent + descent) * 1.15
  const { board, above, below } = partsOf(sign, textWidth, step * (lines.length - 1) + ascent + descent)
  const scale = size / Math.max(board.width, board.height + above + below)
  const width = Math.max(8, Math.ceil(board.width * scale))
  const height = Math.max(8, Math.ceil((board.height + above + below) * scale))
  const pen = createCanvas(width, height).getContext('2d')
  pen.save()
  pen.scale(scale, scale)
  drawBoard(pen, sign, board, above, below)
  pen.restore()
  pen.font = font(scale)
  pen.fillStyle = sign.ink
  const top = (above + board.height / 2 - (step * (lines.length - 1) + ascent + descent) / 2 + ascent) * scale
  for (const [index, line] of lines.entries()) {
    const { actualBoundingBoxLeft: left, actualBoundingBoxRight: right } = pen.measureText(line)
    pen.fillText(line, (board.width * scale - left - right) / 2 + left, top + index * step * scale)
  }
  const middle = above + board.height / 2
  const half = (step * (lines.length - 1) + ascent + descent) / 2
  return {
    raster: { width, height, data: pen.getImageData(0, 0, width, height).data },
    text: {
      left: (0.5 - textWidth / board.width / 2) * ((board.width * scale) / width),
      right: (0.5 + textWidth / board.width / 2) * ((board.width * scale) / width),
      top: ((middle - half) * scale) / height,
      bottom: ((middle + half) * scale) / height,
    },
  }
}

function drawBoard(
  pen: SKRSContext2D,
  { form, colour, ink }: Sign,
  { width, height }: { width: number; height: number },
  above: number,
  below: number,
): void {
  const face = paintedColour(colour, noTint)
  if (form === 'hung') {
    pen.strokeStyle = '#5a4a3c'
    pen.lineWidth = 0.06
    pen.beginPath()
    pen.moveTo(width * 0.15, above + 0.05)
    pen.lineTo(width / 2, 0.05)
    pen.lineTo(width * 0.85, above + 0.05)
    pen.stroke()
  }
  if (form === 'post') {
    pen.fillStyle = '#7d7f86'
    pen.fillRect(width / 2 - 0.12, above + height - 0.1, 0.24, below + 0.1)
  }
  const corner = { board: 0.04, rounded: 0.3, pill: height / 2, hung: 0.12, post: 0.16, framed: 0.02, planks: 0.06 }[
    form
  ]
  pen.beginPath()
  pen.roundRect(0, above, width, height, corner)
  pen.fillStyle = face
  pen.fill()
  pen.clip()
  if (form === 'planks') {
    pen.fillStyle = 'rgba(0,0,0,0.16)'
    for (let plank = 1; plank < 3; plank++) pen.fillRect(0, above + (height * plank) / 3, width, 0.04)
  }
  if (form === 'framed' || form === 'post' || form === 'rounded') {
    pen.lineWidth = form === 'framed' ? 0.24 : 0.14
    pen.strokeStyle = form === 'framed' ? ink : colour === 'white' ? '#3b3b44' : '#ffffff'
    pen.stroke()
  }
}
