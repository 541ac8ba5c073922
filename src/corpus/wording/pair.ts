/** Questions that need two pictures: which one has something, what differs, how many in both. */
import type { Scene, SceneChange } from '../scenes/scene.ts'
import { type Asking, askingOf, countAnswer } from './asking.ts'
import type { WordingContext } from './context.ts'
import { differenceOf } from './difference.ts'
import type { Exchange, Language } from './exchange.ts'
import type { Noun } from './grammar.ts'
import { absentKind } from './questions/absent.ts'
import { type Countable, countables } from './questions/groups.ts'
import { any, reply } from './questions/yesNo.ts'
import { say, type Wordings } from './templates.ts'

const which: Wordings = {
  en: [
    'Which picture has {some}?',
    'Which picture shows {some}?',
    'In which picture {is} there {a}?',
    'In which picture can you see {a}?',
    'Which of the two pictures shows {some}?',
    'Which image contains {some}?',
    'Which one has {some}?',
    'Where {is} there {a}: in picture 1 or in picture 2?',
  ],
  zh: [
    '哪张图里有{bare}？',
    '哪一张图片中有{bare}？',
    '{bare}在哪张图里？',
    '两张图中，哪张有{bare}？',
    '哪张图片里可以看到{bare}？',
    '第几张图里有{bare}？',
    '{bare}出现在哪张图中？',
  ],
}

const whichHasMore: Wordings = {
  en: [
    'Which picture has more {things}?',
    'Which picture shows more {things}?',
    'In which picture are there more {things}?',
    'Which of the two has more {things}?',
    'Which image contains more {things}?',
  ],
  zh: [
    '哪张图里的{things}更多？',
    '哪张图片中的{things}多？',
    '哪一张图有更多的{things}？',
    '两张图中，哪张的{things}更多？',
  ],
}

const inBoth: Wordings = {
  en: [
    '{Is} there {a} in both pictures?',
    'Do both pictures show {a}?',
    '{Is} {a} in both pictures?',
    'Can you see {a} in both images?',
    'Do the two pictures both have {a}?',
  ],
  zh: [
    '两张图里都有{bare}吗？',
    '两张图片中是不是都有{bare}？',
    '这两张图都有{bare}吗？',
    '两张图里都能看到{bare}吗？',
  ],
}

const altogether: Wordings = {
  en: [
    'How many {things} are there in both pictures together?',
    'How many {things} do the two pictures show altogether?',
    'How many {things} are there in total?',
    'Count the {things} in both pictures.',
    'What is the total number of {things} in the two pictures?',
  ],
  zh: [
    '两张图里一共有几{measure}{things}？',
    '两张图片加起来有多少{measure}{things}？',
    '两张图中总共有几{measure}{things}？',
    '数一数两张图里一共有几{measure}{things}。',
  ],
}

const pictures = {
  en: [
    ['Picture 1', 'the first picture', 'the first one', 'the first', '1', 'first'],
    ['Picture 2', 'the second picture', 'the second one', 'the second', '2', 'second'],
  ],
  zh: [
    ['第一张图', '第一张', '图一', '第一张图片', '图1'],
    ['第二张图', '第二张', '图二', '第二张图片', '图2'],
  ],
} as const

/** More than so many are not counted over both. */
const highestTotal = 8

/**
 * A question about two pictures and its answer. `change` says how the second differs from the first, where it does in
 * one thing only. Undefined where the two scenes do not afford any.
 * Throws a WordingError for a kind that the catalogue lacks.
 */
export function exchangeAboutPair(
  first: Scene,
  second: Scene,
  change: SceneChange | undefined,
  language: Language,
  context: WordingContext,
): Exchange | undefined {
  const pair = [askingOf(first, language, context), askingOf(second, language, context)] as const
  const { random } = context
  const ways = random.shuffle([askWhich, askWhich, askInBoth, askWhichHasMore, askAltogether])
  if (change !== undefined) ways.splice(random.chance(0.6) ? 0 : 2, 0, asked => differenceOf(...asked, change))
  for (const way of ways) {
    const exchange = way(pair)
    if (exchange !== undefined) return exchange
  }
  return undefined
}

type Pair = readonly [Asking, Asking]
type PairAsker = (pair: Pair) => Exchange | undefined

const exchangeOf = ({ language }: Asking, question: string) => ({ task: 'pair', language, question }) as const

function picture({ language }: Asking, place: number): Pick<Exchange, 'answer' | 'references'> {
  const [answer, ...references] = pictures[language][place as 0 | 1]
  return { answer, references }
}

/** What can be counted in one scene, and whose like can be counted in the other too, or is not there at all. */
function comparable(pair: Pair, by: readonly Countable['by'][]): { noun: Noun; counts: readonly [number, number] }[] {
  const of = pair.map(asking => countables(asking).filter(each => by.includes(each.by)))
  const seen = new Map<string, { noun: Noun; counts: [number, number] }>()
  of.forEach((list, place) => {
    for (const { noun, places } of list) {
      const name = JSON.stringify([noun.words.en.name, noun.colour])
      const entry = seen.get(name) ?? { noun, counts: [0, 0] }
      entry.counts[place as 0 | 1] = places.length
      seen.set(name, entry)
    }
  })
  const { catalogue } = pair[0]
  return [...seen.values()].filter(({ noun, counts }) =>
    pair.every(({ scene }, place) => {
      if (counts[place] !== 0) return true
      // It is not there for certain: nothing that may be called so, in a colour that may be this one.
      const kind = catalogue.all.find(({ en }) => en === noun.words.en)
      const calledSo = kind === undefined ? undefined : catalogue.calledSo(kind.id)
      return !scene.objects.some(
        object =>
          calledSo?.has(object.kind) !== false &&
          (noun.colour === undefined || object.colour === undefined || object.colour === noun.colour),
      )
    }),
  )
}

const askWhich: PairAsker = pair => {
  const [asking] = pair
  const found = comparable(pair, ['kind', 'colour']).filter(({ counts }) => (counts[0] === 0) !== (counts[1] === 0))
  if (found.length === 0) return undefined
  const { noun, counts } = asking.random.pick(found)
  const question = say(asking.random, which, asking.language, { ...any(asking, noun), some: asking.grammar.some(noun) })
  return { ...exchangeOf(asking, question), ...picture(asking, counts[0] === 0 ? 1 : 0) }
}

const askWhichHasMore: PairAsker = pair => {
  const [asking] = pair
  const found = comparable(pair, ['kind', 'category', 'thing']).filter(
    ({ counts: [a, b] }) => a !== b && a > 0 && b > 0,
  )
  if (found.length === 0) return undefined
  const { noun, counts } = asking.random.pick(found)
  const question = say(asking.random, whichHasMore, asking.language, { things: asking.grammar.bare(noun, 2) })
  return { ...exchangeOf(asking, question), ...picture(asking, counts[0] > counts[1] ? 0 : 1) }
}

const askAltogether: PairAsker = pair => {
  const [asking] = pair
  const found = comparable(pair, ['kind']).filter(
    ({ noun, counts: [a, b] }) => a + b >= 2 && a + b <= highestTotal && noun.words.en.article !== 'a pair of',
  )
  if (found.length === 0) return undefined
  const { noun, counts } = asking.random.pick(found)
  const values = { things: asking.grammar.bare(noun, 2), measure: noun.words.zh.measure }
  const question = say(asking.random, altogether, asking.language, values)
  return { ...exchangeOf(asking, question), ...countAnswer(asking, counts[0] + counts[1]) }
}

/** As often yes as no; what is not in both is mostly in one of them. */
const askInBoth: PairAsker = pair => {
  const [asking] = pair
  const { random, catalogue, language } = asking
  const kinds = comparable(pair, ['kind'])
  const both = kinds.filter(({ counts: [a, b] }) => a > 0 && b > 0)
  const one = kinds.filter(({ counts: [a, b] }) => a === 0 || b === 0)
  const absent = absentKind(asking, [pair[0].scene, pair[1].scene])
  const lacking = absent === undefined ? one : [...one, ...one, { noun: { words: catalogue.kind(absent.id) } }]
  if (both.length === 0 || lacking.length === 0) return undefined
  const truth = random.chance(0.5)
  const { noun } = random.pick<{ noun: Noun }>(truth ? both : lacking)
  const question = say(random, inBoth, language, any(asking, noun))
  return { ...exchangeOf(asking, question), ...reply(asking, truth, 'being') }
}
