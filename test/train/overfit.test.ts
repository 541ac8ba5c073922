/**
 * That training teaches: a model from nothing learns captions and boxes of real pictures by heart, an adapter teaches it
 * more, and the merged model knows what the two knew. By the command line, from the recipe to the answer.
 * `scripts/prove-learning.ts` does the same for the ways that take longer.
 */
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { run, testFolder } from '../cli/process.ts'
import { type Command, first, recall, second, teach, writeLessons } from './recall.ts'

const folder = testFolder()
const model = join('runs', 'full', 'model')
const adapter = join('runs', 'lora', 'adapter')

const command: Command = async (...args) => {
  const { status, stdout, stderr } = await run(args, { folder })
  if (status !== 0) throw new Error(`qwen-vl ${args.join(' ')}: ${stderr}`)
  return stdout
}

const known = (lesson: typeof first) => {
  const asked = lesson.captions.length + lesson.places.length
  return { right: asked, asked, wrong: [] }
}

beforeAll(async () => {
  await writeLessons(folder)
  await teach(command, 'full')
  await teach(command, 'lora')
}, 180_000)

test('a model that learnt from nothing says every caption and every box exactly as it was taught', async () => {
  expect(await recall(command, folder, first, '--model', model)).toEqual(known(first))
})

test('with the adapter that LoRA made it also says those of other pictures', async () => {
  expect(await recall(command, folder, second, '--model', model, '--adapter', adapter)).toEqual(known(second))
})

test('merged into the model, the adapter is still known', async () => {
  await command('merge', adapter, '--into', model, '--out', 'merged', '--no-compare')
  expect(await recall(command, folder, second, '--model', 'merged')).toEqual(known(second))
})
