/** Says in a sentence how the second of two pictures differs from the first. */
import type { SceneChange, SceneObject } from '../scenes/scene.ts'
import { type Asking, agreement, agreementFor } from './asking.ts'
import { descriptionsOf, nounOf } from './describe.ts'
import type { Exchange } from './exchange.ts'
import type { Noun } from './grammar.ts'
import { cellsOf } from './places.ts'
import { fill, say, type Wordings } from './templates.ts'

const questions: Wordings = {
  en: [
    'What is different in the second picture?',
    'What is the difference between the two pictures?',
    'What has changed?',
    'What has changed from the first picture to the second?',
    'How does picture 2 differ from picture 1?',
    'Compare the two pictures: what is different?',
    'Find the difference.',
    'What changed between the two images?',
    'Spot the difference between the pictures.',
  ],
  zh: [
    '两张图有什么不同？',
    '第二张图有什么变化？',
    '两张图的区别是什么？',
    '第二张图和第一张图有什么不一样？',
    '请找出两张图的不同之处。',
    '有什么变化？',
    '这两张图哪里不同？',
    '从第一张图到第二张图，什么变了？',
  ],
}

/** The first is the answer, the others are right too. */
const statements: Readonly<Record<SceneChange['kind'] | 'movedTo', Wordings>> = {
  removed: {
    en: [
      '{The} {is} missing in the second picture.',
      '{The} {is} gone.',
      'There {is} no {bare} in the second picture.',
    ],
    zh: ['第二张图里少了{the}。', '{the}不见了。', '第二张图中没有{bare}了。'],
  },
  added: {
    en: ['The second picture also has {a}.', '{A} was added.', 'There {is} {a} in the second picture only.'],
    zh: ['第二张图里多了{a}。', '第二张图增加了{a}。', '多了{a}。'],
  },
  recoloured: {
    en: [
      '{The} {is} {colour} in the second picture.',
      '{The} changed from {before} to {colour}.',
      '{The} turned {colour}.',
    ],
    zh: ['{the}变成了{colour}。', '{the}由{before}变成了{colour}。', '第二张图里{the}是{colour}的。'],
  },
  replaced: {
    en: ['{The} became {a}.', '{The} {was} replaced by {a}.', 'There is {a} instead of {the}.'],
    zh: ['{the}变成了{a}。', '{the}被换成了{a}。', '第二张图里{the}换成了{a}。'],
  },
  moved: {
    en: ['{The} moved.', '{The} is in another place.', 'The place of {the} changed.'],
    zh: ['{the}的位置变了。', '{the}移动了。', '{the}换了位置。'],
  },
  movedTo: {
    en: ['{The} {is} now {where}.', '{The} moved: {it} {is} {where} in the second picture.', '{The} moved.'],
    zh: ['{the}现在{where}。', '{the}移到了{place}。', '{the}的位置变了。'],
  },
}

/** What has changed, in a sentence; `change` as `exchangeAboutPair` has it. */
export function differenceOf(first: Asking, second: Asking, change: SceneChange): Exchange {
  const { language, random } = first
  const [answer, ...references] = statement(first, second, change)
  return { task: 'pair', language, question: say(random, questions, language), answer: answer!, references }
}

function statement(first: Asking, second: Asking, change: SceneChange): string[] {
  const { grammar, language } = first
  const said = (kind: keyof typeof statements, values: Readonly<Record<string, string>>) =>
    statements[kind][language].map(template => fill(template, values))
  if (change.kind === 'added') {
    const noun = fullNoun(second, second.scene.objects[change.after]!)
    return said('added', { a: grammar.some(noun), is: 'is' })
  }
  // A colour that changes is not part of the name.
  const noun = shortNoun(first, change.before, change.kind !== 'recoloured')
  const alone =
    descriptionsOf(change.before, first.scene, first.catalogue, { colour: noun.colour !== undefined }).length > 0
  const the = alone ? grammar.the(noun) : grammar.some(noun)
  const is = alone ? agreement(grammar, noun) : agreementFor(false)
  const values = { ...is, the, bare: grammar.bare(noun) }
  switch (change.kind) {
    case 'removed':
      // `There is no dog` is wrong where another dog stays.
      return said('removed', values).slice(0, alone ? 3 : 2)
    case 'recoloured': {
      const [before, after] = [first.scene.objects[change.before]!.colour, second.scene.objects[change.after]!.colour]
      if (after === undefined)
        return [grammar.sentence(language === 'en' ? `the colour of ${the} changed` : `${the}的颜色变了`)]
      const colour = grammar.colour(after)
      const told = said('recoloured', { ...values, colour, before: before === undefined ? '' : grammar.colour(before) })
      return before === undefined ? [told[0]!, told[2]!] : told
    }
    case 'replaced':
      return said('replaced', { ...values, a: grammar.some(fullNoun(second, second.scene.objects[change.after]!)) })
    case 'moved': {
      const [cell, ...others] = cellsOf(second.scene.objects[change.after]!.box, second.scene)
      const [before] = cellsOf(first.scene.objects[change.before]!.box, first.scene)
      if (cell === undefined || others.length > 0 || cell === before) return said('moved', values)
      return said('movedTo', { ...values, where: grammar.inCell(cell), place: grammar.cell(cell) })
    }
  }
}

/** With its colour and writing, where it has them. */
function fullNoun({ catalogue }: Asking, { kind, colour, writing }: SceneObject): Noun {
  const noun = { words: catalogue.kind(kind) }
  return { ...noun, ...(colour === undefined ? {} : { colour }), ...(writing === undefined ? {} : { writing }) }
}

/** The shortest name that nothing else has; otherwise all that may be said. */
function shortNoun(asking: Asking, index: number, withColour: boolean): Noun {
  const { scene, catalogue, random, language } = asking
  const [shortest] = descriptionsOf(index, scene, catalogue, { colour: withColour })
  const { kind, colour } = scene.objects[index]!
  if (shortest !== undefined) {
    return { ...nounOf(shortest, catalogue, random, language), words: catalogue.kind(kind) }
  }
  return { words: catalogue.kind(kind), ...(withColour && colour !== undefined ? { colour } : {}) }
}
