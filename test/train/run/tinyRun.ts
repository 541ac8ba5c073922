/**
 * Runs of `qwen-vl train` small enough for tests: a model of one layer each, pictures with captions, and a recipe that a
 * test changes where it has to. Reads what a run has left, and judges nothing.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EndEvent, StepEvent, TrainingEvent } from '../../../src/train/events.ts'
import { root } from '../../checkout.ts'
import { writeTinyModel } from '../../tinyModel.ts'

export const pictures = join(root, 'examples/training')

/** What a recipe says, key by key; a test replaces or removes (undefined) what it is about. */
export type RecipeKeys = Readonly<Record<string, unknown>>

/** Six captions: of each picture what a person could say of it. Two of them are short. */
const captions = [
  ['cat.jpg', 'A cat looks at us.'],
  ['coffee.jpg', 'A cup of coffee.'],
  ['moon.jpg', 'The moon.'],
  ['rocket.jpg', 'A rocket stands by its tower.'],
  ['boats.jpg', 'Boats at the shore.'],
  ['coins.jpg', 'Old coins lie in rows.'],
] as const

const questions = [
  ['cat.jpg', 'Which animal is this?', 'It is a cat.'],
  ['moon.jpg', 'What is this?', 'The moon.'],
  ['coffee.jpg', 'What colour is the saucer?', 'The saucer is red.'],
] as const

/** Makes a folder that holds the model (`model`), `captions.jsonl`, `questions.json` and `texts.txt`. */
export async function prepare(folder: string): Promise<void> {
  await writeTinyModel(join(folder, 'model'), { layers: 1 })
  await mkdir(join(folder, 'runs'), { recursive: true })
  await writeCaptions(
    join(folder, 'captions.jsonl'),
    captions.map(([picture, caption]) => [join(pictures, picture), caption]),
  )
  const conversations = questions.map(([picture, question, answer], i) => ({
    id: `question-${i}`,
    conversations: [
      { from: 'user', value: `Picture 1: <img>${join(pictures, picture)}</img>\n${question}` },
      { from: 'assistant', value: answer },
    ],
  }))
  await writeFile(join(folder, 'questions.json'), JSON.stringify(conversations))
  await writeFile(join(folder, 'texts.txt'), 'The cat sat on the mat.\n\nA dog barks.\n\nIt rains again.\n')
}

export async function writeCaptions(path: string, rows: readonly (readonly [string, string])[]): Promise<void> {
  const lines = rows.map(([image, caption]) => JSON.stringify({ image, caption }))
  await writeFile(path, `${lines.join('\n')}\n`)
}

/** Stage 3: the vision tower is frozen, so what it makes of pictures is kept. */
const plain: RecipeKeys = {
  stage: 3,
  model: { from: 'model' },
  sequence: 128,
  packing: 'none',
  data: [{ pairs: 'captions.jsonl' }],
  batch: 2,
  steps: 4,
  optimiser: { learningRate: 1e-3 },
  checkpoints: { every: 2 },
}

/** Writes a recipe, and gives its file's name. JSON is YAML too. */
export async function writeRecipe(folder: string, name: string, keys: RecipeKeys = {}): Promise<string> {
  await writeFile(join(folder, `${name}.yaml`), JSON.stringify({ name, ...plain, ...keys }))
  return `${name}.yaml`
}

/** The events of a run, in the order in which they were written. */
export function eventsOf(path: string): TrainingEvent[] {
  const lines = readFileSync(join(path, 'events.jsonl'), 'utf8').split('\n')
  return lines.filter(line => line !== '').map(line => JSON.parse(line))
}

export const endOf = (path: string): EndEvent | undefined =>
  eventsOf(path).findLast((event): event is EndEvent => event.type === 'end')

/** Step → what it told of the model. Of a step that came twice the later one counts. */
export function stepsOf(
  path: string,
): Map<number, Pick<StepEvent, 'loss' | 'tasks' | 'gradientNorm' | 'learningRate'>> {
  const steps = eventsOf(path).filter((event): event is StepEvent => event.type === 'step')
  return new Map(
    steps.map(({ step, loss, tasks, gradientNorm, learningRate }) => [
      step,
      { loss, tasks, gradientNorm, learningRate },
    ]),
  )
}

export const lossesOf = (path: string): number[] =>
  [...stepsOf(path)].sort(([one], [other]) => one - other).map(([, { loss }]) => loss)

/** Every file at and under a path, with the SHA-256 of its bytes. */
export function bytesOf(path: string): Record<string, string> {
  if (!existsSync(path)) return {}
  const entries = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    entries
      .filter(name => statSync(join(path, name)).isFile())
      .map(name => [
        name,
        createHash('sha256')
          .update(readFileSync(join(path, name)))
          .digest('hex'),
      ]),
  )
}

/** The names in a folder; none where there is no folder. */
export const namesIn = (path: string): string[] => (existsSync(path) ? readdirSync(path).sort() : [])
