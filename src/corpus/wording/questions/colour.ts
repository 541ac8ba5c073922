/** What colour something has, or all of one kind. */
import type { SceneObject } from '../../scenes/scene.ts'
import { type Asker, agreement, agreementOf, inWords, oneKnown } from '../asking.ts'
import type { Exchange } from '../exchange.ts'
import { say, type Wordings } from '../templates.ts'
import { sameKind } from './groups.ts'

const wordings: Wordings = {
  en: [
    'What colour {is} {what}?',
    'What colour {is} {what}?',
    'What color {is} {what}?',
    'Which colour {is} {what}?',
    'Which colour {does} {what} have?',
    'What is the colour of {what}?',
    'What is the color of {what}?',
    "What's the colour of {what}?",
    'Tell me the colour of {what}.',
    'Name the colour of {what}.',
    'Can you tell what colour {what} {is}?',
    'In what colour {is} {what} shown?',
  ],
  zh: [
    '{what}是什么颜色的？',
    '{what}是什么颜色？',
    '{what}是什么颜色的？',
    '{what}的颜色是什么？',
    '{what}是哪种颜色？',
    '请问{what}是什么颜色？',
    '图中{what}是什么颜色的？',
    '请说出{what}的颜色。',
    '{what}是啥颜色？',
    '{what}呈什么颜色？',
    '图片里{what}是什么颜色的？',
  ],
}

export const askColour: Asker = asking => {
  const { scene, random, language, grammar, catalogue } = asking
  const groups = sameKind(asking).filter(({ objects }) => {
    const [first] = objects
    return objects.length > 1 && objects.every(({ colour }) => colour !== undefined && colour === first?.colour)
  })
  if (groups.length > 0 && random.chance(0.3)) {
    const { kind, objects, places } = random.pick(groups)
    const noun = { words: catalogue.kind(kind) }
    const what = grammar.the(noun, objects.length)
    const question = say(random, wordings, language, { what, ...agreement(grammar, noun, objects.length) })
    return { ...answered(places[0]!, question), about: places }
  }
  const heads = random.chance(0.15) ? (['thing', 'category'] as const) : (['kind'] as const)
  const marks = ['side', 'cell', 'relation', 'order', 'size'] as const
  const accepts = (object: SceneObject) => object.colour !== undefined
  const found = oneKnown(asking, { heads, colour: false, marks }, { accepts })
  if (found === undefined) return undefined
  // A name that is enough is mostly left alone.
  const plain = oneKnown(asking, { colour: false }, { accepts: (_, index) => index === found.index })
  const description =
    plain !== undefined && heads[0] === 'kind' && random.chance(0.7) ? plain.description : found.description
  const what = inWords(asking, description)
  const question = say(random, wordings, language, { what, ...agreementOf(asking, description) })
  return { ...answered(found.index, question), about: [found.index] }

  function answered(index: number, question: string): Exchange {
    const colour = scene.objects[index]!.colour!
    const references = grammar.colourSynonyms(colour)
    return { task: 'colour', language, question, answer: grammar.colour(colour), references }
  }
}
