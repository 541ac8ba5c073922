/**
 * Questions that are answered with yes or no, as often the one as the other: which it will be is drawn first, and only
 * what could be asked either way is asked.
 */
import { type Colour, colours, type SceneObject } from '../../scenes/scene.ts'
import { type Asker, type Asking, agreementOf, inWords, type Known, known, oneKnown } from '../asking.ts'
import type { Exchange } from '../exchange.ts'
import type { Noun } from '../grammar.ts'
import { centreOf, isBeside, mayBeBeside, opposite, type Relation, relations } from '../places.ts'
import { say, type Wordings } from '../templates.ts'
import { absentKind } from './absent.ts'
import { isPlainlyLarger, pairsOf } from './compare.ts'
import { highestCount } from './count.ts'
import { countables, sameKind } from './groups.ts'

const exists: Wordings = {
  en: [
    '{Is} there {a} in the picture?',
    '{Is} there {a}?',
    'Can you see {a}?',
    'Does the picture show {a}?',
    'Do you see {a} in the picture?',
    '{Is} {a} shown in the image?',
    'Does the image contain {a}?',
    'Can {a} be seen?',
    '{Is} there {a} in this image?',
    '{Is} {a} present in the picture?',
  ],
  zh: [
    '图中有{bare}吗？',
    '图片里有{bare}吗？',
    '有没有{bare}？',
    '图中有没有{bare}？',
    '画面中有{bare}吗？',
    '这张图里有{bare}吗？',
    '图上有{bare}吗？',
    '图片中有没有{bare}？',
    '请问图里有{bare}吗？',
    '里面有{bare}吗？',
  ],
}

const isColour: Wordings = {
  en: [
    '{Is} {what} {colour}?',
    '{Is} {what} {colour}?',
    '{Is} {what} {colour} in colour?',
    '{Is} {what} shown in {colour}?',
    '{Does} {what} look {colour}?',
    'Is the colour of {what} {colour}?',
    'Is {colour} the colour of {what}?',
  ],
  zh: [
    '{what}是{colour}的吗？',
    '{what}是{colour}的吗？',
    '{what}是不是{colour}的？',
    '{what}的颜色是{colour}吗？',
    '图中{what}是{colour}的吗？',
    '{what}是{colour}吗？',
  ],
}

const isOne: Wordings = {
  en: [
    'Is this {a}?',
    'Is it {a}?',
    'Is the thing in the picture {a}?',
    'Does this picture show {a}?',
    'Would you call this {a}?',
  ],
  zh: ['这是{bare}吗？', '这是不是{bare}？', '图中的东西是{bare}吗？', '图里画的是{bare}吗？', '这个是{some}吗？'],
}

const areSoMany: Wordings = {
  en: [
    'Are there exactly {some}?',
    'Are there {some} in the picture?',
    'Are there {some}?',
    'Does the picture show {some}?',
    'Can you see exactly {some}?',
    'Does the image contain {some}?',
  ],
  zh: ['图中是不是有{some}？', '图中是{some}吗？', '一共是{some}吗？', '图片里是不是正好有{some}？', '是不是{some}？'],
}

const isOnlyOne: Wordings = {
  en: [
    'Is there only one {bare}?',
    'Is there just one {bare} in the picture?',
    'Can you see only one {bare}?',
    'Is there a single {bare}?',
  ],
  zh: ['图中是不是只有{some}？', '图中只有{some}吗？', '是不是只有{some}？', '一共只有{some}吗？'],
}

const isThere: Wordings = {
  en: [
    '{Is} {what} {beside}?',
    '{Is} {what} {beside}?',
    '{Is} {what} located {beside}?',
    '{Is} {what} placed {beside}?',
    'Can {what} be seen {beside}?',
    'Is it true that {what} {is} {beside}?',
  ],
  zh: [
    '{what}在{beside}吗？',
    '{what}在{beside}吗？',
    '{what}是不是在{beside}？',
    '{what}位于{beside}吗？',
    '图中{what}在{beside}吗？',
  ],
}

const isLarger: Readonly<Record<'big' | 'small', Wordings>> = {
  big: {
    en: [
      '{Is} {one} bigger than {other}?',
      '{Is} {one} larger than {other}?',
      '{Does} {one} look bigger than {other}?',
    ],
    zh: ['{one}比{other}大吗？', '{one}是不是比{other}大？', '图中{one}比{other}更大吗？'],
  },
  small: {
    en: ['{Is} {one} smaller than {other}?', '{Does} {one} look smaller than {other}?'],
    zh: ['{one}比{other}小吗？', '{one}是不是比{other}小？', '图中{one}比{other}更小吗？'],
  },
}

const halves = {
  left: {
    en: ['on the left side of the picture', 'in the left half', 'on the left of the picture'],
    zh: ['图片的左边', '画面左侧'],
  },
  right: {
    en: ['on the right side of the picture', 'in the right half', 'on the right of the picture'],
    zh: ['图片的右边', '画面右侧'],
  },
  above: { en: ['in the upper half', 'at the top of the picture'], zh: ['图片的上方', '画面上半部分'] },
  below: { en: ['in the lower half', 'at the bottom of the picture'], zh: ['图片的下方', '画面下半部分'] },
} as const satisfies Record<Relation, Wordings>

/** How an answer is said: 有 to what is there, 是 to the rest. */
type Manner = 'being' | 'having'

const replies = {
  en: { yes: ['yes', 'yeah', 'true'], no: ['no', 'nope', 'false'] },
  being: { yes: ['是', '是的', '对', '有'], no: ['不是', '否', '不', '不对', '没有'] },
  having: { yes: ['有', '是', '是的', '有的'], no: ['没有', '否', '不', '没', '不是'] },
}

/** Yes or no, with other ways to say it. */
export function reply(
  asking: Pick<Asking, 'language'>,
  truth: boolean,
  manner: Manner,
): Pick<Exchange, 'answer' | 'references'> {
  const [answer, ...references] = replies[asking.language === 'en' ? 'en' : manner][truth ? 'yes' : 'no']
  return { answer: answer as string, references }
}

/** Asks so that the answer is the truth that was drawn. */
type Claim = (asking: Asking, truth: boolean) => Pick<Exchange, 'question' | 'about'> | undefined

const claims: Readonly<Record<string, { readonly weight: number; readonly manner: Manner; readonly claim: Claim }>> = {
  exists: { weight: 5, manner: 'having', claim: claimKind },
  colouredExists: { weight: 2, manner: 'having', claim: claimColouredKind },
  colour: { weight: 3, manner: 'being', claim: claimColour },
  name: { weight: 4, manner: 'being', claim: claimName },
  count: { weight: 2, manner: 'being', claim: claimCount },
  relation: { weight: 3, manner: 'being', claim: claimRelation },
  size: { weight: 2, manner: 'being', claim: claimSize },
  half: { weight: 2, manner: 'being', claim: claimHalf },
}

export const askYesNo: Asker = asking => {
  const { random, language } = asking
  const open: { [name: string]: number } = Object.fromEntries(
    Object.entries(claims).map(([name, { weight }]) => [name, weight]),
  )
  const truth = random.chance(0.5)
  while (Object.values(open).some(weight => weight > 0)) {
    const name = random.weighted(open)
    const { claim, manner } = claims[name]!
    const made = claim(asking, truth)
    if (made !== undefined) return { task: 'yes-no', language, ...made, ...reply(asking, truth, manner) }
    open[name] = 0
  }
  return undefined
}

function claimKind(asking: Asking, truth: boolean) {
  const { scene, random, language, catalogue } = asking
  const absent = absentKind(asking, [scene])
  if (absent === undefined || scene.objects.length === 0) return undefined
  const index = random.int(0, scene.objects.length - 1)
  const { kind } = scene.objects[index]!
  const noun = { words: truth ? catalogue.kind(kind) : absent }
  const question = say(random, exists, language, any(asking, noun))
  const alone = scene.objects.filter(object => catalogue.calledSo(kind).has(object.kind)).length === 1
  return { question, ...(truth && alone ? { about: [index] } : {}) }
}

function claimColouredKind(asking: Asking, truth: boolean) {
  const { random, language, catalogue } = asking
  const groups = sameKind(asking).filter(({ objects }) => objects.every(({ colour }) => colour !== undefined))
  if (groups.length === 0) return undefined
  const { kind, objects, places } = random.pick(groups)
  const shown = objects.map(({ colour }) => colour as Colour)
  const colour = truth ? random.pick(shown) : otherColour(asking, shown)
  const noun = { words: catalogue.kind(kind), colour }
  const question = say(random, exists, language, any(asking, noun))
  return { question, ...(truth && places.length === 1 ? { about: places } : {}) }
}

/** What is asked for whether it is there: `a dog`, `any rice`. */
export function any({ grammar }: Pick<Asking, 'grammar'>, noun: Noun): Readonly<Record<string, string>> {
  return { a: grammar.any(noun), bare: grammar.bare(noun), is: grammar.areThere(noun) ? 'are' : 'is' }
}

/** A colour that is not among those shown; more often one that is seen elsewhere in the scene. */
function otherColour({ scene, random }: Asking, shown: readonly Colour[]): Colour {
  const others = colours.filter(colour => !shown.includes(colour))
  const elsewhere = others.filter(colour => scene.objects.some(object => object.colour === colour))
  return random.pick(elsewhere.length > 0 && random.chance(0.5) ? elsewhere : others)
}

function claimColour(asking: Asking, truth: boolean) {
  const { random, language, grammar } = asking
  const marks = ['side', 'size', 'relation'] as const
  const accepts = (object: SceneObject) => object.colour !== undefined
  const found = oneKnown(asking, { colour: false, marks }, { accepts })
  if (found === undefined) return undefined
  const own = found.object.colour as Colour
  const colour = grammar.colour(truth ? own : otherColour(asking, [own]))
  const values = { what: inWords(asking, found.description), colour, ...agreementOf(asking, found.description) }
  return { question: say(random, isColour, language, values), about: [found.index] }
}

function claimName(asking: Asking, truth: boolean) {
  const { scene, random, language, grammar, catalogue } = asking
  const [object] = scene.objects
  const absent = absentKind(asking, [scene])
  if (object === undefined || scene.objects.length !== 1 || absent === undefined) return undefined
  const noun = { words: truth ? catalogue.kind(object.kind) : absent }
  const values = { a: grammar.some(noun), bare: grammar.bare(noun), some: grammar.some(noun) }
  return { question: say(random, isOne, language, values), about: [0] }
}

function claimCount(asking: Asking, truth: boolean) {
  const { random, language, grammar } = asking
  const kinds = countables(asking).filter(({ by, places }) => by !== 'thing' && places.length <= highestCount)
  const several = kinds.filter(({ places }) => places.length > 1)
  if (kinds.length === 0) return undefined
  const { noun, places } = random.pick(several.length > 0 && random.chance(0.8) ? several : kinds)
  const right = places.length
  const count = truth ? right : right === 1 ? 2 : right + random.pick([-1, 1])
  const wordings = count === 1 ? isOnlyOne : areSoMany
  const values = { some: grammar.some(noun, count), bare: grammar.bare(noun) }
  return { question: say(random, wordings, language, values), about: places }
}

function claimRelation(asking: Asking, truth: boolean) {
  const { scene, random, language, grammar } = asking
  for (const [a, b] of pairsOf(asking)) {
    const holding = relations.filter(relation => isBeside(relation, a.object.box, b.object.box, scene))
    if (holding.length === 0) continue
    const holds = random.pick(holding)
    // What may be said at all would not be plainly wrong.
    const wrong = relations.filter(relation => !mayBeBeside(relation, a.object.box, b.object.box))
    const relation = truth ? holds : random.chance(0.7) ? opposite[holds] : random.pick(wrong)
    const beside = grammar.beside(relation, inWords(asking, b.description))
    return there(asking, a, beside)
  }
  return undefined

  function there(asking: Asking, { description, index }: Known, beside: string) {
    const values = { what: inWords(asking, description), beside, ...agreementOf(asking, description) }
    return { question: say(random, isThere, language, values), about: [index] }
  }
}

function claimSize(asking: Asking, truth: boolean) {
  const { random, language } = asking
  const [found] = pairsOf(asking).filter(pair => isPlainlyLarger(...pair))
  if (found === undefined) return undefined
  const [larger, smaller] = found
  const which = random.pick(['big', 'small'] as const)
  const [one, other] = (which === 'big') === truth ? [larger, smaller] : [smaller, larger]
  const values = { one: inWords(asking, one.description), other: inWords(asking, other.description) }
  return {
    question: say(random, isLarger[which], language, { ...values, ...agreementOf(asking, one.description) }),
    about: [one.index],
  }
}

function claimHalf(asking: Asking, truth: boolean) {
  const { random, language } = asking
  const placed = known(asking).flatMap(found => {
    const half = halfOf(found.object, asking)
    return half === undefined ? [] : [{ found, half }]
  })
  if (placed.length === 0) return undefined
  const { found, half } = random.pick(placed)
  const where = truth ? half : opposite[half]
  const beside = say(random, halves[where], language)
  const values = { what: inWords(asking, found.description), beside, ...agreementOf(asking, found.description) }
  return { question: say(random, isThere, language, values), about: [found.index] }
}

/** The half of the picture in which something plainly lies. */
function halfOf({ box }: SceneObject, { scene, random }: Asking): Relation | undefined {
  const { x, y } = centreOf(box)
  const open: Relation[] = []
  if (x < 0.36 * scene.width) open.push('left')
  if (x > 0.64 * scene.width) open.push('right')
  if (y < 0.36 * scene.height) open.push('above')
  if (y > 0.64 * scene.height) open.push('below')
  return open.length === 0 ? undefined : random.pick(open)
}
