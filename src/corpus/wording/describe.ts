/**
 * Finds the descriptions that single a thing out, and puts them into words. Says nothing that fits two things.
 */
import type { Random } from '../random.ts'
import type { Scene, SceneObject } from '../scenes/scene.ts'
import type { Catalogue } from './catalogue.ts'
import type { Language } from './exchange.ts'
import { anyThing, type Determiner, type Distinction, type Noun, type Words } from './grammar.ts'
import { grammars } from './grammars.ts'
import { cellsOf, isPlainlySeen, relations } from './places.ts'
import { type Description, type Head, type Mark, type Plain, plainFitOf, resolve } from './refer.ts'

/** What a description may use. */
export interface Means {
  /** Default: the kind alone. */
  readonly heads?: readonly ('kind' | 'category' | 'thing')[]
  /** Default: true. */
  readonly colour?: boolean
  /** Ways to tell it from others of its kind; default: none. */
  readonly marks?: readonly Mark['by'][]
}

/** All ways to distinguish. */
export const allMarks = ['size', 'side', 'order', 'cell', 'relation'] as const satisfies readonly Mark['by'][]

/**
 * The descriptions of a thing that fit nothing else, in an order that is always the same. None says more than it needs:
 * where the name alone would do, it has at most one thing added, where colour would do, no mark is added to that.
 */
export function descriptionsOf(
  index: number,
  scene: Scene,
  catalogue: Catalogue,
  { heads = ['kind'], colour = true, marks = [] }: Means = {},
): Description[] {
  const object = scene.objects[index] as SceneObject
  if (!isPlainlySeen(object)) return []
  const fits = (description: Description) => resolve(description, scene, catalogue) === index
  return heads.flatMap(kind => {
    const head = headOf(kind, object, catalogue)
    if (head === undefined) return []
    const plain: Description = { head }
    const coloured: Description | undefined =
      colour && object.colour !== undefined ? { head, colour: object.colour } : undefined
    const found = [plain, ...(coloured === undefined ? [] : [coloured])].filter(fits)
    const possible = marks.flatMap(by => marksOf(by, index, head, scene, catalogue))
    found.push(...possible.map(mark => ({ ...plain, mark })).filter(fits))
    if (coloured !== undefined && found.length === 0) {
      found.push(...possible.map(mark => ({ ...coloured, mark })).filter(fits))
    }
    return found
  })
}

function headOf(kind: 'kind' | 'category' | 'thing', object: SceneObject, catalogue: Catalogue): Head | undefined {
  if (kind === 'thing') return 'thing'
  if (kind === 'kind') return { kind: object.kind }
  const { category } = catalogue.kind(object.kind)
  return catalogue.isPlain(category) ? { category } : undefined
}

/** Marks that may be true of the thing; whether they are, and of it alone, is for `resolve` to say. */
function marksOf(by: Mark['by'], index: number, head: Head, scene: Scene, catalogue: Catalogue): Mark[] {
  switch (by) {
    case 'size':
      return (['big', 'small'] as const).map(size => ({ by, size }))
    case 'side':
      return (['left', 'right', 'top', 'bottom'] as const).map(side => ({ by, side }))
    case 'order': {
      // The first and the last are those on the sides.
      const among = plainFitOf({ head }, scene, catalogue).possibly.length
      const places = Array.from({ length: Math.max(among - 2, 0) }, (_, before) => before + 2)
      return places.flatMap(place => (['left', 'right'] as const).map(from => ({ by, from, place })))
    }
    case 'cell':
      return cellsOf((scene.objects[index] as SceneObject).box, scene).map(cell => ({ by, cell }))
    case 'relation':
      return landmarksOf(index, scene, catalogue).flatMap(landmark =>
        relations.map(relation => ({ by, relation, landmark })),
      )
  }
}

/** Things of other kinds that are known by their names, or names with colours. */
function landmarksOf(index: number, scene: Scene, catalogue: Catalogue): Plain[] {
  const { kind } = scene.objects[index] as SceneObject
  return namesIn(scene, catalogue).flatMap((name, place) =>
    name === undefined || scene.objects[place]?.kind === kind ? [] : [name],
  )
}

/** The shortest description without a mark of each thing; worked out once for a scene. */
function namesIn(scene: Scene, catalogue: Catalogue): readonly (Plain | undefined)[] {
  const found = known.get(scene)
  if (found?.catalogue === catalogue) return found.names
  const names = scene.objects.map((_, place) => descriptionsOf(place, scene, catalogue)[0])
  known.set(scene, { catalogue, names })
  return names
}

const known = new WeakMap<Scene, { readonly catalogue: Catalogue; readonly names: readonly (Plain | undefined)[] }>()

/** A description in words. The kind's other names are used now and then; `determiner` as in `Grammar.phrase`. */
export function phraseOf(
  description: Description,
  scene: Scene,
  catalogue: Catalogue,
  { language, random, determiner = 'the' }: PhraseOptions,
): string {
  const noun = nounOf(description, catalogue, random, language, determiner !== 'a')
  const { mark } = description
  const distinction = ((): Distinction | undefined => {
    if (mark === undefined || mark.by === 'cell' || mark.by === 'order') return mark
    if (mark.by === 'relation') return { ...mark, landmark: nounOf(mark.landmark, catalogue, random, language) }
    return { ...mark, among: plainFitOf(description, scene, catalogue).possibly.length }
  })()
  return grammars[language].phrase(noun, distinction, determiner, random.int(0, 59))
}

export interface PhraseOptions {
  readonly language: Language
  readonly random: Random
  /** Default `the`. */
  readonly determiner?: Determiner
}

/** The noun of a description, under one of the kind's names, or only the first. */
export function nounOf(
  description: Plain,
  catalogue: Catalogue,
  random: Random,
  language: Language,
  others = true,
): Noun {
  const { head, colour, writing } = description
  return {
    words: others ? wordsOf(head, catalogue, random, language) : firstWords(head, catalogue, random),
    ...(colour === undefined ? {} : { colour }),
    ...(writing === undefined ? {} : { writing }),
  }
}

/** Share of the times that another name of a kind is used than its first. */
const OTHER_NAME = 0.15

function wordsOf(head: Head, catalogue: Catalogue, random: Random, language: Language): Words {
  const words = firstWords(head, catalogue, random)
  if (head === 'thing' || 'category' in head || !random.chance(OTHER_NAME)) return words
  const { en, zh } = catalogue.kind(head.kind)
  const others = language === 'en' ? (en.also ?? []).filter(name => agrees(en, name)) : (zh.also ?? [])
  if (others.length === 0) return words
  const name = random.pick(others)
  // Another name has no plural of its own in the catalogue: it is only said of one, after `the`.
  return language === 'en' ? { en: { ...en, name, plural: name }, zh } : { en, zh: { ...zh, name } }
}

function firstWords(head: Head, catalogue: Catalogue, random: Random): Words {
  if (head === 'thing') return random.pick(anyThing)
  return 'category' in head ? catalogue.category(head.category) : catalogue.kind(head.kind)
}

/** Another name that is singular or plural as the first is: `spectacles` for glasses, and not `peas` for a pea pod. */
function agrees({ name: first, article }: Words['en'], name: string): boolean {
  const several = /[^sui]s$/.test(name)
  return article === 'a' || article === 'an' ? !several : several && /[^sui]s$/.test(first)
}
