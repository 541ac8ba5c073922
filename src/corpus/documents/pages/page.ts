/** What stands on a small page, and what it can be asked for. Knows no fonts and no places. */
import type { Materials } from '../../materials/materials.ts'
import type { Random } from '../../random.ts'
import type { Row } from '../block.ts'
import type { PaperForm } from '../papers.ts'
import type { Fact } from '../questions.ts'
import type { Vocabulary } from '../vocabulary.ts'

export const pageKinds = ['receipt', 'card', 'notice', 'table', 'menu', 'label', 'ticket'] as const
export type PageKind = (typeof pageKinds)[number]

export interface Page {
  /** From the top to the bottom: 2 to 7. */
  readonly rows: readonly Row[]
  readonly facts: readonly Fact[]
  readonly form: PaperForm
  readonly align: 'left' | 'centre' | 'right'
}

export type DrawPage = (random: Random, vocabulary: Vocabulary, materials: Materials) => Page

/** `Tel: 555 1234`, `电话：555 1234`. */
export const labelled = ({ language }: Vocabulary, label: string, value: string): string =>
  language === 'zh' ? `${label}：${value}` : `${label}: ${value}`

/** Small letters with a capital at the beginning: `Green tea`. */
export const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
