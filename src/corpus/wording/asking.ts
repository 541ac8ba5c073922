/** What every question about a scene is made from. Knows no question. */
import type { Random } from '../random.ts'
import type { Scene, SceneObject } from '../scenes/scene.ts'
import { Catalogue } from './catalogue.ts'
import type { WordingContext } from './context.ts'
import { descriptionsOf, type Means, phraseOf } from './describe.ts'
import type { Exchange, Language } from './exchange.ts'
import type { Determiner, Grammar, Noun } from './grammar.ts'
import { grammars } from './grammars.ts'
import type { Description } from './refer.ts'

/** A scene, a language and chance. */
export interface Asking {
  readonly scene: Scene
  readonly language: Language
  readonly grammar: Grammar
  readonly catalogue: Catalogue
  readonly random: Random
}

/** Asks about one subject; undefined where the scene does not afford it. */
export type Asker = (asking: Asking) => Exchange | undefined

export function askingOf(scene: Scene, language: Language, context: WordingContext): Asking {
  const { random } = context
  return { scene, language, grammar: grammars[language], catalogue: Catalogue.of(context), random }
}

/** A thing of the scene and a description that fits it alone. */
export interface Known {
  readonly index: number
  readonly object: SceneObject
  readonly description: Description
}

/** The things that can be singled out, each by one of the ways that `means` allows, in a drawn order. */
export function known({ scene, catalogue, random }: Asking, means?: Means): Known[] {
  const found = scene.objects.flatMap((object, index): Known[] => {
    const ways = descriptionsOf(index, scene, catalogue, means)
    return ways.length === 0 ? [] : [{ index, object, description: pickWay(ways, random) }]
  })
  return random.shuffle(found)
}

/** One of the things that can be singled out, which are looked at in a drawn order until one will do. */
export function oneKnown(
  { scene, catalogue, random }: Asking,
  means: Means,
  { accepts = () => true, saysEnough = () => true }: Wanted = {},
): Known | undefined {
  for (const index of random.shuffle([...scene.objects.keys()])) {
    const object = scene.objects[index]!
    if (!accepts(object, index)) continue
    const ways = descriptionsOf(index, scene, catalogue, means).filter(saysEnough)
    if (ways.length > 0) return { index, object, description: pickWay(ways, random) }
  }
  return undefined
}

export interface Wanted {
  readonly accepts?: (object: SceneObject, index: number) => boolean
  readonly saysEnough?: (description: Description) => boolean
}

/** One of the ways, each kind of mark as often as any other. */
export function pickWay(ways: readonly Description[], random: Random): Description {
  const kinds = [...new Set(ways.map(way => way.mark?.by))]
  const kind = random.pick(kinds)
  return random.pick(ways.filter(way => way.mark?.by === kind))
}

/** A description in words. */
export const inWords = (
  { scene, catalogue, language, random }: Asking,
  description: Description,
  determiner: Determiner = 'the',
): string => phraseOf(description, scene, catalogue, { language, random, determiner })

/** What agrees with one thing that is spoken of, or with several: `is` or `are`, `does` or `do`, `it` or `they`. */
export const agreementFor = (several: boolean): Readonly<Record<string, string>> =>
  several
    ? { is: 'are', does: 'do', it: 'they', them: 'them', was: 'were' }
    : { is: 'is', does: 'does', it: 'it', them: 'it', was: 'was' }

/** What agrees with a noun after `the`. */
export const agreement = (grammar: Grammar, noun: Noun, count = 1): Readonly<Record<string, string>> =>
  agreementFor(grammar.plural(noun, count))

/** What agrees with a description. Anything but a kind is one thing. */
export function agreementOf({ grammar, catalogue }: Asking, { head }: Description): Readonly<Record<string, string>> {
  return head !== 'thing' && 'kind' in head
    ? agreement(grammar, { words: catalogue.kind(head.kind) })
    : agreementFor(false)
}

/** All names of a kind, the first first. */
export function namesOf({ catalogue, language }: Asking, kind: string): string[] {
  const { en, zh } = catalogue.kind(kind)
  return language === 'en' ? [en.name, ...(en.also ?? [])] : [zh.name, ...(zh.also ?? [])]
}

/** The name of a kind as a short answer, and what else is right. */
export function nameAnswer(asking: Asking, { kind, colour }: SceneObject): Pick<Exchange, 'answer' | 'references'> {
  const { grammar, catalogue } = asking
  const [answer, ...others] = namesOf(asking, kind) as [string, ...string[]]
  const noun: Noun = { words: catalogue.kind(kind) }
  const coloured = colour === undefined ? [] : [{ ...noun, colour }]
  const phrases = coloured.flatMap(each => [grammar.some(each), grammar.bare(each)])
  const references = [...others, grammar.some(noun), grammar.the(noun), ...phrases]
  references.push(...phrases.flatMap(grammar.spellings))
  return { answer, references: [...new Set(references)].filter(each => each !== answer) }
}

/** A number as an answer: digits, and the word is right too. */
export function countAnswer({ grammar, language }: Asking, count: number): Pick<Exchange, 'answer' | 'references'> {
  const word = grammar.number(count)
  const references =
    language === 'en' ? [word] : [word, ...(count === 2 ? ['两', '两个'] : [`${word}个`]), `${count}个`]
  return { answer: `${count}`, references }
}
