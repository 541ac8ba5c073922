/**
 * What text is written on: boards, labels, pages, tickets. Draws their form around a block of text. Knows no text.
 */
import type { Random } from '../random.ts'
import { clouds, type Pen } from '../scenes/backgrounds/pen.ts'
import { css, type Ink } from './inks.ts'

/** Forms of boards and labels, and of pages. */
export const boardForms = ['board', 'rounded', 'pill', 'oval', 'octagon', 'arrow', 'tag', 'ribbon'] as const
export const pageForms = ['page', 'card', 'torn', 'ticket'] as const
export type PaperForm = (typeof boardForms)[number] | (typeof pageForms)[number]

/** A board or a page; lengths in units. */
export interface Paper {
  readonly form: PaperForm
  readonly fill: Ink
  readonly border?: { readonly ink: Ink; readonly width: number; readonly inset: number }
  /** 0 to 1. */
  readonly shadow: number
  /** How visible its grain is: 0 to 1. */
  readonly grain: number
  readonly seed: number
}

/** Room around the text on each side, in units, for a block of text of a size: forms with corners cut off need more. */
export function roomAround(
  form: PaperForm,
  { width, height }: { readonly width: number; readonly height: number },
  loose: number,
): { readonly x: number; readonly y: number } {
  const room = 35 + 60 * loose
  switch (form) {
    case 'oval':
      return { x: width * 0.22 + room * 0.6, y: height * 0.22 + room * 0.6 }
    case 'octagon':
      return { x: Math.max(room, height * 0.3, (height - width) / 2 + room), y: Math.max(room, (width - height) / 3) }
    case 'pill':
      return { x: room + height * 0.35, y: room }
    case 'arrow':
    case 'tag':
    case 'ribbon':
      return { x: room + (height + 2 * room) * 0.4, y: room }
    case 'ticket':
      return { x: room + 40, y: room }
    default:
      return { x: room, y: room }
  }
}

/** Draws a paper of `width` × `height` units, its upper left corner at the origin; `scale` is pixels to a unit. */
export function drawPaper(pen: Pen, random: Random, paper: Paper, width: number, height: number, scale: number): void {
  const { form, fill, border, shadow, grain } = paper
  pen.save()
  outline(pen, random, form, width, height)
  if (shadow > 0) {
    pen.shadowColor = `rgba(0,0,0,${0.55 * shadow})`
    pen.shadowBlur = 14 * scale
    pen.shadowOffsetX = random.between(-8, 8) * scale
    pen.shadowOffsetY = random.between(2, 12) * scale
  }
  pen.fillStyle = css(fill)
  pen.fill()
  pen.shadowColor = 'transparent'
  pen.clip()
  if (grain > 0) {
    clouds(pen, random, [0, 0, width, height], [2.5 / scale, 2.5 / scale], 0.08 * grain)
    clouds(pen, random, [0, 0, width, height], [60 / scale, 40 / scale], 0.12 * grain)
  }
  pen.restore()
  if (border === undefined) return
  pen.save()
  const inset = border.inset + border.width / 2
  const [inner, down] = [width - 2 * inset, height - 2 * inset]
  pen.translate(inset, inset)
  outline(pen, random, form, inner, down)
  pen.lineWidth = border.width
  pen.strokeStyle = css(border.ink)
  pen.lineJoin = 'round'
  pen.stroke()
  pen.restore()
}

/** The path of a form around a text. */
function outline(pen: Pen, random: Random, form: PaperForm, width: number, height: number): void {
  pen.beginPath()
  if (form === 'oval') {
    pen.ellipse(width / 2, height / 2, width / 2, height / 2, 0, 0, 2 * Math.PI)
  } else if (form === 'ticket') {
    const bite = Math.min(height * 0.12, 36)
    pen.moveTo(0, 0)
    pen.lineTo(width, 0)
    pen.arc(width, height / 2, bite, -Math.PI / 2, Math.PI / 2, true)
    pen.lineTo(width, height)
    pen.lineTo(0, height)
    pen.arc(0, height / 2, bite, Math.PI / 2, -Math.PI / 2, true)
    pen.closePath()
  } else if (form === 'octagon' || form === 'arrow' || form === 'tag' || form === 'ribbon' || form === 'torn') {
    for (const [x, y] of cornersOf(random, form, width, height)) pen.lineTo(x * width, y * height)
    pen.closePath()
  } else {
    const corner = { board: 3, rounded: 32, pill: height / 2, page: 0, card: 14 }[form]
    pen.roundRect(0, 0, width, height, Math.min(corner, height / 2, width / 2))
  }
}

/** Corners in shares of width and height, clockwise from the upper left. */
function cornersOf(
  random: Random,
  form: 'octagon' | 'arrow' | 'tag' | 'ribbon' | 'torn',
  width: number,
  height: number,
): (readonly [number, number])[] {
  const tip = Math.min(0.25, (height * 0.35) / width)
  const [x, y] = [(0.29 * Math.min(width, height)) / width, (0.29 * Math.min(width, height)) / height]
  switch (form) {
    case 'octagon':
      return [
        [x, 0],
        [1 - x, 0],
        [1, y],
        [1, 1 - y],
        [1 - x, 1],
        [x, 1],
        [0, 1 - y],
        [0, y],
      ]
    case 'arrow':
      return [
        [0, 0],
        [1 - tip, 0],
        [1, 0.5],
        [1 - tip, 1],
        [0, 1],
      ]
    case 'tag':
      return [
        [tip, 0],
        [1, 0],
        [1, 1],
        [tip, 1],
        [0, 0.65],
        [0, 0.35],
      ]
    case 'ribbon':
      return [
        [0, 0],
        [1, 0],
        [1 - tip * 0.7, 0.5],
        [1, 1],
        [0, 1],
        [tip * 0.7, 0.5],
      ]
    case 'torn': {
      const teeth = random.fork('teeth').int(12, 30)
      const deep = Math.min(0.03, (width / teeth / 2 / height) * 1.2)
      const zigzag = Array.from(
        { length: 2 * teeth + 1 },
        (_, i) => [1 - i / (2 * teeth), i % 2 === 0 ? 1 : 1 - deep] as const,
      )
      return [[0, 0], [1, 0], ...zigzag]
    }
  }
}
