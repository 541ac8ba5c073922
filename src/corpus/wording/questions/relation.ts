/** Where one thing is from another: left, right, above, below. */
import type { SceneObject } from '../../scenes/scene.ts'
import { type Asker, type Asking, agreementOf, inWords, type Known, known, nameAnswer } from '../asking.ts'
import type { Exchange } from '../exchange.ts'
import { isBeside, mainRelation, mayBeBeside, type Relation, relations } from '../places.ts'
import { say, type Wordings } from '../templates.ts'

/** Asks for what is there. */
const what: Wordings = {
  en: [
    'What is {beside}?',
    "What's {beside}?",
    'Which thing is {beside}?',
    'What can be seen {beside}?',
    'What do you see {beside}?',
    'What object is {beside}?',
    'Name the thing {beside}.',
    'What is there {beside}?',
    'What is located {beside}?',
    'What stands {beside}?',
  ],
  zh: [
    '{beside}是什么？',
    '{beside}有什么？',
    '在{beside}的是什么？',
    '{beside}的东西是什么？',
    '请问{beside}是什么？',
    '图中{beside}有什么？',
    '{beside}是什么东西？',
    '位于{beside}的是什么？',
  ],
}

/** Asks for the direction. */
const where: Wordings = {
  en: [
    'Where {is} {one} relative to {other}?',
    'On which side of {other} {is} {one}?',
    'In which direction from {other} {is} {one}?',
    'Where {is} {one}, seen from {other}?',
    'How {is} {one} placed relative to {other}?',
    'Where {is} {one} compared with {other}?',
    'What is the position of {one} relative to {other}?',
    'From {other}, in which direction {is} {one}?',
  ],
  zh: [
    '{one}在{other}的哪一边？',
    '{one}在{other}的什么方向？',
    '{one}在{other}的哪边？',
    '{one}相对于{other}在什么位置？',
    '{one}在{other}的哪个方向？',
    '{one}位于{other}的哪一边？',
    '{one}在{other}的什么位置？',
    '从{other}看，{one}在哪个方向？',
  ],
}

const sideways: Wordings = {
  en: [
    '{Is} {one} to the left or to the right of {other}?',
    '{Is} {one} to the right or to the left of {other}?',
    '{Is} {one} on the left or on the right of {other}?',
    '{Is} {one} left or right of {other}?',
  ],
  zh: ['{one}在{other}的左边还是右边？', '{one}在{other}的右边还是左边？', '{one}位于{other}的左侧还是右侧？'],
}

const upright: Wordings = {
  en: [
    '{Is} {one} above or below {other}?',
    '{Is} {one} below or above {other}?',
    '{Is} {one} over or under {other}?',
    '{Is} {one} higher or lower than {other}: above or below?',
  ],
  zh: [
    '{one}在{other}的上方还是下方？',
    '{one}在{other}的下方还是上方？',
    '{one}位于{other}的上面还是下面？',
    '{one}在{other}的上面还是下面？',
  ],
}

export const askRelation: Asker = asking => {
  const { random } = asking
  const ways = random.shuffle([askWhat, askWhere, askWhere])
  for (const way of ways) {
    const exchange = way(asking)
    if (exchange !== undefined) return exchange
  }
  return undefined
}

/** The one thing beside another; undefined where there is none, or somebody may see two. */
export function besideOf({ scene }: Asking, index: number, relation: Relation): number | undefined {
  const { box } = scene.objects[index]!
  const possible = scene.objects.flatMap((object, place) =>
    place !== index && mayBeBeside(relation, object.box, box) ? [place] : [],
  )
  const [found, ...others] = possible
  if (found === undefined || others.length > 0) return undefined
  return isBeside(relation, scene.objects[found]!.box, box, scene) ? found : undefined
}

const askWhat: Asker = asking => {
  const { grammar, random, language, scene } = asking
  for (const { index, description } of known(asking)) {
    for (const relation of random.shuffle(relations)) {
      const found = besideOf(asking, index, relation)
      if (found === undefined || scene.objects[found]!.kind === scene.objects[index]!.kind) continue
      const beside = grammar.beside(relation, inWords(asking, description))
      return besideExchange(asking, found, say(random, what, language, { beside }))
    }
  }
  return undefined
}

/** Asks what is somewhere beside; the answer is the thing's name. */
export function besideExchange(asking: Asking, index: number, question: string): Exchange {
  const object = asking.scene.objects[index] as SceneObject
  return { task: 'relation', language: asking.language, question, ...nameAnswer(asking, object), about: [index] }
}

const askWhere: Asker = asking => {
  const { scene, grammar, random, language } = asking
  const things = known(asking)
  const pairs = things.flatMap(a => things.filter(b => b.index !== a.index).map(b => [a, b] as const))
  for (const [a, b] of random.shuffle(pairs)) {
    const main = mainRelation(a.object.box, b.object.box, scene)
    const relation = main ?? relations.find(each => isBeside(each, a.object.box, b.object.box, scene))
    if (relation === undefined) continue
    const choice = relation === 'left' || relation === 'right' ? sideways : upright
    const wordings = main === undefined || random.chance(0.4) ? choice : where
    const question = say(random, wordings, language, values(asking, a, b))
    const references = grammar.relationSynonyms(relation)
    return { task: 'relation', language, question, answer: grammar.relation(relation), references, about: [a.index] }
  }
  return undefined
}

function values(asking: Asking, a: Known, b: Known): Record<string, string> {
  const [one, other] = [inWords(asking, a.description), inWords(asking, b.description)]
  return { one, other, ...agreementOf(asking, a.description) }
}
