/**
 * Says what a scene shows, in a sentence or two; `groundedCaption.ts` marks in the same sentences what is where. Knows
 * no boxes but for who stands where.
 */
import type { SceneBackground, SceneObject } from '../scenes/scene.ts'
import { type Asker, type Asking, agreement } from './asking.ts'
import type { Noun } from './grammar.ts'
import { areaOf, cellsOf, centreOf, isPlainlySeen, mainRelation } from './places.ts'
import { fill, say, type Wordings } from './templates.ts'

/** Writes a phrase that names things of the scene for the first time: as it is, or with their boxes. */
export type Mention = (phrase: string, objects: readonly number[]) => string

/** Things that one phrase names. */
interface Group {
  readonly noun: Noun
  readonly objects: readonly number[]
}

const most = 5

const listed: Wordings = {
  en: [
    '{Things}.',
    '{Things}.',
    'A picture of {things}.',
    'An image of {things}.',
    'This picture shows {things}.',
    'The picture shows {things}.',
    'This is a picture of {things}.',
    'There {is} {things}.',
    'There {is} {things} in the picture.',
    'In the picture there {is} {things}.',
    '{Things} can be seen.',
    'We can see {things}.',
    'An illustration of {things}.',
  ],
  zh: [
    '{things}。',
    '图中有{things}。',
    '图片里有{things}。',
    '这是一张{things}的图片。',
    '画面中有{things}。',
    '图上画着{things}。',
    '图片展示了{things}。',
    '可以看到{things}。',
    '图中可以看到{things}。',
    '这张图里有{things}。',
    '画面里是{things}。',
  ],
}

const inSurroundings: Wordings = {
  en: [
    '{Things} {where}.',
    '{Things} {where}.',
    'There {is} {things} {where}.',
    '{Where} there {is} {things}.',
    'A picture of {things} {where}.',
    'The picture shows {things} {where}.',
  ],
  zh: [
    '{where}有{things}。',
    '{where}有{things}。',
    '图中{where}有{things}。',
    '{things}在{where}。',
    '可以看到{where}有{things}。',
  ],
}

const surroundings: { readonly [kind in SceneBackground['kind']]?: Wordings } = {
  room: { en: ['in a room', 'indoors', 'inside a room'], zh: ['房间里', '室内', '屋子里'] },
  street: { en: ['on a street', 'by a road', 'on the street'], zh: ['街道上', '马路上', '街上'] },
  landscape: { en: ['outdoors', 'in the open', 'in a landscape'], zh: ['户外', '野外', '室外'] },
}

const related: Wordings = {
  en: [
    '{One} {besideOther}.',
    '{One} is {besideOther}.',
    'There is {one} {besideOther}.',
    'A picture of {one} {besideOther}.',
  ],
  zh: ['{one}在{besideOther}。', '{besideOther}有{one}。', '{besideOther}是{one}。', '图中{one}在{besideOther}。'],
}

const placedClauses: Wordings = {
  en: ['{thing} {where}', '{thing} is {where}', '{where} there is {thing}', '{where} is {thing}'],
  zh: ['{place}有{thing}', '{place}是{thing}', '{thing}{where}', '{place}有{thing}'],
}

const afterwards: Wordings = {
  en: ['{The} {is} {where}.', '{The} {is} {where} of the picture.'],
  zh: ['{the}{where}。', '其中{the}{where}。'],
}

type Shape = (asking: Asking, groups: readonly Group[], mention: Mention) => string | undefined

const nameOf = ({ grammar }: Asking, { noun, objects }: Group, mention: Mention) =>
  mention(grammar.some(noun, objects.length), objects)

function things(asking: Asking, groups: readonly Group[], mention: Mention): string {
  const named = groups.slice(0, most).map(group => nameOf(asking, group, mention))
  return asking.grammar.list(named, groups.length > most)
}

/** `there is`, after the first of what is listed. */
const thereIs = ({ grammar }: Asking, [first]: readonly Group[]) =>
  first !== undefined && grammar.areThere(first.noun, first.objects.length) ? 'are' : 'is'

const shapes: Readonly<Record<string, Shape>> = {
  listed: (asking, groups, mention) =>
    say(asking.random, listed, asking.language, {
      things: things(asking, groups, mention),
      is: thereIs(asking, groups),
    }),

  inSurroundings: (asking, groups, mention) => {
    const where = surroundings[asking.scene.background.kind]
    if (where === undefined) return undefined
    const values = { things: things(asking, groups, mention), where: say(asking.random, where, asking.language) }
    return say(asking.random, inSurroundings, asking.language, { ...values, is: thereIs(asking, groups) })
  },

  related: (asking, groups, mention) => {
    const { scene, grammar, random, language } = asking
    const [first, second] = random.shuffle(groups)
    if (groups.length !== 2 || first?.objects.length !== 1 || second?.objects.length !== 1) return undefined
    if (grammar.plural(first.noun)) return undefined
    const [a, b] = [scene.objects[first.objects[0]!]!, scene.objects[second.objects[0]!]!]
    const relation = mainRelation(a.box, b.box, scene)
    if (relation === undefined) return undefined
    const one = nameOf(asking, first, mention)
    const besideOther = grammar.beside(relation, nameOf(asking, second, mention))
    return say(random, related, language, { one, besideOther })
  },

  placed: (asking, groups, mention) => {
    const { grammar, random, language } = asking
    if (groups.length > 3 || groups.some(group => group.objects.length > 1 || grammar.plural(group.noun)))
      return undefined
    const placed = groups.map(group => ({ group, cell: cellOf(asking, group) }))
    if (placed.some(({ cell }) => cell === undefined)) return undefined
    const template = random.pick(placedClauses[language])
    const clauses = placed.map(({ group, cell }) => {
      const where = grammar.inCell(cell!)
      return fill(template, { thing: nameOf(asking, group, mention), where, place: grammar.cell(cell!) })
    })
    return grammar.sentence(language === 'en' ? grammar.list(clauses) : clauses.join('，'))
  },

  listedThenPlaced: (asking, groups, mention) => {
    const { grammar, random, language } = asking
    const single = random.shuffle(groups.filter(group => group.objects.length === 1))
    const chosen = single.find(group => cellOf(asking, group) !== undefined && isOnlyOne(asking, group))
    if (chosen === undefined || groups.length > most) return undefined
    const { writing: _, ...noun } = chosen.noun
    const where = grammar.inCell(cellOf(asking, chosen)!)
    const values = { the: grammar.the(noun), where, ...agreement(grammar, noun) }
    const first = shapes['listed']!(asking, groups, mention)
    return `${first}${language === 'en' ? ' ' : ''}${say(random, afterwards, language, values)}`
  },
}

/** Nothing else in the scene goes by this name. */
function isOnlyOne({ scene, catalogue }: Asking, { objects }: Group): boolean {
  const calledSo = catalogue.calledSo(scene.objects[objects[0]!]!.kind)
  return scene.objects.filter(object => calledSo.has(object.kind)).length === 1
}

function cellOf({ scene }: Asking, { objects }: Group) {
  const object = scene.objects[objects[0]!]!
  const [cell, ...others] = cellsOf(object.box, scene)
  return others.length > 0 || !isPlainlySeen(object) ? undefined : cell
}

/** How often each shape is taken where it can be. */
const weights = { listed: 4, inSurroundings: 6, related: 5, placed: 3, listedThenPlaced: 2 }

/** A caption of one scene. Throws a WordingError for a kind that the catalogue lacks. */
export function captionText(asking: Asking, mention: Mention): string {
  const { random } = asking
  const groups = groupsOf(asking)
  const open: { [shape: string]: number } = { ...weights }
  for (;;) {
    const shape = random.weighted(open)
    const text = shapes[shape]!(asking, groups, mention)
    if (text !== undefined) return text
    open[shape] = 0
  }
}

/** Things of one name, and of one colour where colours are told, are named together: the largest first, or from the left. */
function groupsOf({ scene, catalogue, random }: Asking): Group[] {
  const colours = random.chance(0.8)
  const byName = new Map<string, Group>()
  const leftToRight = random.chance(0.4)
  const rank = ({ box }: SceneObject) => (leftToRight ? centreOf(box).x : -areaOf(box))
  const ordered = scene.objects.map((object, index) => ({ object, index }))
  for (const { object, index } of ordered.sort((a, b) => rank(a.object) - rank(b.object))) {
    const { kind, writing } = object
    const ofKind = scene.objects.filter(other => other.kind === kind)
    const colour = colours && ofKind.every(other => other.colour !== undefined) ? object.colour : undefined
    const name = JSON.stringify([kind, colour, writing])
    const noun = { words: catalogue.kind(kind), ...(colour && { colour }), ...(writing !== undefined && { writing }) }
    byName.set(name, { noun, objects: [...(byName.get(name)?.objects ?? []), index] })
  }
  return [...byName.values()]
}

const questions: Wordings = {
  en: [
    'Describe the picture.',
    'Describe this image.',
    'Describe the picture in a sentence.',
    'What does the picture show?',
    'What can be seen in this picture?',
    'What is shown here?',
    'Give a caption for this picture.',
    'Write a caption.',
    'Tell me what you see.',
    'Say what is in the picture.',
    'Please describe what you see.',
    'Caption this image.',
    'What is happening in the picture?',
    'Can you describe this picture?',
    'Give a short description of the image.',
  ],
  zh: [
    '描述一下这张图片。',
    '请描述这张图。',
    '图片里有什么？',
    '这张图片展示了什么？',
    '请用一句话描述图片。',
    '你看到了什么？',
    '图中有什么？',
    '给这张图片写一个标题。',
    '请说说图里的内容。',
    '画面里有什么？',
    '请简单描述这张图片。',
    '用中文描述这张图片。',
    '这张图上画的是什么？',
    '说说你看到的。',
  ],
}

/** What a scene is about where all of it goes by one name. */
export function subjectOf({ objects }: Asking['scene']): { readonly about?: readonly number[] } {
  const ofOneKind = objects.length > 0 && objects.every(({ kind }) => kind === objects[0]?.kind)
  return ofOneKind ? { about: objects.map((_, index) => index) } : {}
}

const further = 4

export const askCaption: Asker = asking => {
  const { scene, language, random } = asking
  if (scene.objects.length === 0) return undefined
  const plain: Mention = phrase => phrase
  const answer = captionText(asking, plain)
  const others = new Set<string>()
  for (let tries = 0; tries < 4 * further && others.size < further; tries++) {
    const other = captionText(asking, plain)
    if (other !== answer) others.add(other)
  }
  const question = random.pick(questions[language])
  return { task: 'caption', language, question, answer, references: [...others], ...subjectOf(scene) }
}
