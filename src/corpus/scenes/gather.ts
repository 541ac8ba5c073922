/**
 * Which things come together in a scene, each with a look, a colour and a turn: different ones, several of a kind, twins.
 * Knows no places.
 */
import type { Kind } from '../materials/kind.ts'
import type { Font, Materials } from '../materials/materials.ts'
import type { Random } from '../random.ts'
import { type ComposedObject, type MaterialSide, type SceneOptions, sidesOf } from './composed.ts'
import type { Frame } from './layout.ts'
import type { Tint } from './recolour.ts'
import { type Colour, colours } from './scene.ts'
import { SceneError } from './sceneError.ts'
import { fills, shapes } from './shapes.ts'
import { inksFor, signForms, signKind } from './signs.ts'

/** What scenes can show, by the materials: worked out once. */
const shown = new WeakMap<Materials, readonly Kind[]>()

/** The kinds that scenes can show: those with a look, and shapes. Throws a SceneError where there are fewer than two. */
export function kindsToShow(materials: Materials): readonly Kind[] {
  const known = shown.get(materials)
  if (known !== undefined) return known
  const kinds = materials.kinds.filter(
    ({ id }) => id !== signKind && (shapes.includes(id) || materials.looksOf(id).length > 0),
  )
  if (kinds.length < 2) {
    throw new SceneError(`scenes need two kinds of things or more that have looks; the materials have ${kinds.length}`)
  }
  shown.set(materials, kinds)
  return kinds
}

/** A thing before it has a place. */
export type Thing = Omit<ComposedObject, keyof Frame> & {
  /** The size that it must have to others of its scene, where sizes are what tells them apart. */
  readonly share?: number
}

/** The things of a scene, in drawn order. */
export function gather(random: Random, materials: Materials, options: SceneOptions): Thing[] {
  const all = kindsToShow(materials)
  const drawn = options.gathering === 'single' ? 1 : Number(random.weighted(options.number))
  const count = options.gathering === 'different' ? Math.max(2, drawn) : drawn
  const others = (few: number, taken?: Kind): Thing[] =>
    pickOthers(random, all, few, taken).map(kind => drawThing(random, materials, kind, options.painted))
  const signs = options.writing === undefined ? [] : [drawSignThing(random, materials, options.writing, options.side)]
  switch (options.gathering) {
    case 'single':
      return signs.length > 0 ? signs : others(1)
    case 'different':
      return random.shuffle([...signs, ...others(Math.max(signs.length > 0 ? 0 : 2, count - signs.length))])
    case 'same': {
      const kind = random.pick(all)
      const few = random.chance(0.45) ? random.int(1, Math.max(1, Math.min(3, 8 - count))) : 0
      return random.shuffle([...signs, ...alike(random, materials, kind, count, options.painted), ...others(few, kind)])
    }
    case 'twins': {
      const bySize = random.chance(0.35)
      const kind = random.pick(bySize ? all : colourable(all))
      const few = random.chance(0.5) ? random.int(1, 2) : 0
      return random.shuffle([
        ...signs,
        ...(bySize ? bySizes : byColours)(random, materials, kind),
        ...others(few, kind),
      ])
    }
  }
}

/** `few` different kinds that are not `taken`, or all others where there are fewer. */
function pickOthers(random: Random, all: readonly Kind[], few: number, taken?: Kind): Kind[] {
  const picked = new Set<Kind>()
  const most = Math.min(few, taken === undefined ? all.length : all.length - 1)
  while (picked.size < most) {
    const kind = random.pick(all)
    if (kind !== taken) picked.add(kind)
  }
  return [...picked]
}

/** What can be painted; all where nothing can. */
function colourable(kinds: readonly Kind[]): readonly Kind[] {
  const found = kinds.filter(({ anyColour, id }) => anyColour || shapes.includes(id))
  return found.length > 0 ? found : kinds
}

/** A drawn difference within a colour. */
export const drawTint = (random: Random): Tint => ({
  lightness: random.between(-0.7, 0.7),
  chroma: random.between(0.85, 1.1),
  hue: random.between(-5, 5),
})

/** One of a kind in one of its looks: styles are equally frequent, and the drawn shape counts as one. */
function drawLook(random: Random, materials: Materials, { id }: Kind): Pick<Thing, 'look' | 'fill'> {
  const looks = materials.looksOf(id)
  const styles = [...new Set(looks.map(({ style }) => style)), ...(shapes.includes(id) ? ['drawn'] : [])]
  const style = random.pick(styles)
  if (style === 'drawn') return { look: `drawn:${id}`, fill: random.pick(fills) }
  return { look: random.pick(looks.filter(look => look.style === style)).id }
}

/** One of a kind, with a look and a turn; painted with the chance `painted`, always so in a `colour` that is given. */
export function drawThing(random: Random, materials: Materials, kind: Kind, painted: number, colour?: Colour): Thing {
  const look = drawLook(random, materials, kind)
  const shape = look.fill !== undefined
  const paints = shape || colour !== undefined || (kind.anyColour && random.chance(painted))
  return {
    kind: kind.id,
    ...look,
    rotation: shape && kind.id !== 'arrow' ? drawRotation(random) * 0.6 : drawRotation(random),
    mirrored: random.chance(0.5),
    ...(paints ? { paint: { colour: colour ?? random.pick(colours), tint: drawTint(random) } } : {}),
  }
}

const drawRotation = (random: Random): number =>
  random.chance(0.68) ? 0 : random.chance(0.9) ? random.between(-24, 24) : random.between(-180, 180)

/** Several of a kind, as like each other as chance says: in look, in colour. */
function alike(random: Random, materials: Materials, kind: Kind, count: number, painted: number): Thing[] {
  const sameLook = random.chance(0.65)
  const sameColour = random.chance(0.5)
  const first = drawThing(random, materials, kind, painted)
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return first
    const other = drawThing(random, materials, kind, painted)
    if (!sameLook) return other
    const paint = sameColour ? first.paint : (other.paint ?? first.paint)
    const { rotation, mirrored } = other
    return { ...first, rotation, mirrored, ...(paint === undefined ? {} : { paint }) }
  })
}

/** Two or three of a kind and a look, each in a colour of its own. */
function byColours(random: Random, materials: Materials, kind: Kind): Thing[] {
  const first = drawThing(random, materials, kind, 1)
  const count = random.chance(0.65) ? 2 : 3
  if (!kind.anyColour && first.fill === undefined) return [first, drawThing(random, materials, kind, 1)]
  return random.sample(colours, count).map(colour => ({
    ...first,
    mirrored: random.chance(0.5),
    paint: { colour, tint: drawTint(random) },
  }))
}

/** Two of a kind, one much larger. */
function bySizes(random: Random, materials: Materials, kind: Kind): Thing[] {
  const first = drawThing(random, materials, kind, 0.6)
  return [
    { ...first, share: 1 },
    { ...first, mirrored: random.chance(0.5), share: random.between(0.4, 0.62) },
  ]
}

/** A word for a sign: mostly everyday words, sometimes a number. */
function drawWriting(random: Random, materials: Materials, language: 'en' | 'zh', font: Font): string {
  if (random.chance(0.14)) return String(random.chance(0.5) ? random.int(1, 99) : random.int(100, 2030))
  const words =
    language === 'zh'
      ? materials.chineseWords.filter(word => [...word].every(character => !font.lacks.has(character)))
      : materials.englishWords
  const word = random.pick(words)
  return language === 'zh' ? word : random.pick([word.toUpperCase(), word, word[0]!.toUpperCase() + word.slice(1)])
}

function drawSignThing(random: Random, materials: Materials, language: 'en' | 'zh', side: MaterialSide): Thing {
  const font = random.pick(sidesOf(side).flatMap(own => materials.fonts(own, language)))
  const colour = random.pick([...colours, 'white', 'white', 'white', 'blue', 'green', 'yellow'] as const)
  const writing = drawWriting(random, materials, language, font)
  return {
    kind: signKind,
    look: 'drawn:sign',
    rotation: random.chance(0.7) ? 0 : random.between(-14, 14),
    mirrored: false,
    sign: {
      writing,
      family: font.family,
      bold: random.chance(0.3),
      form: random.pick(signForms),
      colour,
      ink: random.pick(inksFor(colour)),
      upright: language === 'zh' && random.chance(0.12),
    },
  }
}
