/** Pictures of small pages: receipts, cards, notices, tables, menus, labels, tickets. Draws no pixels. */
import type { Materials } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import type { Row } from './block.ts'
import { type Content, composeContent, enoughTries, otherLanguage } from './compose.ts'
import type { ComposedText, TextOptions } from './composed.ts'
import { rowsOf } from './composeText.ts'
import { DocumentError } from './documentError.ts'
import { drawnPage } from './drawnPaper.ts'
import { type Page, type PageKind, pages } from './pages/index.ts'
import type { Pose } from './place.ts'
import { vocabularies } from './vocabulary.ts'

/** The plan of a picture that shows a page of a kind. Throws a DocumentError where no font can write what is drawn. */
export function composeDocument(
  random: Random,
  materials: Materials,
  options: TextOptions & { readonly kind: PageKind },
): ComposedText {
  const { kind, language, width, height, side } = options
  for (let attempt = 0; attempt < enoughTries; attempt++) {
    const draw = random.fork('attempt', attempt)
    const page = pages[kind](draw, vocabularies[language], materials)
    const composed = composeContent(draw, materials, contentOf(draw, materials, page, options), options)
    if (composed !== undefined) return composed
  }
  throw new DocumentError(
    `no ${kind} in ${language} can be shown in a picture of ${width.join('–')} × ${height.join('–')} pixels with the ${side} fonts: allow larger pictures or more fonts`,
  )
}

function contentOf(
  random: Random,
  materials: Materials,
  page: Page,
  { kind, language }: TextOptions & { kind: PageKind },
): Content {
  const rows =
    page.rows.flatMap(row => row.pieces).length < 7 && random.chance(0.12)
      ? withOther(random, materials, page.rows, language)
      : page.rows
  return {
    kind,
    rows,
    style: {
      align: page.align,
      sizes: { title: random.between(1.1, 1.6), body: 1, small: random.between(0.85, 1) },
      leading: random.between(0.3, 0.8),
      spacing: random.chance(0.08) ? random.between(0.02, 0.08) : 0,
    },
    pose: drawnPose(random),
    paper: drawnPage(random, page.form),
    rim: 0,
    readable: { language, manner: 'page', rows: rowsOf(rows), facts: page.facts },
  }
}

/** A last row in the other language. */
function withOther(
  random: Random,
  materials: Materials,
  rows: readonly Row[],
  language: TextOptions['language'],
): Row[] {
  const other = otherLanguage(language)
  const { page } = vocabularies[other]
  const text = random.pick([...page.receipt, ...page.menu, vocabularies[other].word(random, materials)])
  return [...rows, { pieces: [{ text, language: other, role: 'small' }] }]
}

function drawnPose(random: Random): Pose {
  return {
    rotation: random.chance(0.35) ? 0 : random.between(-9, 9),
    slant: 0,
    perspective: random.chance(0.45) ? random.between(0.02, 0.09) : 0,
    size: random.float() ** 0.5,
    bleeds: random.chance(0.5),
  }
}
