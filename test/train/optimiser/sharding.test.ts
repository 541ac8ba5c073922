/** Several processes: together they do what one does. */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tensorFromMemory, writeSafetensors } from '../../../src/checkpoint/index.ts'
import { fillGradients, optimiserOf, train, trained, valuesOf } from './numbers.ts'
import { processesInMemory } from './processesInMemory.ts'
import { newFolder, saveAll, together, trainTogether } from './together.ts'

test.each([2, 3, 5])('%i processes come to the bits of one', async size => {
  const [alone, all] = [optimiserOf(), together(size)]
  const norms = await train(alone, 0, 4)
  expect(await trainTogether(all, 0, 4)).toEqual(norms.map(norm => Array(size).fill(norm)))
  for (const optimiser of all) expect(valuesOf(optimiser)).toEqual(valuesOf(alone))
})

test.each([1, 2])('%i processes with several pieces of memory come to the bits of one piece', async size => {
  const alone = optimiserOf()
  const all = processesInMemory(size).map(processes => optimiserOf(trained, {}, processes, 90_000))
  const buffers = new Set(Object.values(all[0]!.parameters).map(({ data }) => data.buffer))
  expect(buffers.size).toBeGreaterThan(1)
  const norms = await train(alone, 0, 3)
  expect(await trainTogether(all, 0, 3)).toEqual(norms.map(norm => Array(size).fill(norm)))
  for (const optimiser of all) expect(valuesOf(optimiser)).toEqual(valuesOf(alone))
})

test('more processes than there is to share: some have nothing to do, and all have the result', async () => {
  const small = [{ name: 'x', shape: [5], rate: 1, decays: true }]
  const all = processesInMemory(3).map(processes => optimiserOf(small, {}, processes))
  const alone = optimiserOf(small)
  await train(alone, 0, 2)
  await trainTogether(all, 0, 2)
  for (const optimiser of all) expect(valuesOf(optimiser)).toEqual(valuesOf(alone))
  const folder = await newFolder()
  await saveAll(all, folder)
  const later = optimiserOf(small)
  await later.loadState(folder)
  expect(later.steps).toBe(2)
})

test('NaN on one process changes nothing on any', async () => {
  const all = together(2)
  for (const optimiser of all) fillGradients(optimiser, 1)
  all[1]!.gradients['d.scalar']!.data[0] = Number.NaN
  const before = valuesOf(all[0]!)
  const steps = await Promise.all(all.map(optimiser => optimiser.step(1e-2)))
  for (const step of steps) expect(step).toEqual({ norm: Number.NaN, clipped: false, applied: false })
  for (const optimiser of all) expect(valuesOf(optimiser)).toEqual(before)
})

test('a process that has nothing to compute clears its gradients', async () => {
  const [alone, all] = [optimiserOf(), together(2)]
  await trainTogether(all, 0, 1)
  await train(alone, 0, 2)
  fillGradients(all[0]!, 1)
  all[1]!.clear()
  await Promise.all(all.map(optimiser => optimiser.step(1e-2)))
  expect(valuesOf(all[1]!)).toEqual(valuesOf(alone))
})

describe('a run that was resumed is the run that was not interrupted, bit for bit', () => {
  test.each([
    [1, 1],
    [2, 1],
    [2, 3],
    [3, 2],
    [1, 2],
  ])('saved by %i processes, loaded by %i', async (before, after) => {
    const undisturbed = optimiserOf()
    await train(undisturbed, 0, 5)
    const folder = await newFolder()
    const first = together(before)
    await trainTogether(first, 0, 3)
    const files = await saveAll(first, folder)
    expect((await readdir(folder)).sort()).toEqual(files.sort())
    const later = together(after)
    for (const optimiser of later) {
      for (const [name, { data }] of Object.entries(first[0]!.parameters)) optimiser.parameters[name]!.data.set(data)
    }
    await Promise.all(later.map(optimiser => optimiser.loadState(folder)))
    expect(later.map(({ steps }) => steps)).toEqual(Array(after).fill(3))
    await trainTogether(later, 3, 5)
    for (const optimiser of later) expect(valuesOf(optimiser)).toEqual(valuesOf(undisturbed))
  })
})

describe('a state that does not fit is refused', () => {
  const saved = async (size = 2) => {
    const folder = await newFolder()
    const all = together(size)
    await trainTogether(all, 0, 2)
    await saveAll(all, folder)
    return folder
  }
  const refusal = (folder: string, optimiser = optimiserOf()) =>
    optimiser.loadState(folder).then(
      () => 'loaded',
      (error: Error) => `${error.name}: ${error.message}`,
    )

  test('no folder, or nothing in it', async () => {
    const folder = await newFolder()
    const absent = join(folder, 'absent')
    expect(await refusal(absent)).toBe(`CheckpointError: ${absent} cannot be read: there is no such folder`)
    expect(await refusal(folder)).toBe(
      `CheckpointError: ${folder} holds no state of an optimiser: there is no optimiser-00001-of-00001.safetensors`,
    )
  })

  test('a file is missing', async () => {
    const folder = await saved()
    await rm(join(folder, 'optimiser-00002-of-00002.safetensors'))
    expect(await refusal(folder)).toMatch(/1 of the 2 files .* are missing: optimiser-00002-of-00002\.safetensors\./)
  })

  test('a file is cut short', async () => {
    const folder = await saved()
    await truncate(join(folder, 'optimiser-00001-of-00002.safetensors'), 10_000)
    expect(await refusal(folder)).toMatch(/^FormatError: .*optimiser-00001-of-00002.*cut short/)
  })

  test('files of two sets', async () => {
    const folder = await saved()
    await optimiserOf().saveState(folder)
    expect(await refusal(folder)).toMatch(/holds states of 1 and of 2 processes/)
  })

  test('files of two checkpoints', async () => {
    const [folder, other] = [await saved(), await newFolder()]
    const later = together(2)
    await trainTogether(later, 0, 1)
    await saveAll(later, other)
    const file = 'optimiser-00002-of-00002.safetensors'
    await writeFile(join(folder, file), await readFile(join(other, file)))
    expect(await refusal(folder)).toMatch(/00001-of-00002\S* was written after 2 steps, and \S*00002\S* after 1/)
  })

  test('another program wrote it', async () => {
    const folder = await newFolder()
    const file = join(folder, 'optimiser-00001-of-00001.safetensors')
    await writeSafetensors(file, [tensorFromMemory('x', 'float32', [1], new Float32Array(1))])
    expect(await refusal(folder)).toMatch(/no state of an optimiser that this version can read/)
  })

  test('other parameters were trained', async () => {
    const folder = await saved()
    expect(await refusal(folder, optimiserOf(trained.slice(1)))).toMatch(/it has moments of "table"\. Resume with/)
    const more = [...trained, { name: 'new', shape: [3], rate: 1, decays: true }]
    expect(await refusal(folder, optimiserOf(more))).toMatch(/it has no moments for "new"\. Resume with/)
  })

  test('a parameter had another size', async () => {
    const folder = await saved()
    const larger = trained.map(each => (each.name === 'scalar' ? { ...each, shape: [2] } : each))
    expect(await refusal(folder, optimiserOf(larger))).toMatch(
      /"scalar", which has 2 numbers: it has the moments of numbers 0 to 1/,
    )
  })

  test('a part of a parameter is there twice', async () => {
    const folder = await newFolder()
    const tensors = [0, 2].flatMap(at =>
      ['first', 'second'].map(which => tensorFromMemory(`${which}.x@${at}`, 'float32', [3], new Float32Array(3))),
    )
    const metadata = { kind: 'qwen-vl optimiser', version: '1', steps: '2' }
    await writeSafetensors(join(folder, 'optimiser-00001-of-00001.safetensors'), tensors, { metadata })
    const optimiser = optimiserOf([{ name: 'x', shape: [5], rate: 1, decays: true }])
    expect(await refusal(folder, optimiser)).toMatch(/numbers 0 to 3, 2 to 5/)
  })

  test('it was cancelled', async () => {
    const folder = await saved()
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(optimiserOf().loadState(folder, { signal })).rejects.toThrow('enough')
    await expect(optimiserOf().saveState(folder, { signal })).rejects.toThrow('enough')
    expect((await readdir(folder)).length).toBe(2)
  })
})
