/**
 * What a language has to offer to a picture of text: words, numbers, signs, and what stands on pages. Knows no pictures;
 * `english.ts` and `chinese.ts` have the words.
 */
import type { Materials } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import type { Language } from '../wording/exchange.ts'
import { chinese } from './chinese.ts'
import { english } from './english.ts'

/** Draws a text. */
export type Draw = (random: Random, materials: Materials) => string

export interface Vocabulary {
  readonly language: Language
  /** A word of the dictionary, or two to four characters that are one. */
  readonly word: Draw
  /** Letters or characters that mean nothing together. */
  readonly nonsense: Draw
  /** A number, price, time, date, code … */
  readonly figures: Draw
  /** Several words: at most about 24 letters, 10 characters. */
  readonly line: Draw
  /** What stands on a sign, row by row. */
  readonly sign: (random: Random, materials: Materials) => readonly string[]

  readonly shop: Draw
  /** What is sold: with a word of its own, so that it can be asked for. */
  readonly goods: readonly string[]
  readonly dishes: readonly string[]
  /** Those goods that have a weight on their label. */
  readonly weighed: readonly string[]
  readonly person: Draw
  readonly job: Draw
  readonly company: Draw
  readonly phone: Draw
  readonly date: Draw
  readonly time: Draw
  readonly place: Draw
  /** How a whole number of hundredths is written as a price. */
  readonly price: (random: Random) => (hundredths: number) => string
  readonly notice: readonly string[]
  /** What an event is called. */
  readonly event: readonly string[]
  readonly city: readonly string[]
  /** Headings and row names of tables, and what stands in the columns after the first. */
  readonly tables: readonly {
    readonly headings: readonly [string, string, string]
    readonly cells: readonly ['whole' | 'clock' | 'price', 'whole' | 'clock' | 'price']
    readonly rows: readonly string[]
  }[]
  /** Words that pages have: `Total`, `Menu`. */
  readonly page: Readonly<
    Record<
      | 'total'
      | 'menu'
      | 'receipt'
      | 'phone'
      | 'price'
      | 'weight'
      | 'seat'
      | 'date'
      | 'time'
      | 'place'
      | 'from'
      | 'to'
      | 'ticket',
      readonly string[]
    >
  >
}

/** The vocabulary of each language. */
export const vocabularies: Readonly<Record<Language, Vocabulary>> = { en: english, zh: chinese }
