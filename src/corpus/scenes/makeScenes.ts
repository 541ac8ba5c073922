/**
 * The maker of scenes: draws a task and a language, composes scenes until one affords them, renders it and says it. Knows
 * no files and no threads.
 */
import type { Category, Kind } from '../materials/kind.ts'
import type { Materials } from '../materials/materials.ts'
import { Random } from '../random.ts'
import type { MadePicture, MadeSample, Maker } from '../shards/maker.ts'
import {
  chatTurns,
  dialogueAbout,
  type Exchange,
  type ExchangeTask,
  exchangeAbout,
  exchangeAboutPair,
  exchangeTasks,
  familyOf,
  followUp,
  type Language,
  ocrExchange,
  rawTurns,
  type TaskWeights,
  type WordingContext,
} from '../wording/index.ts'
import { composeScene } from './compose.ts'
import type { ComposedScene } from './composed.ts'
import { differsOnlyBy, editScene } from './edit.ts'
import { encodePicture } from './encode.ts'
import type { SceneRecipe } from './recipe.ts'
import { isWellSeen, type RenderedScene, renderScene } from './render.ts'
import type { Scene, SceneChange } from './scene.ts'
import { SceneError } from './sceneError.ts'
import { signCategory, signKind, signWords } from './signs.ts'
import { splitOf } from './split.ts'
import { wishFor } from './wishes.ts'

/** What a sample's pictures show, kept beside it. */
export interface SceneRecord {
  readonly scenes: readonly Scene[]
  /** How the second differs from the first, where it does in one thing. */
  readonly change?: SceneChange
}

/** What is to be made: drawn or in turn. */
interface Order {
  readonly task: ExchangeTask
  readonly language: Language
  /** Exchanges of the sample. */
  readonly count: number
}

/** What was rendered for an order, and what is said about it. */
interface Made {
  readonly rendered: readonly RenderedScene[]
  readonly exchanges: readonly Exchange[]
  readonly change?: SceneChange
}

/** So many compositions are thrown away before a recipe is said not to work: 64 each for a held-out one. */
const mostAttempts = 12_000
/** Of these, so many may have been rendered. */
const mostRendered = 150
/** Edits that are tried for the second picture of a pair, again 64 each for a held-out one. */
const mostEdits = 500

/** Opens the maker of a recipe: each sample depends on the recipe, the materials and its index only. */
export function openSceneMaker(recipe: SceneRecipe, materials: Materials): Maker {
  return new SceneMaker(recipe, materials)
}

class SceneMaker implements Maker {
  readonly #recipe: SceneRecipe
  readonly #materials: Materials
  readonly #kinds: ReadonlyMap<string, Kind>
  readonly #categories: readonly Category[]
  /** Each task that has a weight, in each language that has one: the turns of `in-turn`. */
  readonly #turns: readonly (readonly [ExchangeTask, Language])[]

  constructor(recipe: SceneRecipe, materials: Materials) {
    this.#recipe = recipe
    this.#materials = materials
    const kinds = materials.kinds.some(({ id }) => id === signKind) ? materials.kinds : [...materials.kinds, signWords]
    this.#kinds = new Map(kinds.map(kind => [kind.id, kind]))
    this.#categories = [...materials.categories, signCategory]
    const languages = (['en', 'zh'] as const).filter(language => recipe.languages[language] > 0)
    this.#turns = exchangeTasks
      .filter(task => recipe.tasks[task] > 0)
      .flatMap(task => languages.map(language => [task, language] as const))
  }

  async make(index: number): Promise<MadeSample> {
    const { seed, split, picture, licence } = this.#recipe
    const random = new Random('scenes', seed, split, index)
    const order = this.#order(random, index)
    const { rendered, exchanges, change } = await this.#attempt(random, order, index)
    const encodings = rendered.map(() => ({ format: picture.format, quality: random.int(...spread(picture.quality)) }))
    const pictures: MadePicture[] = []
    for (const [place, { picture: raster }] of rendered.entries()) {
      pictures.push(await encodePicture(raster, encodings[place]!))
    }
    const last = exchanges.at(-1)!
    const record: SceneRecord = {
      scenes: rendered.map(({ scene }) => scene),
      ...(change === undefined ? {} : { change }),
    }
    return {
      task: this.#taskName(order),
      format: this.#recipe.format,
      pictures,
      turns:
        this.#recipe.format === 'raw'
          ? rawTurns(exchanges, pictures.length)
          : chatTurns(exchanges, { random, pictures: pictures.length }),
      references: [last.answer, ...(last.references ?? [])],
      language: order.language,
      licence,
      record,
    }
  }

  #order(random: Random, index: number): Order {
    const { order, tasks, languages, exchanges } = this.#recipe
    const turn = this.#turns[index % this.#turns.length]!
    const [task, language] =
      order === 'in-turn' ? turn : ([random.weighted(tasks), random.weighted(languages)] as const)
    return { task, language, count: random.int(...spread(exchanges)) }
  }

  /** One exchange a sample: what is asked, for each has its own score. More: the task that rows are packed by. */
  #taskName({ task }: Order): string {
    if (this.#recipe.exchanges[1] === 1) return task
    return this.#recipe.format === 'chatml' ? 'chat' : familyOf(task)
  }

  async #attempt(random: Random, order: Order, index: number): Promise<Made> {
    let rendered = 0
    for (let attempt = 0; attempt < mostAttempts && rendered < mostRendered; attempt++) {
      const own = random.fork('attempt', attempt)
      const options = wishFor(order.task, order.language, this.#recipe, own)
      const composed = composeScene(own, this.#materials, options)
      if (composed === undefined || splitOf(composed) !== this.#recipe.split) continue
      rendered++
      const scene = await this.#render(composed)
      if (scene === undefined) continue
      const made =
        order.task === 'pair' ? await this.#sayPair(own, order, composed, scene) : this.#say(own, order, scene)
      if (made !== undefined) return made
    }
    const { task, language } = order
    throw new SceneError(
      `sample ${index} asks for "${task}" in ${language === 'en' ? 'English' : 'Chinese'}, and none of ${rendered} scenes ` +
        'affords it: give the recipe larger pictures, other numbers of objects or more colours, or leave the task out',
    )
  }

  /** Undefined for a scene in which something is hardly seen. */
  async #render(composed: ComposedScene): Promise<RenderedScene | undefined> {
    const rendered = await renderScene(composed, this.#materials)
    return isWellSeen(rendered.scene) ? rendered : undefined
  }

  #say(random: Random, { task, language, count }: Order, rendered: RenderedScene): Made | undefined {
    const context: WordingContext = { random, kinds: this.#kinds, categories: this.#categories }
    const exchanges = this.#first(rendered, task, language, context)
    if (exchanges === undefined) return undefined
    const further = dialogueAbout(rendered.scene, language, count - exchanges.length, context, this.#together(task))
    for (const exchange of further) {
      if (!exchanges.some(other => saysAgain(other, exchange))) exchanges.push(exchange)
    }
    return { rendered: [rendered], exchanges }
  }

  /** What the sample is made for; a follow-up has something before it that it follows. */
  #first(
    rendered: RenderedScene,
    task: ExchangeTask,
    language: Language,
    context: WordingContext,
  ): Exchange[] | undefined {
    const { scene, writings } = rendered
    if (task === 'ocr') {
      if (writings.length === 0) return undefined
      const lines = writings.toSorted((one, other) => one.quad[0][1] - other.quad[0][1])
      return [ocrExchange(lines, { size: scene, language, random: context.random })]
    }
    if (task !== 'follow-up') {
      const exchange = exchangeAbout(task, scene, language, context)
      return exchange === undefined ? undefined : [exchange]
    }
    const before = context.random.pick(['name', 'colour', 'count', 'position', 'relation', 'yes-no'] as const)
    const first = exchangeAbout(before, scene, language, context)
    const second = first === undefined ? undefined : followUp(scene, [first], language, context)
    return first === undefined || second === undefined ? undefined : [first, second]
  }

  /** The tasks that may stand beside one: of its family in a text to go on with, all in a conversation. */
  #together(task: ExchangeTask): TaskWeights {
    const { format, tasks } = this.#recipe
    if (format === 'chatml') return tasks
    const own = exchangeTasks.filter(other => other !== 'follow-up' && familyOf(other) === familyOf(task))
    return Object.fromEntries(own.map(other => [other, tasks[other]]))
  }

  async #sayPair(
    random: Random,
    { language, count }: Order,
    composed: ComposedScene,
    first: RenderedScene,
  ): Promise<Made | undefined> {
    const edited = random.chance(0.6) ? this.#edit(random, composed) : undefined
    const other = edited?.composed ?? this.#another(random, language)
    const second = other === undefined ? undefined : await this.#render(other)
    if (second === undefined) return undefined
    if (edited !== undefined && !differsOnlyBy(first.scene, second.scene, edited.change)) return undefined
    const context: WordingContext = { random, kinds: this.#kinds, categories: this.#categories }
    const exchanges: Exchange[] = []
    for (let tries = 0; tries < 4 * count && exchanges.length < count; tries++) {
      const exchange = exchangeAboutPair(first.scene, second.scene, edited?.change, language, context)
      if (exchange !== undefined && !exchanges.some(other => saysAgain(other, exchange))) exchanges.push(exchange)
    }
    if (exchanges.length === 0) return undefined
    return { rendered: [first, second], exchanges, ...(edited === undefined ? {} : { change: edited.change }) }
  }

  /** An edit whose scene is of the recipe's split too. */
  #edit(random: Random, composed: ComposedScene) {
    for (let attempt = 0; attempt < mostEdits; attempt++) {
      const edited = editScene(random.fork('edit', attempt), composed, this.#materials)
      if (edited !== undefined && splitOf(edited.composed) === this.#recipe.split) return edited
    }
    return undefined
  }

  /** A scene of the recipe's split that has nothing to do with the first. */
  #another(random: Random, language: Language): ComposedScene | undefined {
    for (let attempt = 0; attempt < mostEdits; attempt++) {
      const own = random.fork('other', attempt)
      const composed = composeScene(own, this.#materials, wishFor('pair', language, this.#recipe, own))
      if (composed !== undefined && splitOf(composed) === this.#recipe.split) return composed
    }
    return undefined
  }
}

const spread = ([least, most]: readonly [number, number]): [number, number] => [least, most]

/** The same question, the same answer to the same task about the same things, or another caption. */
function saysAgain(one: Exchange, other: Exchange): boolean {
  if (one.question === other.question) return true
  if (one.task === other.task && one.task.endsWith('caption')) return true
  return (
    one.task === other.task &&
    one.answer === other.answer &&
    one.about !== undefined &&
    JSON.stringify(one.about) === JSON.stringify(other.about)
  )
}
