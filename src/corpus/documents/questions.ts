/**
 * What is asked about the text in a picture, and the answers: always letter by letter what stands there. Knows no pixels.
 */
import type { Random } from '../random.ts'
import type { Exchange, Language } from '../wording/exchange.ts'
import { fill, say } from '../wording/templates.ts'
import { type Asked, factWordings } from './factWordings.ts'
import * as wordings from './wordings.ts'

/** Something that stands on a page and can be asked for. */
export interface Fact {
  readonly ask: Asked
  /** The goods that have a price, the name of a row. */
  readonly about?: string
  readonly column?: string
  readonly answer: string
}

const ordinals: Readonly<Record<Language, readonly string[]>> = {
  en: ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'],
  zh: ['第一行', '第二行', '第三行', '第四行', '第五行', '第六行', '第七行', '第八行'],
}

/** What a picture of text is, as far as asking about it goes. */
export interface Readable {
  readonly language: Language
  /** How the whole is spoken of. */
  readonly manner: 'word' | 'figures' | 'sign' | 'text' | 'page'
  /** The rows, each as it is read from left to right. */
  readonly rows: readonly string[]
  readonly facts: readonly Fact[]
}

/** The longest text that is asked for as a whole, in characters. */
const longest = { en: 60, zh: 30 } as const

/**
 * Up to `count` different questions about what is written, in a drawn order. There is at least one for any text of one
 * row, and for any of several.
 */
export function readExchanges(random: Random, readable: Readable, count: number): Exchange[] {
  const { language, rows, facts: known } = readable
  const text = rows.join(' ')
  const asked: Exchange[] = []
  const ask = (question: string, answer: string) => asked.push({ task: 'read', language, question, answer })
  if (rows.length === 1 || [...text].length <= longest[language]) ask(wholeQuestion(random, readable), text)
  if (rows.length > 1) {
    for (const [index, row] of rows.entries()) ask(lineQuestion(random, language, index, rows.length), row)
  }
  const told = known.filter(
    fact =>
      known.filter(other => other.ask === fact.ask && other.about === fact.about && other.column === fact.column)
        .length === 1,
  )
  const ofFacts = told.map((fact): Exchange => {
    const about = aboutIn(language, fact)
    const many = /[^s]s$/.test(about)
    const values = { about, is: many ? 'are' : 'is', does: many ? 'do' : 'does', column: fact.column ?? '' }
    return {
      task: 'read',
      language,
      question: say(random, factWordings[fact.ask], language, values),
      answer: fact.answer,
    }
  })
  if (ofFacts.length === 0) return random.sample(asked, count)
  // As often about what it means as about where it stands.
  const [lines, meant] = [random.shuffle(asked), random.shuffle(ofFacts)]
  const mixed: Exchange[] = []
  while (mixed.length < count && lines.length + meant.length > 0) {
    const from = lines.length === 0 || (meant.length > 0 && random.chance(0.6)) ? meant : lines
    mixed.push(from.pop()!)
  }
  return mixed
}

function wholeQuestion(random: Random, { manner, language, rows }: Readable): string {
  const special = {
    word: wordings.oneWord,
    figures: wordings.figures,
    sign: wordings.sign,
    text: undefined,
    page: undefined,
  }[manner]
  return say(
    random,
    special !== undefined && rows.length > 0 && random.chance(0.5) ? special : wordings.whole,
    language,
  )
}

function lineQuestion(random: Random, language: Language, index: number, count: number): string {
  const last = index === count - 1 && random.chance(0.4)
  const which = last ? { en: 'last', zh: '最后一行' }[language] : ordinals[language][index]!
  const allowed = wordings.oneLine[language].filter(wording => !last || !wording.includes('{number}'))
  return fill(random.pick(allowed), { which, number: String(index + 1) })
}

/** Goods within a sentence: `How much is the green tea?`. Names of rows stay as they are. */
function aboutIn(language: Language, { ask, about = '' }: Fact): string {
  return language === 'en' && ask === 'price' ? about.toLowerCase() : about
}
