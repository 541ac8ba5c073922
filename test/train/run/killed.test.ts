/** A run that was killed goes on as if nothing had happened: the same losses and the same files, bit for bit. */
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openCheckpoint } from '../../../src/checkpoint/folder.ts'
import { ended, start, testFolder, written } from '../../cli/process.ts'
import { bytesOf, endOf, eventsOf, namesIn, prepare, type RecipeKeys, stepsOf, writeRecipe } from './tinyRun.ts'
import { trainBy } from './trainBy.ts'

const folder = testFolder()
const at = (name: string) => join(folder, 'runs', name)
const preload = [join(import.meta.dirname, 'endedAt.mjs')]
const killing = (path: string, count: number) => ({
  folder,
  preload,
  environment: { END_BY: 'kill', END_AT: path, END_COUNT: `${count}` },
})

/** All that a resumed run could get wrong: dropout, accumulation, packed rows of several sources, evaluations. */
const adapter: RecipeKeys = {
  stage: undefined,
  lora: { rank: 4, dropout: 0.1, targets: ['c_attn', 'w1'] },
  packing: 'same-task',
  data: [{ pairs: 'captions.jsonl', weight: 2 }, { conversations: 'questions.json' }],
  batch: 4,
  accumulation: 2,
  steps: 7,
  checkpoints: { every: 2, keep: 2 },
  evaluation: { data: [{ pairs: 'captions.jsonl' }], every: 3, samples: 4 },
}

beforeAll(async () => {
  await prepare(folder)
  const { status, stderr } = await trainBy({ folder }, 'undisturbed', adapter)
  expect(status, stderr).toBe(0)
})

test('killed while it computes, while it saves and while it finishes, a run ends as if it had not been', async () => {
  const name = 'killed'
  const recipe = await writeRecipe(folder, name, adapter)

  const first = start(['train', recipe], { folder })
  const over = ended(first)
  await written(first, /step 3\/7/)
  first.kill('SIGKILL')
  expect((await over).signal).toBe('SIGKILL')

  // The moments of step 4 are on their way.
  const second = await trainBy(killing('step-000004.partial/training/optimiser', 2), name, adapter)
  expect(second.signal, second.stderr).toBe('SIGKILL')
  expect(namesIn(join(at(name), 'checkpoints'))).toEqual(['step-000002', 'step-000003', 'step-000004.partial'])

  const third = await trainBy(killing('adapter.partial.tmp', 3), name, adapter)
  expect(third.signal, third.stderr).toBe('SIGKILL')
  expect(namesIn(at(name)).filter(file => file.includes('adapter'))).toEqual([
    expect.stringContaining('.adapter.partial.tmp-'),
    'adapter.partial',
  ])

  const last = await trainBy({ folder }, name, adapter)
  expect(last.status, last.stderr).toBe(0)
  expect(eventsOf(at(name)).flatMap(event => (event.type === 'start' ? [event.from] : []))).toEqual([0, 2, 3, 7])
  expect(stepsOf(at(name))).toEqual(stepsOf(at('undisturbed')))
  expect(evaluationsOf(name)).toEqual(evaluationsOf('undisturbed'))
  expect(bytesOf(join(at(name), 'adapter'))).toEqual(bytesOf(join(at('undisturbed'), 'adapter')))
  expect(namesIn(at(name))).toEqual(namesIn(at('undisturbed')))
  expect(namesIn(join(at(name), 'checkpoints'))).toEqual(namesIn(join(at('undisturbed'), 'checkpoints')))
})

/** Step → loss; later ones count. */
const evaluationsOf = (name: string) =>
  new Map(eventsOf(at(name)).flatMap(event => (event.type === 'evaluation' ? [[event.step, event.loss]] : [])))

describe('in stage 3', () => {
  const keys: RecipeKeys = { epochs: 2, steps: undefined, data: [{ pairs: 'captions.jsonl', limit: 4 }], seed: 3 }

  test('features of pictures come from the disk in the second pass, and after a kill, and change no bit', async () => {
    expect((await trainBy({ folder }, 'kept', keys)).status).toBe(0)
    const features = join(at('kept'), 'features')
    expect(Object.keys(bytesOf(features))).toHaveLength(4)

    const killed = await trainBy(killing('step-000002.partial/training/optimiser', 1), 'forgotten', keys)
    expect(killed.signal, killed.stderr).toBe('SIGKILL')
    rmSync(join(at('forgotten'), 'features'), { recursive: true })
    expect((await trainBy({ folder }, 'forgotten', keys)).status).toBe(0)
    expect(stepsOf(at('forgotten'))).toEqual(stepsOf(at('kept')))
    expect(bytesOf(join(at('forgotten'), 'model'))).toEqual(bytesOf(join(at('kept'), 'model')))
  })

  test('what is on the disk is what is learnt from: other features there give other losses', async () => {
    const [from, to] = [join(at('kept'), 'features'), join(at('borrowed'), 'features')]
    for (const name of Object.keys(bytesOf(from))) {
      mkdirSync(join(to, name, '..'), { recursive: true })
      writeFileSync(join(to, name), new Uint8Array(statSync(join(from, name)).size))
    }
    expect((await trainBy({ folder }, 'borrowed', keys)).status).toBe(0)
    expect(stepsOf(at('borrowed')).get(1)).not.toEqual(stepsOf(at('kept')).get(1))
  })

  test('a kill while the frozen weights are written leaves none of them behind', async () => {
    const killed = await trainBy(killing('frozen.safetensors', 2), 'frozen', keys)
    expect(killed.signal, killed.stderr).toBe('SIGKILL')
    expect(namesIn(at('frozen')).filter(name => name.startsWith('frozen.safetensors.tmp-'))).toHaveLength(1)
    expect((await trainBy({ folder }, 'frozen', keys)).status).toBe(0)
    expect(namesIn(at('frozen')).filter(name => name.includes('tmp-'))).toEqual([])
    expect(bytesOf(join(at('frozen'), 'model'))).toEqual(bytesOf(join(at('kept'), 'model')))
  })

  test('frozen weights of a run that came to no checkpoint are not taken for those of the next', async () => {
    const killed = await trainBy(killing('step-000002.partial/model-00001', 1), 'mixed', keys)
    expect(killed.signal, killed.stderr).toBe('SIGKILL')
    expect(namesIn(at('mixed'))).toContain('frozen.safetensors')
    const other: RecipeKeys = { ...keys, train: { freeze: ['*ln_f*'] } }
    expect((await trainBy({ folder }, 'mixed', other)).status).toBe(0)
    await using checkpoint = await openCheckpoint(join(at('mixed'), 'checkpoints/step-000004'))
    expect(checkpoint.has('transformer.ln_f.weight')).toBe(true)
    expect(await checkpoint.get('transformer.ln_f.weight').readAs('float32')).toEqual(new Float32Array(128).fill(1))
  })
})

test('a finished run that is started again changes nothing', async () => {
  const before = bytesOf(join(at('undisturbed'), 'adapter'))
  const again = await trainBy({ folder }, 'undisturbed', adapter)
  expect(again.status, again.stderr).toBe(0)
  expect(bytesOf(join(at('undisturbed'), 'adapter'))).toEqual(before)
  expect(endOf(at('undisturbed'))).toMatchObject({ reason: 'finished', step: 7 })
})
