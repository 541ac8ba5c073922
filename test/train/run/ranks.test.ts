/** Several processes train as one does, and one of them that dies ends the job, which then goes on. */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, type TestContext, test } from 'vitest'
import { openCheckpoint } from '../../../src/checkpoint/folder.ts'
import { environmentOf, nodeArguments, testFolder } from '../../cli/process.ts'
import { needs } from '../../requirements.ts'
import { environment } from '../parallel/job.ts'
import {
  bytesOf,
  endOf,
  eventsOf,
  lossesOf,
  pictures,
  prepare,
  type RecipeKeys,
  stepsOf,
  writeCaptions,
  writeRecipe,
} from './tinyRun.ts'
import { trainBy } from './trainBy.ts'

const folder = testFolder()
const at = (name: string) => join(folder, 'runs', name)

const keys: RecipeKeys = {
  stage: 2,
  packing: 'mixed',
  data: [{ pairs: 'captions.jsonl' }, { text: 'texts.txt' }],
  batch: 4,
  accumulation: 2,
  steps: 6,
  evaluation: { data: [{ pairs: 'captions.jsonl' }], every: 3, samples: 4, keepBest: false },
}

beforeAll(() => prepare(folder))

interface Job {
  readonly status: number | null
  readonly stderr: string
}

/** Runs a recipe by two processes, as a person does with mpirun. `onStep` is called once, when a step has been told. */
async function together(
  context: TestContext,
  name: string,
  recipe: RecipeKeys,
  onStep?: { readonly step: number; readonly call: (mpirun: ChildProcess) => void },
): Promise<Job> {
  const mpirun = needs(context, 'mpirun')
  const file = await writeRecipe(folder, name, recipe)
  const words = ['-n', '2', '--bind-to', 'none', process.execPath, ...nodeArguments(), 'train', file]
  const env = { ...environmentOf({ folder }), ...environment() }
  const child = spawn(mpirun, words, { cwd: folder, env })
  let stderr = ''
  let isCalled = false
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (!onStep || isCalled || !stderr.includes(`step ${onStep.step}/`)) return
    isCalled = true
    onStep.call(child)
  })
  child.stdout.resume()
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', status => resolve({ status, stderr }))
  })
}

/** Linux: the processes that a process has started. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)

/** The largest difference of any number of two models. */
async function farthest(one: string, other: string): Promise<number> {
  await using a = await openCheckpoint(one)
  await using b = await openCheckpoint(other)
  let most = 0
  for (const { name } of a.tensors) {
    const [x, y] = [await a.get(name).readAs('float32'), await b.get(name).readAs('float32')]
    for (let i = 0; i < x.length; i++) most = Math.max(most, Math.abs(x[i]! - y[i]!))
  }
  return most
}

function expectClose(found: readonly number[], wanted: readonly number[]) {
  expect(found).toHaveLength(wanted.length)
  for (const [i, loss] of wanted.entries()) expect(Math.abs(found[i]! - loss)).toBeLessThan(1e-5 * loss)
}

test('two processes give the losses and parameters of one', async context => {
  const job = await together(context, 'two', keys)
  expect(job.status, job.stderr).toBe(0)
  const alone = await trainBy({ folder }, 'one', keys)
  expect(alone.status, alone.stderr).toBe(0)

  expect(eventsOf(at('two'))[0]).toMatchObject({ type: 'start', processes: 2 })
  expectClose(lossesOf(at('two')), lossesOf(at('one')))
  const evaluations = (name: string) =>
    eventsOf(at(name)).flatMap(event => (event.type === 'evaluation' ? [event.loss] : []))
  expectClose(evaluations('two'), evaluations('one'))
  // Six steps of at most 1e-3 each; AdamW makes much of small differences between small gradients.
  expect(await farthest(join(at('two'), 'model'), join(at('one'), 'model'))).toBeLessThan(1e-5)
})

test('a process that is killed ends the job; it goes on by the same command, or with one process', async context => {
  const kill = (mpirun: ChildProcess) => process.kill(childrenOf(mpirun.pid!).at(-1)!, 'SIGKILL')
  const job = await together(context, 'broken', keys, { step: 3, call: kill })
  expect(job.status).not.toBe(0)
  expect(stepsOf(at('broken')).size).toBeLessThan(6)
  cpSync(at('broken'), at('alone'), { recursive: true })

  const again = await together(context, 'broken', keys)
  expect(again.status, again.stderr).toBe(0)
  expect(eventsOf(at('broken')).filter(({ type }) => type === 'start')).toHaveLength(2)
  expect(stepsOf(at('broken'))).toEqual(stepsOf(at('two')))
  expect(bytesOf(join(at('broken'), 'model'))).toEqual(bytesOf(join(at('two'), 'model')))

  const alone = await trainBy({ folder }, 'alone', keys)
  expect(alone.status, alone.stderr).toBe(0)
  expect(eventsOf(at('alone')).findLast(({ type }) => type === 'start')).toMatchObject({ processes: 1, from: 2 })
  expectClose(lossesOf(at('alone')), lossesOf(at('two')))
})

test('a broken picture is told and counted, whichever process opens it', async context => {
  await writeFile(join(folder, 'broken.jpg'), readFileSync(join(pictures, 'cat.jpg')).subarray(0, 3000))
  const rows = ['moon.jpg', 'cat.jpg', 'coffee.jpg'].map(name => [join(pictures, name), 'It is a thing.'] as const)
  await writeCaptions(join(folder, 'some.jsonl'), [...rows, [join(folder, 'broken.jpg'), 'It is broken.']])
  const recipe = { ...keys, data: [{ pairs: 'some.jsonl' }], packing: 'none', accumulation: 1, steps: 3 }
  const job = await together(context, 'grey', { ...recipe, evaluation: undefined })
  expect(job.status, job.stderr).toBe(0)
  const refused = eventsOf(at('grey')).filter(({ type }) => type === 'refused')
  expect(refused).toHaveLength(3)
  expect(refused.at(-1)).toMatchObject({ sample: 'some.jsonl:4', count: 3 })
})

test('what one process cannot do ends all of them, with its reason', async context => {
  const job = await together(context, 'odd', { ...keys, batch: 6 })
  expect(job.status).not.toBe(0)
  expect(job.stderr).toMatch(/batch is 6: it has to be a multiple of 2 parts × 2 processes = 4/)
  expect(() => endOf(at('odd'))).toThrow(/ENOENT/)
})
