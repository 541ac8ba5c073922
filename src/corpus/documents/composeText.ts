/**
 * Pictures of a word, a number, a line, a sign or a few lines: what they say, and how they look. Draws no pixels.
 */
import type { Materials } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import type { Piece, Row } from './block.ts'
import { type Content, composeContent, enoughTries, otherLanguage } from './compose.ts'
import type { ComposedText, TextOptions } from './composed.ts'
import { DocumentError } from './documentError.ts'
import { drawnBoard } from './drawnPaper.ts'
import type { Pose } from './place.ts'
import type { Readable } from './questions.ts'
import { vocabularies } from './vocabulary.ts'

/** What a picture of text can show. */
export const textContents = ['word', 'random', 'digits', 'line', 'sign', 'lines'] as const
export type TextContent = (typeof textContents)[number]

/** The plan of a picture that shows `content`. Throws a DocumentError where no font can write what is drawn. */
export function composeText(
  random: Random,
  materials: Materials,
  options: TextOptions & { readonly content: TextContent },
): ComposedText {
  for (let attempt = 0; attempt < enoughTries; attempt++) {
    const draw = random.fork('attempt', attempt)
    const composed = composeContent(draw, materials, drawnContent(draw, materials, options), options)
    if (composed !== undefined) return composed
  }
  throw new DocumentError(
    `no ${options.content} in ${options.language} can be shown in a picture of ${options.width.join('–')} × ${options.height.join('–')} pixels with the ${options.side} fonts: allow larger pictures or more fonts`,
  )
}

function drawnContent(random: Random, materials: Materials, options: TextOptions & { content: TextContent }): Content {
  const { content, language } = options
  const rows = drawnRows(random, materials, options)
  const single = rows.length === 1 && rows[0]!.pieces.length === 1
  const short = single && [...rows[0]!.pieces[0]!.text].length <= (language === 'en' ? 10 : 4)
  const board = content === 'sign' || random.chance(0.15)
  return {
    kind: content,
    rows,
    style: {
      align: random.weighted({ left: 2, centre: 4, right: 0.5 }),
      sizes: { title: random.between(1.15, 1.7), body: 1, small: random.between(0.8, 1) },
      leading: random.between(0.25, 0.75),
      spacing: random.chance(0.15) ? random.between(0.03, 0.2) : 0,
      bend: single && random.chance(0.07) ? random.pick([-1, 1]) * random.between(15, 60) : 0,
    },
    pose: drawnPose(random, short),
    ...(board ? { paper: drawnBoard(random) } : {}),
    // A wide rim would fill the gaps of a character.
    rim: !board && random.chance(0.12) ? random.between(0.03, language === 'en' ? 0.1 : 0.06) : 0,
    readable: { language, manner: mannerOf(content), rows: rowsOf(rows), facts: [] },
  }
}

function mannerOf(content: TextContent): Readable['manner'] {
  if (content === 'word' || content === 'random') return 'word'
  if (content === 'digits') return 'figures'
  return content === 'sign' ? 'sign' : 'text'
}

/** Each row as it is read. */
export const rowsOf = (rows: readonly Row[]): string[] =>
  rows.map(({ pieces }) => pieces.map(({ text }) => text).join(' '))

function drawnRows(
  random: Random,
  materials: Materials,
  { content, language }: TextOptions & { content: TextContent },
): Row[] {
  const vocabulary = vocabularies[language]
  const row = (text: string, role: Piece['role'] = 'body'): Row => ({ pieces: [{ text, language, role }] })
  const other = (): Row => {
    const beside = otherLanguage(language)
    return { pieces: [{ text: vocabularies[beside].word(random, materials), language: beside }] }
  }
  switch (content) {
    case 'word':
      return [row(vocabulary.word(random, materials))]
    case 'random':
      return [row(vocabulary.nonsense(random, materials))]
    case 'digits':
      return [row(vocabulary.figures(random, materials))]
    case 'line':
      return [row(vocabulary.line(random, materials))]
    case 'sign': {
      const texts = vocabulary.sign(random, materials)
      const large = texts.length > 1 && random.chance(0.3) ? random.int(0, texts.length - 1) : -1
      const rows = texts.map((text, i) => row(text, i === large ? 'title' : 'body'))
      return random.chance(0.12) ? [...rows, other()] : rows
    }
    case 'lines': {
      const texts = Array.from({ length: random.int(2, 4) }, () =>
        vocabulary[random.weighted({ line: 4, word: 4, figures: 1.5 })](random, materials),
      )
      const titled = random.chance(0.3)
      const rows = texts.map((text, i) => row(text, titled && i === 0 ? 'title' : 'body'))
      return random.chance(0.12) ? random.shuffle([...rows.slice(1), other()]) : rows
    }
  }
}

function drawnPose(random: Random, short: boolean): Pose {
  const turned = random.weighted({ none: 4, little: 5, much: short ? 1.5 : 0 })
  const rotation = { none: 0, little: random.between(-8, 8), much: random.between(-25, 25) }[turned]
  return {
    rotation,
    slant: random.chance(0.15) ? random.between(-0.3, 0.3) : 0,
    perspective: random.chance(0.35) ? random.between(0.03, 0.16) : 0,
    // Mostly large, as words are that someone wants read.
    size: random.chance(0.75) ? random.between(0.4, 1) : random.between(0, 0.4),
    bleeds: false,
  }
}
