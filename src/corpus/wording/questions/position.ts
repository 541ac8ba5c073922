/** In which ninth of the picture something is. Asked so that it cannot be taken for a question that wants a box. */
import { type Asker, agreementOf, inWords, oneKnown } from '../asking.ts'
import { cellsOf } from '../places.ts'
import { say, type Wordings } from '../templates.ts'

const wordings: Wordings = {
  en: [
    'In which part of the picture {is} {what}?',
    'Which part of the picture {is} {what} in?',
    'Where in the picture {is} {what}?',
    'Where in the image {is} {what}?',
    'Whereabouts in the picture {is} {what}?',
    'In what part of the image {is} {what}?',
    'What is the position of {what} in the picture?',
    'Describe in a word or two where {what} {is}.',
    'In which area of the picture can {what} be seen?',
    'Say in which part of the image {what} {is}.',
    'In which region of the picture {is} {what}?',
  ],
  zh: [
    '{what}在图片的什么位置？',
    '{what}在图中的哪个方位？',
    '{what}在画面的哪个部分？',
    '{what}位于图片的哪个位置？',
    '{what}在图片的哪一边？',
    '{what}在画面的什么地方？',
    '{what}处于图中什么方位？',
    '请说出{what}在图片中的方位。',
    '{what}在图中什么方位？',
    '{what}位于画面的什么方位？',
  ],
}

export const askPosition: Asker = asking => {
  const { scene, random, language, grammar } = asking
  const found = oneKnown(asking, {}, { accepts: ({ box }) => cellsOf(box, scene).length === 1 })
  if (found === undefined) return undefined
  const [cell] = cellsOf(found.object.box, scene)
  const what = inWords(asking, found.description)
  const question = say(random, wordings, language, { what, ...agreementOf(asking, found.description) })
  const references = [...grammar.cellSynonyms(cell!), grammar.inCell(cell!)]
  return { task: 'position', language, question, answer: grammar.cell(cell!), references, about: [found.index] }
}
