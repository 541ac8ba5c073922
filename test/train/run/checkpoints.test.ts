/** Which checkpoints are kept, and what can be done with one. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { run, testFolder } from '../../cli/process.ts'
import { eventsOf, namesIn, pictures, prepare } from './tinyRun.ts'
import { trainBy } from './trainBy.ts'

const folder = testFolder()
const checkpoints = join(folder, 'runs/kept/checkpoints')
const nameOf = (step: number) => `step-${String(step).padStart(6, '0')}`

beforeAll(async () => {
  await prepare(folder)
  // Stage 1: the language model is frozen. The rate rises until the model is worse than it was.
  const { status, stderr } = await trainBy({ folder }, 'kept', {
    stage: 1,
    steps: 10,
    optimiser: { learningRate: 300 },
    schedule: { shape: 'constant', warmup: 10 },
    checkpoints: { every: 1, keep: 2, keepEvery: 4 },
    evaluation: { data: [{ pairs: 'captions.jsonl' }], every: 1, samples: 6 },
  })
  expect(status, stderr).toBe(0)
})

test('the last ones, every so many-th and the best one are kept', () => {
  const evaluations = eventsOf(join(folder, 'runs/kept')).filter(event => event.type === 'evaluation')
  const best = evaluations.reduce((least, event) => (event.loss < least.loss ? event : least))
  expect([4, 8, 9, 10], 'a best one that is kept for another reason shows nothing').not.toContain(best.step)
  expect(namesIn(checkpoints)).toEqual([best.step, 4, 8, 9, 10].sort((a, b) => a - b).map(nameOf))
  expect(evaluations.findLast(event => event.best)?.step).toBe(best.step)
})

test('frozen weights are on the disk once, whatever the number of checkpoints', () => {
  const [first, ...others] = namesIn(checkpoints).map(name =>
    statSync(join(checkpoints, name, 'model-00002-of-00002.safetensors')),
  )
  expect(others.map(({ ino }) => ino)).toEqual(others.map(() => first!.ino))
  // Five checkpoints, and the file that they share.
  expect(first!.nlink).toBe(6)
})

test('a checkpoint can be asked', async () => {
  const words = [
    'caption',
    join(pictures, 'cat.jpg'),
    '--model',
    join(checkpoints, nameOf(10)),
    '--max-new-tokens',
    '3',
  ]
  const { status, stderr } = await run(words, { folder })
  expect(status, stderr).toBe(0)
})
