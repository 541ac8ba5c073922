/** Things that one name, colour or category covers, where it is certain which they are. Knows no question. */
import type { Colour, SceneObject } from '../../scenes/scene.ts'
import type { Asking } from '../asking.ts'
import { isEmpty, mayShow } from '../background.ts'
import { anyThing, type Noun } from '../grammar.ts'

export interface KindGroup {
  readonly kind: string
  readonly objects: readonly SceneObject[]
  /** Their places in `objects` of the scene. */
  readonly places: readonly number[]
}

/** The things of each kind, where nothing else may be called so, and the background shows no more of them. */
export function sameKind({ scene, catalogue }: Asking): KindGroup[] {
  return [...new Set(scene.objects.map(({ kind }) => kind))].flatMap(kind => {
    const calledSo = catalogue.calledSo(kind)
    const doubtful = scene.objects.some(object => object.kind !== kind && calledSo.has(object.kind))
    if (doubtful || mayShow(scene.background, [...calledSo])) return []
    return [{ kind, ...ofThese(scene.objects, object => object.kind === kind) }]
  })
}

function ofThese(objects: readonly SceneObject[], test: (object: SceneObject) => boolean) {
  const places = objects.flatMap((object, place) => (test(object) ? [place] : []))
  return { places, objects: places.map(place => objects[place]!) }
}

/** What can be counted: a noun and where those things are. */
export interface Countable {
  readonly by: 'kind' | 'colour' | 'category' | 'thing'
  readonly noun: Noun
  readonly places: readonly number[]
}

/** All that can be counted in a scene without doubt. */
export function countables(asking: Asking): Countable[] {
  const { scene, catalogue, random } = asking
  const kinds = sameKind(asking).filter(({ kind }) => catalogue.kind(kind).en.article !== '')
  const found: Countable[] = kinds.map(({ kind, places }) => ({
    by: 'kind',
    noun: { words: catalogue.kind(kind) },
    places,
  }))
  for (const { kind, objects, places } of kinds) {
    if (objects.some(({ colour }) => colour === undefined)) continue
    for (const colour of new Set(objects.map(({ colour }) => colour as Colour))) {
      const ofColour = places.filter(place => scene.objects[place]!.colour === colour)
      found.push({ by: 'colour', noun: { words: catalogue.kind(kind), colour }, places: ofColour })
    }
  }
  for (const category of new Set(scene.objects.map(({ kind }) => catalogue.kind(kind).category))) {
    const of = (test: (kind: string) => boolean) => ofThese(scene.objects, ({ kind }) => test(kind)).places
    const places = of(kind => catalogue.kind(kind).category === category)
    const doubtful = of(kind => catalogue.mayBeOf(category, kind)).length > places.length
    if (!catalogue.isPlain(category) || doubtful || mayShow(scene.background, catalogue.idsOf(category))) continue
    found.push({ by: 'category', noun: { words: catalogue.category(category) }, places })
  }
  if (isEmpty(scene.background) && scene.objects.length > 0) {
    found.push({ by: 'thing', noun: { words: random.pick(anyThing) }, places: scene.objects.map((_, place) => place) })
  }
  return found
}
