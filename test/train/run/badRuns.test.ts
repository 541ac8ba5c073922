/** A run that is bad says why, where and what to do, in one line, and keeps what was good. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Ended, ended, run, start, testFolder, written } from '../../cli/process.ts'
import {
  bytesOf,
  endOf,
  eventsOf,
  namesIn,
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
const lastLine = ({ stderr }: Ended) => stderr.trim().split('\n').at(-1)!

/** Runs a recipe that is to fail, and gives its only complaint. */
async function complaintOf(name: string, keys: RecipeKeys, args: readonly string[] = []): Promise<string> {
  const over = await trainBy({ folder }, name, keys, args)
  expect(over.status, over.stderr).toBe(1)
  expect(over.stderr.match(/^qwen-vl: /gm)).toHaveLength(1)
  return lastLine(over).slice('qwen-vl: '.length)
}

beforeAll(async () => {
  await prepare(folder)
  await writeFile(join(folder, 'broken.jpg'), readFileSync(join(pictures, 'cat.jpg')).subarray(0, 3000))
  const rows = ['cat.jpg', 'moon.jpg'].map(name => [join(pictures, name), 'It is a thing.'] as const)
  await writeCaptions(join(folder, 'broken.jsonl'), [...rows, [join(folder, 'broken.jpg'), 'It is broken.']])
})

describe('numbers that are none', () => {
  test('a learning rate that is far too high: step and samples are named, and the checkpoint before is whole', async () => {
    const keys = {
      optimiser: { learningRate: 1e30 },
      checkpoints: { every: 1 },
      steps: 5,
      schedule: { shape: 'constant' },
    }
    const message = await complaintOf('overflow', keys)
    expect(message).toMatch(/^step 2: the loss of samples "captions.jsonl:\d", "captions.jsonl:\d" is not a number\. /)
    expect(message).toMatch(/lower the learning rate/)
    expect(namesIn(join(at('overflow'), 'checkpoints'))).toEqual(['step-000001'])
    expect(namesIn(at('overflow'))).not.toContain('model')
    expect(endOf(at('overflow'))).toMatchObject({ reason: 'failed', step: 1, message })
  })

  test('parameters that an update has ruined are not kept', async () => {
    const keys = { optimiser: { learningRate: 1e39, epsilon: 1e-30 }, checkpoints: { every: 1 }, steps: 2 }
    expect(await complaintOf('ruined', keys)).toMatch(/^step 1: \S+ is not finite after the update, so no checkpoint/)
    expect(namesIn(join(at('ruined'), 'checkpoints'))).toEqual([])
  })
})

test('what is trained has no part in the loss: it warns, and ends after three steps', async () => {
  const keys = { stage: 1, data: [{ text: 'texts.txt' }], steps: 9 }
  expect(await complaintOf('blind', keys)).toMatch(/^steps 1 to 3: the gradient is zero: nothing that is trained has a/)
  const warnings = eventsOf(at('blind')).filter(({ type }) => type === 'warning')
  expect(warnings).toMatchObject([{ step: 1, message: /^step 1: the gradient is zero/ }, { step: 2 }].map(warned))
})

const warned = ({ step }: { step: number }) => ({ step, message: expect.stringContaining('the gradient is zero') })

describe('samples that cannot be used', () => {
  test('none is left: it ends before the first step, and names some', async () => {
    const message = await complaintOf('none', { sequence: 32 })
    expect(message).toMatch(
      /captions.jsonl: all of its first \d+ samples cannot be used\. captions.jsonl:\d: \d+ tokens/,
    )
  })

  test('one broken picture is told and counted each time, and the run ends well', async () => {
    const keys = { data: [{ pairs: 'broken.jsonl' }], batch: 1, steps: 4 }
    const { status, stderr } = await trainBy({ folder }, 'grey', keys)
    expect(status, stderr).toBe(0)
    expect(stderr).toMatch(/left out broken.jsonl:3: .*broken.jpg is damaged or cut off: 3000 bytes of jpeg/)
    const refused = eventsOf(at('grey')).filter(event => event.type === 'refused')
    expect(refused.map(({ count }) => count)).toEqual(refused.map((_, i) => i + 1))
    expect(refused.length).toBeGreaterThan(0)
    // A step of which nothing is left is none: the others have a loss.
    expect([...stepsOf(at('grey')).keys()]).toEqual([1, 2, 3, 4])
    expect([...stepsOf(at('grey')).values()].every(({ loss }) => loss > 0)).toBe(true)
  })

  test('under strict, the first one ends the run and is named', async () => {
    const keys = { data: [{ pairs: 'broken.jsonl' }], batch: 1, steps: 4, strict: true }
    expect(await complaintOf('strict', keys)).toMatch(/^broken.jsonl:3: .*broken.jpg is damaged or cut off/)
  })

  test('an evaluation without anything to evaluate says so', async () => {
    await writeCaptions(join(folder, 'long.jsonl'), [[join(pictures, 'cat.jpg'), 'A cat. '.repeat(20)]])
    const evaluation = { data: [{ pairs: 'long.jsonl' }], every: 1, samples: 4 }
    await writeCaptions(join(folder, 'short.jsonl'), [[join(pictures, 'cat.jpg'), 'A cat.']])
    const keys = { data: [{ pairs: 'short.jsonl' }], sequence: 64, evaluation, batch: 1, steps: 2 }
    expect(await complaintOf('unevaluated', keys)).toMatch(/long.jsonl: its only sample cannot be used/)
  })
})

describe('what a run needs is not there', () => {
  test.for([
    ['a key that is none', { optimizer: {} }, /^\S+\.yaml:1:\d+: .*optimizer.* optimiser/],
    ['data', { data: [{ pairs: 'nowhere.jsonl' }] }, /nowhere\.jsonl/],
    ['a model', { model: { from: 'elsewhere' } }, /there is no folder .*elsewhere/],
  ] as const)('%s: it says so, and makes no folder', async ([what, keys, message]) => {
    const name = what.replaceAll(' ', '-')
    expect(await complaintOf(name, keys)).toMatch(message)
    expect(namesIn(at(name))).toEqual([])
  })
})

describe('a folder that has a run already', () => {
  beforeAll(async () => {
    expect((await trainBy({ folder }, 'first', {})).status).toBe(0)
  })

  test('of another recipe: refused with what differs, and left as it is', async () => {
    const before = bytesOf(at('first'))
    const message = await complaintOf('first', { batch: 4, seed: 7 })
    expect(message).toMatch(
      /first holds step 4 of another recipe: batch was 2 and is 4; seed was 1 and is 7\. Use --out/,
    )
    expect(bytesOf(at('first'))).toEqual(before)
  })

  test('--fresh begins anew, once it is known that it can', async () => {
    const before = bytesOf(at('first'))
    const missing = await complaintOf('first', { data: [{ pairs: 'nowhere.jsonl' }] }, ['--fresh'])
    expect(missing).toMatch(/nowhere\.jsonl/)
    expect(bytesOf(at('first'))).toEqual(before)

    const over = await trainBy({ folder }, 'first', { seed: 7 }, ['--fresh'])
    expect(over.status, over.stderr).toBe(0)
    expect(eventsOf(at('first')).filter(({ type }) => type === 'start')).toMatchObject([{ from: 0 }])
    expect(bytesOf(at('first'))['model/model.safetensors']).not.toBe(before['model/model.safetensors'])
  })

  test('more passes over the data are asked for: the run becomes longer', async () => {
    const keys = { steps: undefined, schedule: { shape: 'constant' } }
    expect((await trainBy({ folder }, 'longer', { ...keys, epochs: 1 })).status).toBe(0)
    const { status, stderr } = await trainBy({ folder }, 'longer', { ...keys, epochs: 2 })
    expect(status, stderr).toBe(0)
    expect((await trainBy({ folder }, 'long', { ...keys, epochs: 2 })).status).toBe(0)
    expect(stepsOf(at('longer'))).toEqual(stepsOf(at('long')))
  })
})

describe('a run that is under way', () => {
  test('a second one in its folder is refused; Ctrl-C ends it with a checkpoint, and it goes on', async () => {
    const keys = { steps: 2000, checkpoints: { every: 2000 } }
    const recipe = await writeRecipe(folder, 'busy', keys)
    const child = start(['train', recipe], { folder })
    const over = ended(child)
    await written(child, /step 1\/2,000/)
    expect(await complaintOf('busy', keys)).toMatch(
      /^another process \(\S+ \d+\) is training in .*busy: wait for it, or/,
    )
    expect(namesIn(at('busy'))).toContain('run.lock')

    child.kill('SIGINT')
    const { status, stderr } = await over
    expect(status, stderr).toBe(130)
    const { step, reason } = endOf(at('busy'))!
    expect(reason).toBe('cancelled')
    expect(lastLine({ stderr } as Ended)).toBe(
      `qwen-vl: cancelled at step ${step}: the same command goes on from there`,
    )
    expect(namesIn(join(at('busy'), 'checkpoints'))).toEqual([`step-${String(step).padStart(6, '0')}`])
    expect(namesIn(at('busy'))).not.toContain('run.lock')

    const again = start(['train', recipe], { folder })
    const stopped = ended(again)
    await written(again, /step [\d,]+\/2,000/)
    again.kill('SIGTERM')
    expect((await stopped).status).toBe(143)
    expect(eventsOf(at('busy')).findLast(({ type }) => type === 'start')).toMatchObject({ from: step })
  })
})

describe('--self-test', () => {
  const selfTest = async (name: string, keys: RecipeKeys) =>
    run(['train', await writeRecipe(folder, name, keys), '--self-test'], { folder })

  test('a recipe that learns passes, and leaves no run behind', async () => {
    const { status, stdout, stderr } = await selfTest('learns', {})
    expect(status, stderr).toBe(0)
    expect(stdout).toMatch(/^it learns: \d+\.\d% of the loss is gone after 12 steps$/m)
    expect(namesIn(at('learns'))).toEqual(['features'])
  })

  test('one that does not move fails, and says what may be wrong', async () => {
    const { status, stdout } = await selfTest('still', { optimiser: { learningRate: 1e-12 } })
    expect(status).toBe(1)
    expect(stdout).toMatch(/^only 0\.0% of the loss is gone after 12 steps: the learning rate is too low/m)
  })
})

test('steps beyond the data end with the data, and the last one is saved', async () => {
  const keys = { epochs: 1, steps: undefined, batch: 4, checkpoints: { every: 100 } }
  const { status, stderr } = await trainBy({ folder }, 'rest', keys)
  expect(status, stderr).toBe(0)
  // Six samples: the second step has two of them.
  expect(eventsOf(at('rest')).flatMap(event => (event.type === 'step' ? [event.samples] : []))).toEqual([4, 2])
  expect(namesIn(join(at('rest'), 'checkpoints'))).toEqual(['step-000002'])
})
