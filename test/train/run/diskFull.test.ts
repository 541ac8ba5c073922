/** A disk that fills up while a run saves: what was saved stays whole, and with room again the run goes on. */
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { testFolder } from '../../cli/process.ts'
import { bytesOf, endOf, eventsOf, namesIn, prepare, type RecipeKeys, stepsOf } from './tinyRun.ts'
import { trainBy } from './trainBy.ts'

const folder = testFolder()
const at = (name: string) => join(folder, 'runs', name)
const preload = [join(import.meta.dirname, 'endedAt.mjs')]
const keys: RecipeKeys = { steps: 5 }

beforeAll(async () => {
  await prepare(folder)
  expect((await trainBy({ folder }, 'undisturbed', keys)).status).toBe(0)
})

/** Runs with a disk that is full from an operation on, and gives what was said last. */
async function withFullDisk(name: string, path: string, count: number): Promise<string> {
  const environment = { END_BY: 'full', END_AT: path, END_COUNT: `${count}` }
  const { status, stderr } = await trainBy({ folder, preload, environment }, name, keys)
  expect(status, stderr).toBe(1)
  const lines = stderr.trim().split('\n')
  expect(lines.filter(line => line.startsWith('qwen-vl: '))).toEqual([lines.at(-1)])
  return lines.at(-1)!
}

async function goesOn(name: string, from: number) {
  const { status, stderr } = await trainBy({ folder }, name, keys)
  expect(status, stderr).toBe(0)
  expect(eventsOf(at(name)).findLast(({ type }) => type === 'start')).toMatchObject({ from })
  expect(stepsOf(at(name))).toEqual(stepsOf(at('undisturbed')))
  expect(bytesOf(join(at(name), 'model'))).toEqual(bytesOf(join(at('undisturbed'), 'model')))
  expect(namesIn(at(name))).toEqual(namesIn(at('undisturbed')))
}

test('full while a checkpoint or the model is written: what was there before stays, and later the run goes on', async () => {
  const saved = () => namesIn(join(at('run'), 'checkpoints'))
  for (const [file, count] of [
    ['model-00001', 2],
    ['training/optimiser', 2],
    ['training/state.json', 1],
  ] as const) {
    const message = await withFullDisk('run', `step-000004.partial/${file}`, count)
    expect(message, file).toMatch(/^qwen-vl: the disk was full before \S.* was written: free some space, or /)
    expect(saved(), file).toEqual(['step-000002'])
    expect(endOf(at('run'))).toMatchObject({ reason: 'failed', step: 4, message: message.slice('qwen-vl: '.length) })
  }
  const message = await withFullDisk('run', 'model.partial', 2)
  expect(message).toMatch(/^qwen-vl: the disk was full before model.safetensors \(1.3 MB\) was written/)
  expect(saved()).toEqual(['step-000002', 'step-000004', 'step-000005'])
  expect(namesIn(at('run')).filter(name => name.startsWith('model'))).toEqual([])
  await goesOn('run', 5)
})

test('full at the features of a picture: it is said, and no half of them is taken later', async () => {
  const message = await withFullDisk('features', 'features/.*\\.f32', 3)
  expect(message).toMatch(/the disk is full: free some space/)
  await goesOn('features', 0)
})
