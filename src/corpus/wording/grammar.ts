/**
 * What a language has to be able to say about things: one interface, two small grammars. Knows no scenes; what is said
 * is decided by whoever asks for a phrase.
 */
import type { Kind } from '../materials/kind.ts'
import type { Colour } from '../scenes/scene.ts'
import type { Language } from './exchange.ts'
import type { Cell, Relation, Side } from './places.ts'

/** What something is called: those of a kind, of a category, or of any thing at all. */
export type Words = Pick<Kind, 'en' | 'zh'>

/** A thing with what is said about it before its name. */
export interface Noun {
  readonly words: Words
  readonly colour?: Colour
  /** What is written on it. */
  readonly writing?: string
}

/** What singles a thing out among others that its noun fits too. */
export type Distinction =
  /** `among` counts those that the noun fits: `bigger` of two, `biggest` of more. */
  | { readonly by: 'size'; readonly size: 'big' | 'small'; readonly among: number }
  | { readonly by: 'side'; readonly side: Side; readonly among: number }
  /** `place` counts from 1. */
  | { readonly by: 'order'; readonly from: 'left' | 'right'; readonly place: number }
  | { readonly by: 'cell'; readonly cell: Cell }
  | { readonly by: 'relation'; readonly relation: Relation; readonly landmark: Noun }

/** `the`: definite. `a`: one of its kind. `bare`: the words of a label, without an article. */
export type Determiner = 'the' | 'a' | 'bare'

export interface Grammar {
  readonly language: Language
  /** So many: `a dog`, `two red apples`, `some rice`; 一只狗, 两个红色的苹果. */
  some(noun: Noun, count?: number): string
  /** `the dog`, and `the dogs` for several; 狗, 这些狗. */
  the(noun: Noun, count?: number): string
  /** `dog`, `red dogs`; 狗, 红色的狗. */
  bare(noun: Noun, count?: number): string
  /**
   * What is singled out: `the dog on the left`, `the second apple from the right`; 左边的狗. `choice` from 0 tells
   * which of several ways to say it; any whole number will do.
   */
  phrase(noun: Noun, distinction: Distinction | undefined, determiner: Determiner, choice: number): string
  /** Whether what `the` says is grammatically several: the scissors are. */
  plural(noun: Noun, count?: number): boolean
  /** Asked for, or denied: `a dog`, `any rice`; 狗. */
  any(noun: Noun): string
  /** Whether so many are spoken of as several: there is a pair of scissors, there are grapes. */
  areThere(noun: Noun, count?: number): boolean
  /** `more`: there are others that are not named. */
  list(items: readonly string[], more?: boolean): string
  /** In words: `three`, 三. */
  number(count: number): string
  /** `red`, 红色: as an answer. */
  colour(colour: Colour): string
  /** Other words for the colour, which are right answers too. */
  colourSynonyms(colour: Colour): readonly string[]
  /** `top left`, 左上方: as an answer. */
  cell(cell: Cell): string
  cellSynonyms(cell: Cell): readonly string[]
  /** `at the top left`, 在左上方: as part of a sentence. */
  inCell(cell: Cell): string
  /** `left`, 左边: as an answer to where one thing is from another. */
  relation(relation: Relation): string
  relationSynonyms(relation: Relation): readonly string[]
  /** The place beside a thing: `to the left of the dog`, 狗的左边. */
  beside(relation: Relation, thing: string): string
  /** The same phrase as others write it: `gray` for `grey`; 红苹果 for 红色的苹果. */
  spellings(phrase: string): readonly string[]
  /** A whole sentence of it: a capital where the language has them, and a full stop. */
  sentence(text: string): string
}

/** Words for a thing of whatever kind. */
export const anyThing: readonly Words[] = [
  { en: { name: 'thing', plural: 'things', article: 'a' }, zh: { name: '东西', measure: '个' } },
  { en: { name: 'object', plural: 'objects', article: 'an' }, zh: { name: '物体', measure: '个' } },
  { en: { name: 'item', plural: 'items', article: 'an' }, zh: { name: '物品', measure: '件' } },
]
