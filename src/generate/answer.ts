/** What the model answered: the text as a person reads it, and the places that it named, in the pictures' own pixels. */

import { replaceFile } from '../checkpoint/replaceFile.ts'
import { draw } from '../image/draw.ts'
import type { Picture } from '../image/index.ts'
import type { Mark } from '../image/marks.ts'
import { drawSvg } from '../image/svg.ts'
import {
  type LabelledBox,
  type LabelledQuad,
  type MarkupOptions,
  type PixelBox,
  parseMarkup,
  type Quad,
  quadToPixels,
  toPixels,
} from '../text/index.ts'
import type { FinishReason } from './generate.ts'
import type { Choice } from './sampling.ts'

export interface AnswerBox {
  /** What the box is of, if the model said so. */
  readonly label?: string
  /** In pixels of the picture. */
  readonly box: PixelBox
  /** x1, y1, x2, y2 as the model wrote them, in thousandths of width and height. */
  readonly raw: readonly number[]
}

export interface AnswerQuad {
  readonly label?: string
  /** Four corners in pixels of the picture, as written: clockwise from the top left. */
  readonly quad: Quad
  readonly raw: readonly number[]
}

export interface Usage {
  /** Tokens of the prompt, those of pictures included. */
  readonly promptTokens: number
  /** Tokens that pictures take, tags included. */
  readonly imageTokens: number
  /** Tokens that the model wrote. */
  readonly completionTokens: number
}

export interface AnswerParts {
  readonly raw: string
  readonly picture: Picture | undefined
  readonly finishReason: FinishReason
  readonly usage: Usage
  readonly tokens: readonly Choice[]
  /** What the prompt has written of a tag that the answer goes on in. */
  readonly opened?: MarkupOptions
}

export class Answer {
  /** As a person reads it, without markup. */
  readonly text: string
  /** As the model wrote it, with `<ref>`, `<box>` and `<quad>`. */
  readonly raw: string
  readonly boxes: readonly AnswerBox[]
  readonly quads: readonly AnswerQuad[]
  readonly finishReason: FinishReason
  readonly usage: Usage
  /** Every token with its log-probability. */
  readonly tokens: readonly Choice[]
  /** The picture that boxes refer to: the last one that the model was shown. */
  readonly picture: Picture | undefined

  constructor({ raw, picture, finishReason, usage, tokens, opened }: AnswerParts) {
    const markup = parseMarkup(raw, opened)
    this.raw = raw
    this.text = markup.text.trim()
    this.picture = picture
    this.boxes = picture ? markup.boxes.map(box => boxInPixels(box, picture)) : []
    this.quads = picture ? markup.quads.map(quad => quadInPixels(quad, picture)) : []
    this.finishReason = finishReason
    this.usage = usage
    this.tokens = tokens
  }

  /**
   * Draws boxes and quadrilaterals with their labels on a copy of the picture and writes it to a file: `.png`, `.jpg`,
   * or `.svg` for an overlay without the picture. An answer without places gives the picture as it is.
   * Throws a TypeError for another kind of file or an answer to no picture.
   */
  async draw(path: string): Promise<void> {
    const { picture } = this
    if (!picture) throw new TypeError('there is no picture to draw on: the model was shown none')
    const kind = /\.(png|jpe?g|svg)$/i.exec(path)?.[1]?.toLowerCase()
    if (!kind) throw new TypeError(`"${path}" must end in .png, .jpg or .svg`)
    const marks: Mark[] = [...this.boxes, ...this.quads]
    const file =
      kind === 'svg' ? drawSvg(picture, marks) : draw(picture, marks, { format: kind === 'png' ? 'png' : 'jpeg' })
    await replaceFile(path, await file)
  }

  /** What programs read: all but the picture's pixels and the single tokens. */
  toJSON(): object {
    const { text, raw, boxes, quads, finishReason, usage } = this
    return { text, raw, boxes, quads, finishReason, usage }
  }
}

const labelled = (label: string | undefined) => (label === undefined ? {} : { label })

export function boxInPixels({ label, box, raw }: LabelledBox, picture: Picture): AnswerBox {
  return { ...labelled(label), box: toPixels(box, picture), raw }
}

function quadInPixels({ label, quad, raw }: LabelledQuad, picture: Picture): AnswerQuad {
  return { ...labelled(label), quad: quadToPixels(quad, picture), raw }
}
