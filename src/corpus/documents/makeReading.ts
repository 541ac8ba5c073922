/**
 * What makes samples of pictures of text, whatever they show: which task in which language, held out or not, the questions,
 * their dress. Knows no layouts.
 */
import type { Materials } from '../materials/materials.ts'
import { hash32, Random } from '../random.ts'
import type { MaterialSide } from '../scenes/composed.ts'
import { encodePicture } from '../scenes/encode.ts'
import type { MadeSample, Maker } from '../shards/maker.ts'
import type { Range } from '../shards/recipeFields.ts'
import type { Exchange, Language } from '../wording/exchange.ts'
import { chatTurns, familyOf, ocrExchange, rawTurns } from '../wording/formats.ts'
import type { ComposedText, TextOptions } from './composed.ts'
import { DocumentError } from './documentError.ts'
import { readExchanges } from './questions.ts'
import { type ReadingTask, readingTasks } from './recipe.ts'
import { renderText } from './render.ts'

/** What both recipes say. */
export interface ReadingRecipe {
  readonly seed: number
  readonly split: 'train' | 'held-out'
  readonly side: MaterialSide
  readonly picture: {
    readonly width: Range
    readonly height: Range
    readonly format: 'jpg' | 'png' | 'webp'
    readonly quality: Range
  }
  readonly languages: Readonly<Record<Language, number>>
  readonly format: 'raw' | 'chatml'
  readonly exchanges: Range
  readonly order: 'drawn' | 'in-turn'
  readonly licence: string
  readonly tasks: Readonly<Record<ReadingTask, number>>
}

/** One picture in so many is held out. */
const heldOutEvery = 64
/** A thousand times as many draws as a held-out picture needs on average would find it. */
const mostDraws = 64 * 1000

/** Opens a maker of samples about what `compose` plans. `name` sets its stream of draws apart from other makers'. */
export function openReadingMaker(
  name: string,
  recipe: ReadingRecipe,
  materials: Materials,
  compose: (random: Random, options: TextOptions) => ComposedText,
): Maker {
  return {
    async make(index) {
      const random = new Random(name, recipe.seed, index)
      const { task, language } = asked(recipe, random, index)
      const options = { language, side: recipe.side, width: recipe.picture.width, height: recipe.picture.height }
      for (let draw = 0; draw < mostDraws; draw++) {
        const composed = compose(random.fork('picture', draw), options)
        if (splitOf(composed) !== recipe.split) continue
        return sampleOf(random, recipe, materials, composed, task)
      }
      throw new DocumentError(`no ${recipe.split} picture among ${mostDraws}: allow more contents or more fonts`)
    },
  }
}

/** Which task in which language sample `index` has. */
function asked({ order, tasks, languages }: ReadingRecipe, random: Random, index: number) {
  if (order === 'drawn') return { task: random.weighted(tasks), language: random.weighted(languages) }
  const turns = readingTasks.flatMap(task =>
    (['en', 'zh'] as const)
      .filter(language => tasks[task] > 0 && languages[language] > 0)
      .map(language => ({ task, language })),
  )
  return turns[index % turns.length]!
}

/** The split that a picture belongs to by what it shows, whoever made it. */
export function splitOf({ kind, background, lines, width, height, sheet }: ComposedText): 'train' | 'held-out' {
  const share = (value: number, side: number) => Math.round((value / side) * 64)
  const places = lines.map(({ quad }) => quad.map(([x, y]) => [share(x, width), share(y, height)]))
  const fonts = sheet.block.lines.map(({ font }) => font.family)
  const content = JSON.stringify([kind, background.kind, lines.map(({ text }) => text), fonts, places])
  return hash32(content) % heldOutEvery === 0 ? 'held-out' : 'train'
}

async function sampleOf(
  random: Random,
  recipe: ReadingRecipe,
  materials: Materials,
  composed: ComposedText,
  task: ReadingTask,
): Promise<MadeSample> {
  const { picture, exchanges: range, format, licence } = recipe
  const exchanges = exchangesOf(random.fork('questions'), recipe, composed, task)
  const encoding = {
    format: picture.format,
    quality: random.fork('quality').int(...([...picture.quality] as [number, number])),
  }
  const { kind, width, height, background, sheet, lines } = composed
  return {
    task: range[1] === 1 ? task : format === 'chatml' ? 'chat' : familyOf(task),
    format,
    pictures: [await encodePicture(await renderText(composed, materials), encoding)],
    turns: format === 'raw' ? rawTurns(exchanges) : chatTurns(exchanges, { random: random.fork('dress') }),
    references: [exchanges.at(-1)!.answer],
    language: composed.readable.language,
    licence,
    record: {
      ...{ kind, width, height },
      background: { kind: background.kind, id: background.id },
      lines: lines.map(({ text, language, quad }, i) => ({
        ...{ text, language, font: sheet.block.lines[i]!.font.family },
        quad: quad.map(corner => corner.map(value => Math.round(value * 10) / 10)),
      })),
    },
  }
}

/** What is asked: the drawn task first. Of a raw sample all is of one task; in a conversation both may come. */
function exchangesOf(random: Random, recipe: ReadingRecipe, composed: ComposedText, task: ReadingTask): Exchange[] {
  const { lines, readable, width, height } = composed
  const { language } = readable
  const count = random.int(...([...recipe.exchanges] as [number, number]))
  const ocr = (): Exchange => ocrExchange(lines, { size: { width, height }, language, random })
  if (task === 'ocr') {
    const more = recipe.format === 'chatml' && recipe.tasks.read > 0 ? readExchanges(random, readable, count - 1) : []
    return [ocr(), ...more]
  }
  const asked = readExchanges(random, readable, count)
  const both =
    recipe.format === 'chatml' && count > 1 && random.chance(recipe.tasks.ocr / (recipe.tasks.ocr + recipe.tasks.read))
  return both ? [...asked.slice(0, count - 1), ocr()] : asked
}
