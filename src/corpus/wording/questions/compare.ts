/** Compares two things, or all: which is bigger, higher, further left, more of which. */
import { type Asker, type Asking, inWords, type Known, known, nameAnswer } from '../asking.ts'
import { nounOf } from '../describe.ts'
import type { Exchange } from '../exchange.ts'
import { areaOf, isFurther, isPlainlySeen } from '../places.ts'
import { say, type Wordings } from '../templates.ts'
import { countables } from './groups.ts'

/** How much larger the larger thing is. */
const plainlyLarger = 1.5

/** In English the reply is one of the two names. */
const size: Readonly<Record<'big' | 'small', Wordings>> = {
  big: {
    en: [
      'Which is bigger, {one} or {other}?',
      'Which is larger, {one} or {other}?',
      'Which looks bigger in the picture, {one} or {other}?',
      'What is bigger here, {one} or {other}?',
      'Between {one} and {other}, which is bigger?',
      'Which of the two is larger: {one} or {other}?',
      'Which takes up more room, {one} or {other}?',
    ],
    zh: [
      '{one}和{other}哪个更大？',
      '{one}和{other}哪个大？',
      '图中{one}和{other}哪个更大？',
      '{one}与{other}相比，哪个更大？',
      '是{one}大还是{other}大？',
      '{one}和{other}，哪一个看起来更大？',
      '{one}和{other}中哪个比较大？',
    ],
  },
  small: {
    en: [
      'Which is smaller, {one} or {other}?',
      'Which looks smaller in the picture, {one} or {other}?',
      'What is smaller here, {one} or {other}?',
      'Between {one} and {other}, which is smaller?',
      'Which of the two is smaller: {one} or {other}?',
    ],
    zh: [
      '{one}和{other}哪个更小？',
      '{one}和{other}哪个小？',
      '图中{one}和{other}哪个更小？',
      '是{one}小还是{other}小？',
      '{one}和{other}中哪个比较小？',
    ],
  },
}

const extreme: Readonly<Record<'big' | 'small', Wordings>> = {
  big: {
    en: [
      'What is the biggest thing in the picture?',
      'What is the largest object?',
      'Which object is the biggest?',
      'Which thing is the largest in the picture?',
    ],
    zh: ['图中最大的东西是什么？', '哪个东西最大？', '最大的物体是什么？', '图里哪个物体最大？'],
  },
  small: {
    en: [
      'What is the smallest thing in the picture?',
      'What is the smallest object?',
      'Which object is the smallest?',
      'Which thing is the smallest in the picture?',
    ],
    zh: ['图中最小的东西是什么？', '哪个东西最小？', '最小的物体是什么？', '图里哪个物体最小？'],
  },
}

const side: Readonly<Record<'left' | 'right' | 'top' | 'bottom', Wordings>> = {
  left: {
    en: ['Which is further to the left, {one} or {other}?', 'Which is more to the left: {one} or {other}?'],
    zh: ['{one}和{other}哪个更靠左？', '{one}和{other}，哪个在更左边？'],
  },
  right: {
    en: ['Which is further to the right, {one} or {other}?', 'Which is more to the right: {one} or {other}?'],
    zh: ['{one}和{other}哪个更靠右？', '{one}和{other}，哪个在更右边？'],
  },
  top: {
    en: ['Which is higher up, {one} or {other}?', 'Which is higher in the picture: {one} or {other}?'],
    zh: ['{one}和{other}哪个更靠上？', '{one}和{other}，哪个位置更高？'],
  },
  bottom: {
    en: ['Which is lower down, {one} or {other}?', 'Which is lower in the picture: {one} or {other}?'],
    zh: ['{one}和{other}哪个更靠下？', '{one}和{other}，哪个位置更低？'],
  },
}

const number: Readonly<Record<'more' | 'fewer', Wordings>> = {
  more: {
    en: [
      'Are there more {one} or more {other}?',
      'Which are there more of, {one} or {other}?',
      'What is there more of: {one} or {other}?',
      'Do you see more {one} or more {other}?',
    ],
    zh: [
      '{one}和{other}哪个更多？',
      '是{one}多还是{other}多？',
      '图中{one}和{other}哪个多？',
      '{one}和{other}，哪种数量更多？',
    ],
  },
  fewer: {
    en: ['Are there fewer {one} or fewer {other}?', 'Which are there fewer of, {one} or {other}?'],
    zh: ['{one}和{other}哪个更少？', '是{one}少还是{other}少？', '{one}和{other}，哪种数量更少？'],
  },
}

export const askCompare: Asker = asking => {
  const { random } = asking
  for (const way of random.shuffle([askSize, askSize, askExtreme, askSide, askNumber])) {
    const exchange = way(asking)
    if (exchange !== undefined) return exchange
  }
  return undefined
}

/** Two things that can be named, in a drawn order. */
export function pairsOf(asking: Asking): [Known, Known][] {
  const things = known(asking)
  const pairs = things.flatMap(a => things.filter(b => b.index !== a.index).map((b): [Known, Known] => [a, b]))
  return asking.random.shuffle(pairs)
}

/** Both are seen whole enough, and one is plainly the larger. */
export function isPlainlyLarger({ object: a }: Known, { object: b }: Known): boolean {
  return a.visible >= 0.8 && b.visible >= 0.8 && areaOf(a.box) >= plainlyLarger * areaOf(b.box)
}

const askSize: Asker = asking => {
  const [found] = pairsOf(asking).filter(([a, b]) => isPlainlyLarger(a, b))
  if (found === undefined) return undefined
  const [larger, smaller] = found
  const which = asking.random.chance(0.65) ? 'big' : 'small'
  return which === 'big' ? choice(asking, size.big, larger, smaller) : choice(asking, size.small, smaller, larger)
}

const askSide: Asker = asking => {
  const { random, scene } = asking
  const direction = random.pick(['left', 'right', 'top', 'bottom'] as const)
  const [found] = pairsOf(asking).filter(([a, b]) => isFurther(direction, a.object.box, b.object.box, scene))
  return found === undefined ? undefined : choice(asking, side[direction], ...found)
}

/** A question with two names, of which the first thing's is the answer. */
function choice(asking: Asking, wordings: Wordings, right: Known, wrong: Known): Exchange {
  const { random, language, grammar, catalogue } = asking
  const named = [right, wrong].map(({ description }) => inWords(asking, description))
  const [one, other] = random.chance(0.5) ? named : [named[1], named[0]]
  const question = say(random, wordings, language, { one: one!, other: other! })
  const noun = { ...nounOf(right.description, catalogue, random, language), words: catalogue.kind(right.object.kind) }
  const answer = grammar.bare(noun)
  const { answer: name, references = [] } = nameAnswer(asking, right.object)
  // The name alone is no answer where both have it.
  const short = right.object.kind === wrong.object.kind ? [grammar.some(noun)] : [name, ...references]
  const all = [named[0]!, grammar.the(noun), ...grammar.spellings(answer), ...short]
  const others = all.filter(each => each !== answer)
  return { task: 'compare', language, question, answer, references: [...new Set(others)], about: [right.index] }
}

const askExtreme: Asker = asking => {
  const { scene, random, language } = asking
  if (scene.objects.length < 2 || !scene.objects.every(isPlainlySeen)) return undefined
  const which = random.pick(['big', 'small'] as const)
  const areas = scene.objects.map(({ box }) => areaOf(box) ** (which === 'big' ? 1 : -1))
  const index = areas.findIndex((own, i) => areas.every((area, j) => j === i || own >= plainlyLarger * area))
  if (index === -1) return undefined
  const question = say(random, extreme[which], language)
  return { task: 'compare', language, question, ...nameAnswer(asking, scene.objects[index]!), about: [index] }
}

const askNumber: Asker = asking => {
  const { random, language, grammar } = asking
  const kinds = random.shuffle(countables(asking).filter(({ by }) => by === 'kind'))
  const [a, b] = kinds
  if (a === undefined || b === undefined || a.places.length === b.places.length) return undefined
  const which = random.chance(0.7) ? 'more' : 'fewer'
  const right = a.places.length > b.places.length === (which === 'more') ? a : b
  const [one, other] = [grammar.bare(a.noun, 2), grammar.bare(b.noun, 2)]
  const question = say(random, number[which], language, { one, other })
  const answer = grammar.bare(right.noun, 2)
  const references = [grammar.bare(right.noun), grammar.the(right.noun, 2)].filter(each => each !== answer)
  return { task: 'compare', language, question, answer, references: [...new Set(references)] }
}
