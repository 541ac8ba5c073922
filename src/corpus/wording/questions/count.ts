/** How many there are: of a kind, of a colour, of a category, of all. Up to six, which can be seen at a glance. */
import { type Asker, countAnswer } from '../asking.ts'
import { say, type Wordings } from '../templates.ts'
import { countables } from './groups.ts'

/** More are not asked for. */
export const highestCount = 6

/** `{things}` is the plural; `{measure}` what Chinese counts them by. */
const wordings: Wordings = {
  en: [
    'How many {things} are there?',
    'How many {things} are there in the picture?',
    'How many {things} are in the picture?',
    'How many {things} can you see?',
    'How many {things} do you see?',
    'How many {things} are shown?',
    'What is the number of {things}?',
    'Count the {things}.',
    'What number of {things} can be seen?',
    'How many {things} does the picture show?',
    'Can you count the {things}?',
    'Tell me how many {things} there are.',
  ],
  zh: [
    '有几{measure}{things}？',
    '图中有几{measure}{things}？',
    '图片里有几{measure}{things}？',
    '一共有几{measure}{things}？',
    '你能看到几{measure}{things}？',
    '图中有多少{measure}{things}？',
    '有多少{measure}{things}？',
    '数一数有几{measure}{things}。',
    '请问图中有几{measure}{things}？',
    '{things}有几{measure}？',
    '图里{things}的数量是多少？',
    '画面中一共有多少{measure}{things}？',
  ],
}

const shares = { kind: 6, colour: 3, category: 1, thing: 1 }

export const askCount: Asker = asking => {
  const { random, language, grammar } = asking
  const all = countables(asking).filter(({ places }) => places.length <= highestCount)
  const several = all.filter(({ places }) => places.length > 1)
  const found = several.length > 0 && random.chance(0.8) ? several : all
  if (found.length === 0) return undefined
  const present = Object.fromEntries(found.map(({ by }) => [by, shares[by]]))
  const by = random.weighted(present)
  const { noun, places } = random.pick(found.filter(each => each.by === by))
  const { en, zh } = noun.words
  // A pair of scissors is counted in pairs.
  const pairs = language === 'en' && en.article === 'a pair of' ? 'pairs of ' : ''
  const things = `${pairs}${grammar.bare(noun, 2)}`
  const question = say(random, wordings, language, { things, measure: zh.measure })
  return { task: 'count', language, question, ...countAnswer(asking, places.length), about: places }
}
