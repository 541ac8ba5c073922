/** A small grammar of English noun phrases. Knows no scenes. */
import type { Colour } from '../scenes/scene.ts'
import type { Distinction, Grammar, Noun } from './grammar.ts'
import type { Cell, Relation, Side } from './places.ts'

const numbers = [
  'no',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
]
const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth']

const colourSynonyms: { readonly [colour in Colour]?: readonly string[] } = {
  grey: ['gray'],
  purple: ['violet'],
}

const cellSynonyms: Readonly<Record<Cell, readonly string[]>> = {
  'top left': ['upper left', 'top-left', 'top left corner', 'left top'],
  top: ['upper', 'upper middle', 'top centre', 'top center', 'top middle'],
  'top right': ['upper right', 'top-right', 'top right corner', 'right top'],
  left: ['middle left', 'left side', 'centre left', 'center left'],
  centre: ['center', 'middle'],
  right: ['middle right', 'right side', 'centre right', 'center right'],
  'bottom left': ['lower left', 'bottom-left', 'bottom left corner', 'left bottom'],
  bottom: ['lower', 'lower middle', 'bottom centre', 'bottom center', 'bottom middle'],
  'bottom right': ['lower right', 'bottom-right', 'bottom right corner', 'right bottom'],
}

const relationSynonyms: Readonly<Record<Relation, readonly string[]>> = {
  left: ['to the left', 'on the left', 'left side', 'left of it'],
  right: ['to the right', 'on the right', 'right side', 'right of it'],
  above: ['over', 'on top', 'above it'],
  below: ['under', 'underneath', 'beneath', 'below it'],
}

const onSide: Readonly<Record<Side, string>> = {
  left: 'on the left',
  right: 'on the right',
  top: 'at the top',
  bottom: 'at the bottom',
}

/** Of more than two: before the name, or after it. */
const superlative: Readonly<Record<Side, readonly [before: string, after: string]>> = {
  left: ['leftmost', 'furthest to the left'],
  right: ['rightmost', 'furthest to the right'],
  top: ['highest', 'nearest to the top'],
  bottom: ['lowest', 'nearest to the bottom'],
}

/** Is heard as `a` though it is written with a vowel, and the other way round. */
const consonantSound = /^(uni(?![dmn])|us[aeu]|uk[eu]|ufo|eu|one\b|once)/i
const vowelSound = /^(hour|honest|heir|herb\b|x-ray|mri|led\b|sos)/i

/** `a` or `an`, by the sound of what follows. */
export const articleBefore = (text: string): 'a' | 'an' =>
  vowelSound.test(text) || (/^[aeiou]/i.test(text) && !consonantSound.test(text)) ? 'an' : 'a'

/** Said in the plural though it is one: scissors, jeans, grapes. */
const isPluralOnly = ({ words: { en } }: Noun) =>
  en.article === 'a pair of' || (en.article === '' && en.name === en.plural && /[^sui]s$/.test(en.name))

const join = (...parts: readonly string[]) => parts.filter(part => part !== '').join(' ')

/** Everything of a noun phrase but its determiner. */
function core(noun: Noun, count: number, before = '', after = ''): string {
  const { en } = noun.words
  const says = noun.writing === undefined ? '' : `that ${count > 1 ? 'say' : 'says'} “${noun.writing}”`
  return join(before, noun.colour ?? '', count > 1 ? en.plural : en.name, says, after)
}

function indefinite(noun: Noun, count: number, before = '', after = ''): string {
  const { article } = noun.words.en
  const uncounted = article === ''
  if (article === 'a pair of') {
    const pairs = count > 1 ? `${numbers[count]} pairs of` : 'a pair of'
    return join(pairs, core(noun, count, before, after))
  }
  if (count > 1) return join(uncounted ? 'some' : english.number(count), core(noun, count, before, after))
  const text = core(noun, 1, before, after)
  if (uncounted) return `some ${text}`
  return `${text.startsWith(noun.words.en.name) ? article : articleBefore(text)} ${text}`
}

/** What a distinction puts before the name and what after it. */
function distinguished(distinction: Distinction | undefined, choice: number): readonly [before: string, after: string] {
  if (distinction === undefined) return ['', '']
  const pick = <Item>(items: readonly Item[]) => items[choice % items.length] as Item
  switch (distinction.by) {
    case 'size': {
      const two = distinction.size === 'big' ? ['big', 'bigger', 'larger', 'large'] : ['small', 'smaller', 'little']
      const more = distinction.size === 'big' ? ['biggest', 'largest'] : ['smallest']
      return [pick(distinction.among > 2 ? more : two), '']
    }
    case 'side': {
      if (distinction.among === 2) {
        const { side } = distinction
        const left = side === 'left' || side === 'right'
        return pick([['', onSide[side]], left ? [side, ''] : [side === 'top' ? 'upper' : 'lower', '']] as const)
      }
      const [before, after] = superlative[distinction.side]
      return pick([[before, ''] as const, [before, ''] as const, ['', after] as const])
    }
    case 'order': {
      const ordinal = ordinals[distinction.place - 1] as string
      return [ordinal, `from the ${distinction.from}`]
    }
    case 'cell': {
      const corner = distinction.cell.includes(' ')
      const inCorner = `in the ${distinction.cell} corner`
      return ['', pick(corner ? [english.inCell(distinction.cell), inCorner] : [english.inCell(distinction.cell)])]
    }
    case 'relation':
      return ['', english.beside(distinction.relation, english.the(distinction.landmark))]
  }
}

export const english: Grammar = {
  language: 'en',
  some: (noun, count = 1) => indefinite(noun, count),
  the: (noun, count = 1) => `the ${core(noun, count)}`,
  bare: (noun, count = 1) => core(noun, count),
  phrase: (noun, distinction, determiner, choice) => {
    const [before, after] = distinguished(distinction, choice)
    if (determiner === 'a') return indefinite(noun, 1, before, after)
    const text = core(noun, 1, before, after)
    return determiner === 'the' ? `the ${text}` : text
  },
  plural: (noun, count = 1) => (count > 1 && noun.words.en.article !== '') || isPluralOnly(noun),
  any: noun => (noun.words.en.article === '' ? `any ${core(noun, 1)}` : indefinite(noun, 1)),
  areThere: (noun, count = 1) => (noun.words.en.article === '' ? isPluralOnly(noun) : count > 1),
  list: (items, more = false) => {
    const all = more ? [...items, 'other things'] : items
    return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
  },
  number: count => numbers[count] ?? `${count}`,
  colour: colour => colour,
  colourSynonyms: colour => colourSynonyms[colour] ?? [],
  cell: cell => cell,
  cellSynonyms: cell => cellSynonyms[cell],
  inCell: cell => {
    if (cell === 'centre') return 'in the middle'
    return `${cell === 'left' || cell === 'right' ? 'on' : 'at'} the ${cell}`
  },
  relation: relation => relation,
  relationSynonyms: relation => relationSynonyms[relation],
  beside: (relation, thing) =>
    relation === 'left' || relation === 'right' ? `to the ${relation} of ${thing}` : `${relation} ${thing}`,
  spellings: phrase => (phrase.includes('grey') ? [phrase.replaceAll('grey', 'gray')] : []),
  sentence: text => `${capital(text)}.`,
}

/** A capital for the first letter, also where it stands in a label. */
export const capital = (text: string): string =>
  text.replace(/^(<ref>)?(\p{Ll})/u, (_, tag: string | undefined, letter: string) => (tag ?? '') + letter.toUpperCase())
