/** What is written on something. The answer is the writing, letter for letter. */
import { type Asker, inWords, oneKnown } from '../asking.ts'
import { say, type Wordings } from '../templates.ts'

const wordings: Wordings = {
  en: [
    'What does {what} say?',
    'What is written on {what}?',
    'What word is on {what}?',
    'Read {what}.',
    'What does it say on {what}?',
    'Which word can be read on {what}?',
    'What is the text on {what}?',
    'What can you read on {what}?',
    'Read the text on {what}.',
    'What stands on {what}?',
    'What are the words on {what}?',
  ],
  zh: [
    '{what}上写着什么？',
    '{what}上写的是什么？',
    '{what}上有什么字？',
    '请读出{what}上的字。',
    '{what}上的文字是什么？',
    '{what}上的字是什么？',
    '念一下{what}上的字。',
    '你能读出{what}上的文字吗？',
    '{what}写了什么？',
    '{what}上是什么字？',
  ],
}

export const askRead: Asker = asking => {
  const { random, language } = asking
  const marks = ['side', 'cell', 'relation', 'size', 'order'] as const
  const found = oneKnown(asking, { marks }, { accepts: ({ writing }) => writing !== undefined })
  if (found === undefined) return undefined
  const plain = oneKnown(asking, {}, { accepts: (_, index) => index === found.index })
  const { description } = plain !== undefined && random.chance(0.7) ? plain : found
  const question = say(random, wordings, language, { what: inWords(asking, description) })
  return { task: 'read', language, question, answer: found.object.writing!, about: [found.index] }
}
