/** Where something is, as a box: by its name alone, or by what tells it from others. */

import type { SceneObject } from '../scenes/scene.ts'
import { type Asker, type Asking, agreementOf, inWords, type Known, oneKnown } from './asking.ts'
import { allMarks } from './describe.ts'
import type { Exchange } from './exchange.ts'
import { boxMarkup } from './formats.ts'
import { say, type Wordings } from './templates.ts'

/** `{what}` is the phrase as it is labelled. */
const definite: Wordings = {
  en: [
    'Where {is} {what}?',
    'Find {what}.',
    'Locate {what}.',
    'Show me {what}.',
    'Point to {what}.',
    'Mark {what}.',
    'Can you find {what}?',
    'Give the box of {what}.',
    'Draw a box around {what}.',
    'Please locate {what} in the picture.',
    'Frame {what} with a box.',
    'What are the coordinates of {what}?',
    'Detect {what}.',
    'Where can I find {what}?',
  ],
  zh: [
    '{what}在哪里？',
    '{what}在哪儿？',
    '找出{what}。',
    '框出{what}。',
    '请框出图中{what}的位置。',
    '请标出{what}。',
    '请找到{what}。',
    '定位{what}。',
    '帮我找一下{what}。',
    '把{what}框出来。',
    '{what}的位置在哪里？',
    '检测{what}。',
    '指出{what}在哪里。',
  ],
}

/** For a label without an article. */
const bare: Wordings = {
  en: [
    'Locate: {what}',
    'Find: {what}',
    'Detect "{what}".',
    'Box: {what}',
    'Where is this: {what}?',
    'Find this: {what}.',
  ],
  zh: definite.zh,
}

/** For `a dog`. */
const indefinite: Wordings = {
  en: [
    'Find {what}.',
    'Locate {what}.',
    'Where is there {what}?',
    'Point out {what}.',
    'Mark {what}.',
    'Show me {what}.',
  ],
  zh: ['找出{what}。', '框出{what}。', '图中哪里有{what}？', '请标出{what}。', '请找到{what}。'],
}

/** Asks for the box of what is described. */
export function locate(asking: Asking, task: Exchange['task'], { index, object, description }: Known): Exchange {
  const { scene, language, random } = asking
  const named = description.mark === undefined
  const style = random.weighted(named ? { the: 5, bare: 4, a: 1 } : { the: 7, bare: 3 })
  const what = inWords(asking, description, style)
  const wordings = { the: definite, bare, a: indefinite }[style]
  const question = say(random, wordings, language, { what, ...agreementOf(asking, description) })
  return { task, language, question, phrase: what, answer: boxMarkup([object.box], scene, what), about: [index] }
}

export const askLocate: Asker = asking => {
  const found = oneKnown(asking, { colour: false })
  return found === undefined ? undefined : locate(asking, 'locate', found)
}

/** Prefers what needs a description: things that share their name with others. */
export const askLocateByDescription: Asker = asking => {
  const { scene, random } = asking
  const isShared = ({ kind }: SceneObject) => scene.objects.filter(other => other.kind === kind).length > 1
  const shared = () => oneKnown(asking, { marks: allMarks }, { accepts: isShared, saysEnough: isDescribed })
  const any = () => oneKnown(asking, { marks: allMarks }, { saysEnough: isDescribed })
  const unnamed = () => oneKnown(asking, { heads: ['category', 'thing'], marks: allMarks }, { saysEnough: isDescribed })
  const ways = random.weighted({ shared: 8, any: 1, unnamed: 1 })
  const found = (ways === 'shared' ? shared() : ways === 'unnamed' ? unnamed() : undefined) ?? any()
  return found === undefined ? undefined : locate(asking, 'locate-by-description', found)
}

const isDescribed = ({ mark, colour, head }: Known['description']) =>
  mark !== undefined || colour !== undefined || (head !== 'thing' && 'category' in head)
