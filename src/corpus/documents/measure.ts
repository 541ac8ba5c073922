/**
 * How much room a text takes: its advance, and the box around its ink. Measured large and scaled, since canvas rounds.
 * Knows no places.
 */
import { createCanvas } from '@napi-rs/canvas'
import type { Font } from '../materials/materials.ts'

/** left, top, right, bottom; y grows downwards. */
export type InkBox = readonly [left: number, top: number, right: number, bottom: number]

export interface Measured {
  /** From the start of the text to that of what would follow. */
  readonly advance: number
  /** From the start of the baseline. */
  readonly ink: InkBox
}

/** Pixels of the type that is measured. */
const large = 160
const pen = createCanvas(1, 1).getContext('2d')

/** Family and character → measures. */
const letters = new Map<string, Measured>()

/** The measures of one letter at size 1. They are kept. */
export function letterSize(font: Font, letter: string): Measured {
  const key = font.family + letter
  let known = letters.get(key)
  if (known === undefined) {
    known = runSize(font, letter)
    letters.set(key, known)
  }
  return known
}

/**
 * The measures at size 1 of letters that all are of one writing: of `共3元` canvas would tell the ink of the first part
 * only.
 */
export function runSize(font: Font, run: string): Measured {
  pen.font = `${large}px "${font.family}"`
  const metrics = pen.measureText(run)
  return {
    advance: metrics.width / large,
    ink: [
      -metrics.actualBoundingBoxLeft / large,
      -metrics.actualBoundingBoxAscent / large,
      metrics.actualBoundingBoxRight / large,
      metrics.actualBoundingBoxDescent / large,
    ],
  }
}

/** The smallest box around all of the boxes. */
export function around(boxes: readonly InkBox[]): InkBox {
  return [
    Math.min(...boxes.map(box => box[0])),
    Math.min(...boxes.map(box => box[1])),
    Math.max(...boxes.map(box => box[2])),
    Math.max(...boxes.map(box => box[3])),
  ]
}
