/**
 * Which kinds somebody may call by the same name: a police car is a car to some, every poodle a dog. What is asked has
 * to be right for them too. Knows no scenes.
 */
import type { Category, Kind } from '../materials/kind.ts'
import type { WordingContext } from './context.ts'
import { passesFor } from './passesFor.ts'
import { WordingError } from './wordingError.ts'

/** Categories that run into one another: what is of one may pass for one of another. */
const families: readonly RegExp[] = [
  /animal|bird|insect/,
  /food|fruit|vegetable|drink|plant/,
  /tool|household|stationery|electronic|toy|sport/,
  /vehicle|toy|sport/,
  /building|street|toy/,
  /sky|nature/,
]

/** Categories that people agree on when they hear their names. */
const plain = /^(animal|bird|sea-animal|insect|fruit|vegetable|drink|vehicle|shape|instrument|building)$/

export class Catalogue {
  static readonly #known = new WeakMap<ReadonlyMap<string, Kind>, Catalogue>()

  /** The catalogue of a context's kinds, worked out once for the same map. */
  static of({ kinds, categories }: Pick<WordingContext, 'kinds' | 'categories'>): Catalogue {
    const known = Catalogue.#known.get(kinds)
    if (known !== undefined) return known
    const made = new Catalogue(kinds, categories)
    Catalogue.#known.set(kinds, made)
    return made
  }

  readonly kinds: ReadonlyMap<string, Kind>
  /** All kinds, in the order of the catalogue. */
  readonly all: readonly Kind[]
  readonly #categories: ReadonlyMap<string, Category>
  /** By id: English names in lower case, and Chinese ones. */
  readonly #names: ReadonlyMap<string, readonly [en: readonly string[], zh: readonly string[]]>
  readonly #calledSo = new Map<string, ReadonlySet<string>>()

  private constructor(kinds: ReadonlyMap<string, Kind>, categories: readonly Category[]) {
    this.kinds = kinds
    this.all = [...kinds.values()]
    this.#names = new Map(
      this.all.map(({ id, en, zh }) => [
        id,
        [[en.name, ...(en.also ?? [])].map(name => name.toLowerCase()), [zh.name, ...(zh.also ?? [])]],
      ]),
    )
    this.#categories = new Map(categories.map(category => [category.id, countedSingly(category)]))
  }

  /** Throws a WordingError for a kind that is not there. */
  kind(id: string): Kind {
    const kind = this.kinds.get(id)
    if (kind !== undefined) return kind
    throw new WordingError(`a scene shows something of the kind "${id}", which the catalogue lacks: add its words`)
  }

  /** Throws a WordingError for a category that is not there. */
  category(id: string): Category {
    const category = this.#categories.get(id)
    if (category !== undefined) return category
    throw new WordingError(
      `there is no category "${id}": the categories are ${[...this.#categories.keys()].join(', ')}`,
    )
  }

  /** Whether things are asked for by the category: `which fruit …?` */
  isPlain(category: string): boolean {
    return plain.test(category) && this.#categories.has(category)
  }

  /** The ids of the kinds of a category. */
  idsOf(category: string): string[] {
    return this.all.flatMap(kind => (kind.category === category ? [kind.id] : []))
  }

  /** A thing of the kind may pass for one of the category, though the catalogue has it elsewhere. */
  mayBeOf(category: string, kind: string): boolean {
    const own = this.kind(kind).category
    return own === category || families.some(family => family.test(own) && family.test(category))
  }

  /** The kinds whose things somebody may call by a name of this kind, itself included. */
  calledSo(id: string): ReadonlySet<string> {
    const known = this.#calledSo.get(id)
    if (known !== undefined) return known
    const kind = this.kind(id)
    const found = new Set(this.all.filter(other => this.#mayBeCalled(other, kind)).map(other => other.id))
    found.add(id)
    this.#calledSo.set(id, found)
    return found
  }

  #mayBeCalled(other: Kind, kind: Kind): boolean {
    const [english, chinese] = this.#names.get(kind.id)!
    const [otherEnglish, otherChinese] = this.#names.get(other.id)!
    if (otherEnglish.some(own => english.some(name => endsWithName(own, name)))) return true
    if (otherChinese.some(own => chinese.some(name => own.endsWith(name)))) return true
    if (passesFor[kind.id]?.includes(other.id) === true) return true
    const category = this.#categories.get(other.category)
    if (category === undefined) return false
    return english.includes(category.en.name) || chinese.includes(category.zh.name)
  }
}

/** `police car` ends with `car`, and `sunflower` with `flower`; `elephant` does not end with `ant`. */
const endsWithName = (own: string, name: string) =>
  own.endsWith(name) && (name.length >= 4 || own.length === name.length || own.at(-name.length - 1) === ' ')

/** 几种水果 asks for sorts, and not for pieces. */
const countedSingly = (category: Category): Category =>
  category.zh.measure === '种' ? { ...category, zh: { ...category.zh, measure: '个' } } : category
