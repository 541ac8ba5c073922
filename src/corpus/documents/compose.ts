/**
 * From rows of text to the plan of a picture: fonts that can write them, a paper or none, a pose, a background, light. What
 * the rows say was decided before. Draws no pixels.
 */
import type { Font, Materials } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import { sidesOf } from '../scenes/composed.ts'
import type { Language } from '../wording/exchange.ts'
import { type Block, type BlockStyle, bodySize, layBlock, type Piece, type Row } from './block.ts'
import type { ComposedText, Sheet, TextOptions, WrittenLine } from './composed.ts'
import { fontFor } from './fonts.ts'
import { beneath, inkOn } from './inks.ts'
import { type Paper, roomAround } from './papers.ts'
import { type Pose, place } from './place.ts'
import { projectedBox } from './projection.ts'
import type { Readable } from './questions.ts'

/** Rows and how they are to look. */
export interface Content {
  readonly kind: string
  readonly rows: readonly Row[]
  readonly style: Pick<BlockStyle, 'align' | 'sizes' | 'leading' | 'spacing' | 'bend'>
  readonly pose: Pose
  readonly paper?: Paper
  /** Widths of a rim around the letters, in sizes; 0 for none. */
  readonly rim: number
  readonly readable: Readable
}

/** The plan; undefined where no font writes it all, or it would not be readable in the picture. */
export function composeContent(
  random: Random,
  materials: Materials,
  content: Content,
  options: TextOptions,
): ComposedText | undefined {
  const fontOf = facesFor(random, materials, content.rows, options)
  if (fontOf === undefined) return undefined
  const block = layBlock(content.rows, { ...content.style, fontOf })
  const sheet = sheetOf(random, block, content)
  const area = { width: random.int(...mutable(options.width)), height: random.int(...mutable(options.height)) }
  const [x, y] = sheet.at
  const lines = block.lines.map(line => {
    const [left, top, right, bottom] = line.ink
    const rim = sheet.rim / 2
    return { ...line, ink: [left + x - rim, top + y - rim, right + x + rim, bottom + y + rim] as const }
  })
  const projection = place(random, { ...sheet, lines }, area, content.pose)
  if (projection === undefined) return undefined
  const written = lines.map(({ text, language, ink }): WrittenLine => {
    return { text, language, quad: projectedBox(projection, ink) }
  })
  return {
    ...area,
    kind: content.kind,
    background: drawnBackground(random, materials, options),
    sheet,
    projection,
    lighting: random.weighted({ day: 6, bright: 1, dim: 1, warm: 1, cold: 1 }),
    camera: {
      blur: random.chance(0.2) ? random.between(0.3, 1.1) : 0,
      noise: random.chance(0.25) ? random.between(2, 14) : 0,
      seed: random.int(0, 0xffff),
    },
    shade: random.chance(0.25) ? random.between(0.1, 0.45) : 0,
    seed: random.int(0, 0x7fffffff),
    lines: written,
    readable: content.readable,
  }
}

/** One font for titles and one for the rest, or one for both, in each language of the rows. */
function facesFor(
  random: Random,
  materials: Materials,
  rows: readonly Row[],
  { side }: TextOptions,
): ((piece: Piece) => Font) | undefined {
  const pieces = rows.flatMap(row => row.pieces)
  const two = random.chance(0.5)
  const keyOf = ({ language, role }: Piece) => `${language}${two && role === 'title' ? ' title' : ''}`
  const chosen = new Map<string, Font>()
  for (const piece of pieces) {
    const key = keyOf(piece)
    if (chosen.has(key)) continue
    const fonts = sidesOf(side).flatMap(own => materials.fonts(own, piece.language))
    const texts = pieces.filter(other => keyOf(other) === key).map(other => other.text)
    const font = fontFor(random, fonts, texts)
    if (font === undefined) return undefined
    chosen.set(key, font)
  }
  return piece => chosen.get(keyOf(piece))!
}

function sheetOf(random: Random, block: Block, { paper, rim, rows }: Content): Sheet {
  const room = paper === undefined ? { x: 15, y: 15 } : roomAround(paper.form, block, random.float())
  const inks = paper === undefined ? undefined : inkOn(random, beneath(paper.fill))
  const titled = rows.some(row => row.pieces.some(piece => piece.role === 'title'))
  return {
    width: block.width + 2 * room.x,
    height: block.height + 2 * room.y,
    block,
    at: [room.x, room.y],
    ...(paper === undefined || inks === undefined
      ? {}
      : {
          paper: {
            ...paper,
            ink: inks,
            titleInk: titled && random.chance(0.5) ? inkOn(random, beneath(paper.fill)) : inks,
          },
        }),
    rim: rim * bodySize,
    shadow: random.chance(paper === undefined ? 0.2 : 0.05) ? random.between(0.3, 0.7) : 0,
  }
}

function drawnBackground(random: Random, materials: Materials, { side }: TextOptions): ComposedText['background'] {
  const photographs = sidesOf(side).flatMap(own => materials.backgrounds(own))
  const kind = random.weighted({
    plain: 3,
    gradient: 2,
    texture: 2.5,
    photograph: photographs.length > 0 ? 2.5 : 0,
    landscape: 0.3,
    street: 0.3,
    room: 0.3,
  })
  const seed = random.int(0, 0x7fffffff)
  return { kind, id: kind === 'photograph' ? random.pick(photographs) : `${kind}:${seed}`, seed }
}

/** Tries until something can be drawn; how many draws are enough is far above what any recipe has needed. */
export const enoughTries = 60

const mutable = ([least, most]: readonly [number, number]): [number, number] => [least, most]

/** The languages that a text of one language may have beside it. */
export const otherLanguage = (language: Language): Language => (language === 'en' ? 'zh' : 'en')
