/** The plan of a picture of text: all that has to be known to draw it. Holds no pixels. */
import type { Quad } from '../../text/index.ts'
import type { ComposedBackground } from '../scenes/backgrounds/index.ts'
import type { Camera, MaterialSide } from '../scenes/composed.ts'
import type { Scene } from '../scenes/scene.ts'
import type { Language } from '../wording/exchange.ts'
import type { Block } from './block.ts'
import type { Ink } from './inks.ts'
import type { Paper } from './papers.ts'
import type { Projection } from './projection.ts'
import type { Readable } from './questions.ts'

/** A line as it is seen. */
export interface WrittenLine {
  readonly text: string
  readonly language: Language
  /** Clockwise from the upper left corner of its own direction, in pixels: tight around its ink. */
  readonly quad: Quad
}

/** A block of text, on a paper or by itself. Lengths in units. */
export interface Sheet {
  readonly width: number
  readonly height: number
  readonly block: Block
  /** Where the block begins. */
  readonly at: readonly [x: number, y: number]
  /** Without one the text stands on the background, in a colour that it can be read in. */
  readonly paper?: Paper & { readonly ink: Ink; readonly titleInk: Ink }
  /** A rim around each letter, as wide as this. Its ink belongs to the line. */
  readonly rim: number
  /** A shadow of the letters: 0 to 1. */
  readonly shadow: number
}

export interface ComposedText {
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** What it is: `word`, `receipt`. */
  readonly kind: string
  readonly background: ComposedBackground
  readonly sheet: Sheet
  /** From the sheet into the picture. */
  readonly projection: Projection
  readonly lighting: Scene['lighting']
  readonly camera: Camera
  /** A side of the picture is darker by so much: 0 to 1. */
  readonly shade: number
  /** Of what is drawn while the picture is painted. */
  readonly seed: number
  /** In the order of reading. */
  readonly lines: readonly WrittenLine[]
  readonly readable: Readable
}

/** What is asked of a picture of text, whatever it shows. */
export interface TextOptions {
  readonly language: Language
  readonly side: MaterialSide
  /** Pixels: least and most. */
  readonly width: readonly [number, number]
  readonly height: readonly [number, number]
}
