/**
 * Questions that go on from the exchange before: `What colour is it?`, `And the car?`. What is meant by `it` is what that
 * exchange was about, so nothing is asked where that was nothing or unclear. Knows no dialogue but what was said.
 */
import type { Scene, SceneObject } from '../scenes/scene.ts'
import {
  type Asker,
  type Asking,
  agreementFor,
  askingOf,
  countAnswer,
  inWords,
  known,
  nameAnswer,
  pickWay,
} from './asking.ts'
import type { WordingContext } from './context.ts'
import { allMarks, descriptionsOf } from './describe.ts'
import type { Exchange, Language } from './exchange.ts'
import { boxMarkup } from './formats.ts'
import { cellsOf, isBeside, opposite, relations } from './places.ts'
import { isPlainlyLarger } from './questions/compare.ts'
import { highestCount } from './questions/count.ts'
import { sameKind } from './questions/groups.ts'
import { besideOf } from './questions/relation.ts'
import { reply } from './questions/yesNo.ts'
import { say, type Wordings } from './templates.ts'

const colour: Wordings = {
  en: [
    'What colour {is} {it}?',
    'And what colour {is} {it}?',
    'What color {is} {it}?',
    'Which colour {does} {it} have?',
    'What is {its} colour?',
    'And {its} colour?',
    'What colour would you say {it} {is}?',
  ],
  zh: ['{it}是什么颜色的？', '{it}是什么颜色？', '那{it}是什么颜色的？', '{it}的颜色呢？', '什么颜色的？', '颜色呢？'],
}

const place: Wordings = {
  en: [
    'In which part of the picture {is} {it}?',
    'And in which part of the picture {is} {it}?',
    'Where in the picture {is} {it}?',
    'Which part of the picture {is} {it} in?',
    'And where in the picture {is} {it}?',
  ],
  zh: ['{it}在图片的什么位置？', '{it}在图中的哪个方位？', '那{it}在画面的哪个部分？', '{it}位于图片的什么方位？'],
}

const box: Wordings = {
  en: [
    'Where {is} {it}?',
    'And where {is} {it}?',
    'Show me where {it} {is}.',
    'Mark {them}.',
    'Draw a box around {them}.',
    'Locate {them}.',
  ],
  zh: ['{it}在哪里？', '那{it}在哪儿？', '把{it}框出来。', '请标出{it}。', '在哪里？', '请框出{it}的位置。'],
}

const beside: Wordings = {
  en: [
    'What is {beside}?',
    'And what is {beside}?',
    "What's {beside}?",
    'Which thing is {beside}?',
    'What can be seen {beside}?',
  ],
  zh: ['{beside}是什么？', '那{beside}是什么？', '{beside}有什么？', '{beside}的东西是什么？'],
}

const number: Wordings = {
  en: [
    'How many of them are there?',
    'How many are there?',
    'And how many are there?',
    'How many of them can you see?',
    'How many of these do you see?',
  ],
  zh: ['有几{measure}？', '一共有几{measure}？', '有多少{measure}？', '总共有几{measure}呢？', '它们有几{measure}？'],
}

const larger: Wordings = {
  en: [
    '{Is} {it} bigger than {other}?',
    'And {is} {it} larger than {other}?',
    '{Is} {it} bigger than {other} in the picture?',
  ],
  zh: ['{it}比{other}大吗？', '那{it}比{other}大吗？', '{it}是不是比{other}大？'],
}

const isBesideOther: Wordings = {
  en: ['{Is} {it} {beside}?', 'And {is} {it} {beside}?'],
  zh: ['{it}在{beside}吗？', '那{it}在{beside}吗？'],
}

const another: Wordings = {
  en: ['And {other}?', 'What about {other}?', 'And what about {other}?', 'How about {other}?'],
  zh: ['那{other}呢？', '{other}呢？'],
}

/**
 * A follow-up of the last exchange; undefined where none makes sense. `previous` are exchanges about the same scene, as
 * `exchangeAbout` gave them.
 */
export function followUp(
  scene: Scene,
  previous: readonly Exchange[],
  language: Language,
  context: WordingContext,
): Exchange | undefined {
  const last = previous.at(-1)
  if (last?.about === undefined || last.about.length === 0) return undefined
  const asking = askingOf(scene, language, context)
  const told = previous.map(({ question, answer }) => `${question} ${answer}`)
  const subject: Subject = { ...last, about: last.about, told, pronouns: pronounsOf(asking, last.about) }
  const ways = last.about.length === 1 ? ofOne : ofSeveral
  for (const way of context.random.shuffle(ways)) {
    const exchange = way(subject)(asking)
    if (exchange !== undefined && !previous.some(({ question }) => question === exchange.question)) return exchange
  }
  return undefined
}

/** What `it` is, and what was said of it. */
interface Subject extends Exchange {
  readonly about: readonly number[]
  readonly told: readonly string[]
  readonly pronouns: Readonly<Record<string, string>>
}

function pronounsOf({ scene, catalogue, grammar, language }: Asking, about: readonly number[]): Record<string, string> {
  const { kind } = scene.objects[about[0]!]!
  const words = catalogue.kind(kind)
  const mixed = about.some(index => scene.objects[index]!.kind !== kind)
  const several = mixed || grammar.plural({ words }, about.length)
  if (language === 'en') return { ...agreementFor(several), its: several ? 'their' : 'its' }
  const it = about.length > 1 ? '它们' : '它'
  return { it, them: it }
}

/** Something that was said already, or can be read off what was said. */
function wasTold({ told }: Subject, { language }: Asking, words: readonly string[]): boolean {
  if (language === 'zh') return told.some(text => words.some(word => text.includes(word)))
  return told.some(text => words.some(word => new RegExp(`\\b${word}\\b`, 'i').test(text)))
}

const followed = (asking: Asking, question: string, about: readonly number[]) =>
  ({ task: 'follow-up', language: asking.language, question, about }) as const

const objectOf = ({ scene }: Asking, index: number) => scene.objects[index] as SceneObject

const askColour =
  (subject: Subject): Asker =>
  asking => {
    const [first, ...others] = subject.about.map(index => objectOf(asking, index).colour)
    const { grammar, random, language } = asking
    if (first === undefined || others.some(other => other !== first)) return undefined
    if (wasTold(subject, asking, [first, grammar.colour(first)])) return undefined
    const question = say(random, colour, language, subject.pronouns)
    const references = grammar.colourSynonyms(first)
    return { ...followed(asking, question, subject.about), answer: grammar.colour(first), references }
  }

const askPlace =
  (subject: Subject): Asker =>
  asking => {
    const { scene, grammar, random, language } = asking
    const [cell, ...others] = cellsOf(objectOf(asking, subject.about[0]!).box, scene)
    if (cell === undefined || others.length > 0) return undefined
    if (wasTold(subject, asking, [grammar.cell(cell), ...grammar.cellSynonyms(cell)])) return undefined
    const question = say(random, place, language, subject.pronouns)
    const references = [...grammar.cellSynonyms(cell), grammar.inCell(cell)]
    return { ...followed(asking, question, subject.about), answer: grammar.cell(cell), references }
  }

const askBox =
  (subject: Subject): Asker =>
  asking => {
    const { scene, catalogue, random, language, grammar } = asking
    const boxes = subject.about.map(index => objectOf(asking, index).box).sort((a, b) => a[0] - b[0] || a[1] - b[1])
    if (subject.told.some(text => text.includes(boxMarkup(boxes, scene)))) return undefined
    const [index] = subject.about as [number]
    const phrase = ((): string | undefined => {
      const { kind } = objectOf(asking, index)
      const ofKind = scene.objects.filter(object => catalogue.calledSo(kind).has(object.kind)).length
      if (subject.about.length > 1) {
        return ofKind === subject.about.length ? grammar.the({ words: catalogue.kind(kind) }, ofKind) : undefined
      }
      const plain = descriptionsOf(index, scene, catalogue)
      const ways = plain.length > 0 ? plain : descriptionsOf(index, scene, catalogue, { marks: allMarks })
      return ways.length === 0 ? undefined : inWords(asking, pickWay(ways, random))
    })()
    if (phrase === undefined) return undefined
    const question = say(random, box, language, subject.pronouns)
    return { ...followed(asking, question, subject.about), phrase, answer: boxMarkup(boxes, scene, phrase) }
  }

const askBeside =
  (subject: Subject): Asker =>
  asking => {
    const { random, language, grammar, scene } = asking
    const [index] = subject.about as [number]
    for (const relation of random.shuffle(relations)) {
      const found = besideOf(asking, index, relation)
      if (found === undefined || scene.objects[found]!.kind === scene.objects[index]!.kind) continue
      const question = say(random, beside, language, { beside: grammar.beside(relation, subject.pronouns['them']!) })
      return { ...followed(asking, question, [found]), ...nameAnswer(asking, scene.objects[found]!) }
    }
    return undefined
  }

const askNumber =
  (subject: Subject): Asker =>
  asking => {
    const { random, language, catalogue } = asking
    if (subject.task === 'count') return undefined
    const group = sameKind(asking).find(
      ({ places }) => places.length === subject.about.length && places.includes(subject.about[0]!),
    )
    if (group === undefined || group.places.length > highestCount) return undefined
    const { en, zh } = catalogue.kind(group.kind)
    if (en.article === '' || en.article === 'a pair of') return undefined
    if (
      subject.told.some(
        text => text.includes(`${group.places.length}`) || text.includes(asking.grammar.number(group.places.length)),
      )
    ) {
      return undefined
    }
    const question = say(random, number, language, { measure: zh.measure })
    return { ...followed(asking, question, subject.about), ...countAnswer(asking, group.places.length) }
  }

/** Which of yes and no it will be is drawn first: what cannot be asked either way is not asked. */
const askLarger =
  (subject: Subject): Asker =>
  asking => {
    const { random, language } = asking
    const [index] = subject.about as [number]
    if (wasTold(subject, asking, ['bigger', 'larger', 'smaller', '大吗', '更大', '比'])) return undefined
    const truth = random.chance(0.5)
    const object = objectOf(asking, index)
    const it = { index, object, description: { head: { kind: object.kind } } }
    const others = known(asking).filter(other => other.index !== index && other.object.kind !== object.kind)
    const other = others.find(each => (truth ? isPlainlyLarger(it, each) : isPlainlyLarger(each, it)))
    if (other === undefined) return undefined
    const question = say(random, larger, language, { ...subject.pronouns, other: inWords(asking, other.description) })
    return { ...followed(asking, question, [index]), ...reply(asking, truth, 'being') }
  }

const askRelation =
  (subject: Subject): Asker =>
  asking => {
    const { scene, random, language, grammar } = asking
    const [index] = subject.about as [number]
    const it = objectOf(asking, index)
    const truth = random.chance(0.5)
    for (const other of known(asking)) {
      if (other.index === index || other.object.kind === it.kind) continue
      const holds = relations.find(relation => isBeside(relation, it.box, other.object.box, scene))
      if (holds === undefined) continue
      if (wasTold(subject, asking, [grammar.relation(holds), grammar.relation(opposite[holds])])) return undefined
      const relation = truth ? holds : opposite[holds]
      const where = grammar.beside(relation, inWords(asking, other.description))
      const question = say(random, isBesideOther, language, { ...subject.pronouns, beside: where })
      return { ...followed(asking, question, [index]), ...reply(asking, truth, 'being') }
    }
    return undefined
  }

/** The same question about another thing. */
const askAnother =
  (subject: Subject): Asker =>
  asking => {
    const { scene, random, language, grammar } = asking
    const others = known(asking).filter(({ index }) => index !== subject.about[0])
    for (const { index, object, description } of others) {
      const what = inWords(asking, description)
      const question = say(random, another, language, { other: what })
      const exchange = followed(asking, question, [index])
      if (subject.task === 'colour' && object.colour !== undefined && description.colour === undefined) {
        const references = grammar.colourSynonyms(object.colour)
        return { ...exchange, answer: grammar.colour(object.colour), references }
      }
      const [cell, ...doubt] = cellsOf(object.box, scene)
      if (subject.task === 'position' && cell !== undefined && doubt.length === 0) {
        const references = [...grammar.cellSynonyms(cell), grammar.inCell(cell)]
        return { ...exchange, answer: grammar.cell(cell), references }
      }
      if (subject.task === 'locate' || subject.task === 'locate-by-description') {
        if (subject.told.some(text => text.includes(boxMarkup([object.box], scene)))) continue
        return { ...exchange, phrase: what, answer: boxMarkup([object.box], scene, what) }
      }
    }
    return undefined
  }

const ofOne = [askColour, askPlace, askBox, askBeside, askLarger, askRelation, askAnother, askAnother]
const ofSeveral = [askColour, askBox, askNumber]
