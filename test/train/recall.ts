/**
 * What a tiny model is taught by heart, and whether it knows it: captions in two languages and boxes of a few real
 * pictures, taught by `qwen-vl train` and asked for by `qwen-vl caption` and `qwen-vl locate`. Says how each way of
 * training is told what to do; knows no test, and nothing of how the command is started.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { toUnits, writeBoxes } from '../../src/text/index.ts'
import { root } from '../checkout.ts'

/** Runs `qwen-vl` to its end, in the folder of the lesson, and gives its standard output. Rejects where it fails. */
export type Command = (...args: readonly string[]) => Promise<string>

interface Caption {
  readonly image: string
  readonly caption: string
  readonly language: 'en' | 'zh'
}

interface Place {
  readonly image: string
  readonly label: string
  /** Left, top, right, bottom in pixels. */
  readonly box: readonly [number, number, number, number]
}

export interface Lesson {
  readonly captions: readonly Caption[]
  readonly places: readonly Place[]
}

/** What a model learns from nothing. */
export const first: Lesson = {
  captions: [
    { image: 'cat.jpg', language: 'en', caption: 'A brown tabby cat with green eyes, seen from close by.' },
    { image: 'cat.jpg', language: 'zh', caption: '一只绿眼睛的棕色小猫的近照。' },
    { image: 'coffee.jpg', language: 'en', caption: 'A cup of coffee stands on a red saucer with a spoon beside it.' },
    { image: 'coffee.jpg', language: 'zh', caption: '一杯咖啡放在红色的碟子上，旁边有一把勺子。' },
    { image: 'moon.jpg', language: 'en', caption: 'An astronaut stands on the grey moon beside a flag.' },
    { image: 'moon.jpg', language: 'zh', caption: '一位宇航员站在月球上，旁边有一面旗子。' },
  ],
  places: [
    { image: 'coffee.jpg', label: 'the cup', box: [92, 8, 218, 165] },
    { image: 'coffee.jpg', label: 'the spoon', box: [173, 34, 228, 176] },
    { image: 'cat.jpg', label: 'the cat', box: [0, 0, 283, 213] },
    { image: 'moon.jpg', label: 'the flag', box: [86, 79, 142, 193] },
  ],
}

/** What it is taught on top of that, of pictures that it has not seen. */
export const second: Lesson = {
  captions: [
    {
      image: 'rocket.jpg',
      language: 'en',
      caption: 'A white rocket stands on its launch pad at dusk, between tall steel towers.',
    },
    { image: 'rocket.jpg', language: 'zh', caption: '傍晚，一枚白色的火箭站在发射台上。' },
    {
      image: 'earth.jpg',
      language: 'en',
      caption: 'The whole Earth in black space, blue and white, with Africa at the top.',
    },
    { image: 'earth.jpg', language: 'zh', caption: '黑色太空中的地球，蓝色和白色，上面是非洲。' },
  ],
  places: [
    { image: 'rocket.jpg', label: 'the rocket', box: [152, 64, 171, 205] },
    { image: 'earth.jpg', label: 'Madagascar', box: [171, 135, 184, 158] },
  ],
}

/** A model of 1.3 million parameters: two layers on either side, pictures of 112 pixels in 16 tokens. */
async function smallConfig(): Promise<object> {
  const config = JSON.parse(await readFile(join(root, 'recipes/small/config.json'), 'utf8'))
  return { ...config, num_hidden_layers: 2, intermediate_size: 512, visual: { ...config.visual, layers: 2 } }
}

/** All parameters learn from nothing. The vision tower learns more slowly: else it ends up seeing the same everywhere. */
const full = {
  stage: 2,
  model: { config: 'config.json', tokenizer: 'qwen.tiktoken', vision: 'random', adapter: 'random', language: 'random' },
  train: { rates: { vision: 0.3 } },
  data: [
    { pairs: 'first-captions.jsonl', weight: 6 },
    { boxes: 'first-boxes.jsonl', weight: 4 },
    // The words of the second lesson without its pictures: an adapter does not train the rows of single tokens.
    { text: 'words.txt', weight: 2 },
  ],
  batch: 12,
  steps: 110,
}

/** An adapter learns the second lesson beside the model of the first. */
const lora = {
  model: { from: 'runs/full/model' },
  lora: { rank: 32, alpha: 64, dropout: 0, targets: 'all-linear' },
  data: [
    { pairs: 'second-captions.jsonl', weight: 4 },
    { boxes: 'second-boxes.jsonl', weight: 2 },
  ],
  batch: 6,
  steps: 60,
}

const recipes = {
  full,
  lora,
  // The linear layers of the base are rounded to 4 bits while the adapter learns beside them.
  qlora: { ...lora, precision: { frozen: 'int4' } },
  // The base is a checkpoint of 4-bit integers.
  'qlora-int4': { ...lora, model: { from: 'int4' }, precision: { frozen: 'int4' } },
  // All parameters but those of the vision tower learn the second lesson, from the model of the first.
  further: { ...lora, lora: undefined, stage: 3, optimiser: { learningRate: 1e-3 } },
} as const

export type RecipeName = keyof typeof recipes

const lines = (rows: readonly object[]) => `${rows.map(row => JSON.stringify(row)).join('\n')}\n`

/** Writes pictures, data and recipes into a folder. */
export async function writeLessons(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, { captions, places }] of Object.entries({ first, second })) {
    for (const { image } of captions) await cp(join(root, 'examples/training', image), join(folder, image))
    await writeFile(join(folder, `${name}-captions.jsonl`), lines(captions))
    const boxes = places.map(({ image, ...place }) => ({ image, boxes: [place] }))
    await writeFile(join(folder, `${name}-boxes.jsonl`), lines(boxes))
  }
  await cp(join(root, 'recipes/small/qwen.tiktoken'), join(folder, 'qwen.tiktoken'))
  await writeFile(join(folder, 'config.json'), JSON.stringify(await smallConfig()))
  await writeFile(join(folder, 'words.txt'), words())
  for (const [name, recipe] of Object.entries(recipes)) {
    const plain = {
      name,
      sequence: 64,
      packing: 'none',
      optimiser: { learningRate: 3e-3, beta2: 0.95, epsilon: 1e-8, decay: 0 },
      schedule: { shape: 'cosine', warmup: 10, floor: 1e-5 },
      checkpoints: { every: 1000, keep: 1 },
    }
    const optimiser = { ...plain.optimiser, ...('optimiser' in recipe ? recipe.optimiser : {}) }
    await writeFile(join(folder, `${name}.yaml`), JSON.stringify({ ...plain, ...recipe, optimiser })) // JSON is YAML too
  }
}

/** The sentences of the second lesson, each once as the first of two and once as the second. */
function words(): string {
  const of = (wanted: string) =>
    second.captions.filter(({ language }) => language === wanted).map(({ caption }) => caption)
  return ['en', 'zh']
    .flatMap(language => {
      const [one, other] = of(language)
      return [`${one} ${other}`, `${other} ${one}`]
    })
    .join('\n\n')
}

/** Trains by a recipe of `writeLessons`. Gives the seconds it took. */
export async function teach(command: Command, name: RecipeName): Promise<number> {
  const begun = performance.now()
  await command('train', `${name}.yaml`, '--json')
  return (performance.now() - begun) / 1000
}

/** How much of a lesson is known: answers that are exactly as taught, and the others. */
export interface Recall {
  readonly right: number
  readonly asked: number
  readonly wrong: readonly string[]
}

/** Asks for all of a lesson; `options` say whom: `--model`, `--adapter`, `--weights`. */
export async function recall(
  command: Command,
  folder: string,
  { captions, places }: Lesson,
  ...options: string[]
): Promise<Recall> {
  const asked: { readonly what: string; readonly taught: string; readonly args: readonly string[] }[] = []
  for (const { image, language, caption } of captions) {
    asked.push({ what: `${image} in ${language}`, taught: caption, args: ['caption', image, '--language', language] })
  }
  for (const { image, label, box } of places) {
    const { width, height } = await sharp(join(folder, image)).metadata()
    const [left, top, right, bottom] = box
    const units = toUnits({ left, top, right, bottom }, { width, height })
    asked.push({
      what: `${image}: ${label}`,
      taught: writeBoxes([units], label),
      args: ['locate', image, label],
    })
  }
  const wrong: string[] = []
  await eachOf(asked, async ({ what, taught, args }) => {
    const answer = JSON.parse(await command(...args, '--greedy', '--json', ...options)) as Answer
    const boxes = answer.boxes.map(({ label, raw: [x1, y1, x2, y2] }) => writeBoxes([{ x1, y1, x2, y2 }], label))
    const said = args[0] === 'caption' ? answer.text : boxes.join('')
    if (said !== taught || answer.finishReason !== 'stop') wrong.push(`${what}: ${said} instead of ${taught}`)
  })
  return { right: asked.length - wrong.length, asked: asked.length, wrong }
}

interface Answer {
  readonly text: string
  readonly boxes: readonly { readonly label: string; readonly raw: readonly [number, number, number, number] }[]
  readonly finishReason: string
}

/** Two at a time: a command that answers briefly spends most of its time on one core. */
async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item; item = left.shift()) await work(item)
  }
  await Promise.all([worker(), worker()])
}
