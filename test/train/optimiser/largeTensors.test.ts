/**
 * Tensors that are too large for a memory, and stand by themselves: whatever is done with them gives the bits that it
 * gives in one memory. Small memories make small tensors too large.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ARENA_BYTES, planArenas } from '../../../src/train/optimiser/arenaPlan.ts'
import { PIECE } from '../../../src/train/optimiser/loops.ts'
import type { Optimiser } from '../../../src/train/optimiser/optimiser.ts'
import { singleProcess } from '../../../src/train/parallel/processes.ts'
import { fillGradients, optimiserOf, train, trained } from './numbers.ts'
import { newFolder, saveAll, together, trainTogether } from './together.ts'

/** Its share goes through staging in several pieces, also of three processes, and the last is not a whole one. */
const large = { name: 'large', shape: [5, PIECE - 7], rate: 0.5, decays: true }
const parameters = [...trained.slice(0, 2), large, ...trained.slice(2)]

/** Memories of so many bytes hold some tensors, or none. */
const memories = { 'some in memories': 150_000, 'none in a memory': 1 }
const kinds = Object.entries(memories)

const inOneMemory = (changes = {}) => optimiserOf(parameters, changes)
const inMemories = (bytes: number, changes = {}) => optimiserOf(parameters, changes, singleProcess, bytes)

/** A hash of all parameters: comparing the numbers one by one takes the test runner seconds. */
const parametersOf = ({ parameters }: Optimiser): string => {
  const hash = createHash('sha256')
  for (const { data } of Object.values(parameters)) hash.update(data)
  return hash.digest('hex')
}

/** A hash of the only file of a process's state. */
const stateOf = async (optimiser: Optimiser): Promise<string> => {
  const folder = await newFolder()
  const file = await readFile(join(folder, await optimiser.saveState(folder)))
  return createHash('sha256').update(file).digest('hex')
}

test.each([1, 2, 3])('the memories tried here hold some of the tensors, or none (%i processes)', size => {
  const tensors = parameters.map(({ name, shape }) => ({ name, length: shape.reduce((a, b) => a * b) }))
  const held = Object.values(memories).map(bytes => planArenas(tensors, size, bytes).map(plan => plan.inOneMemory))
  expect(held).toEqual([[true, false, true], parameters.map(() => false)])
  expect(planArenas(tensors, size).map(plan => plan.inOneMemory)).toEqual([true])
})

describe.each(kinds)('%s', (_, bytes) => {
  test.each([
    ['clipped', { clip: 1 }],
    ['not clipped', { clip: 0 }],
  ])('norms, parameters and moments, %s', async (_, changes) => {
    const [whole, apart] = [inOneMemory(changes), inMemories(bytes, changes)]
    expect(await train(apart, 0, 4)).toEqual(await train(whole, 0, 4))
    expect(parametersOf(apart)).toEqual(parametersOf(whole))
    expect(await stateOf(apart)).toEqual(await stateOf(whole))
  })

  test('accumulation, in several steps', async () => {
    const [whole, apart] = [inOneMemory(), inMemories(bytes)]
    for (let step = 0; step < 2; step++) {
      for (const optimiser of [whole, apart]) {
        for (let part = 0; part < 3; part++) {
          fillGradients(optimiser, 10 * step + part)
          optimiser.accumulate()
        }
      }
      expect(await apart.step(1e-2)).toEqual(await whole.step(1e-2))
    }
    expect(parametersOf(apart)).toEqual(parametersOf(whole))
  })

  test('moments that fade away, over the steps at which they are set to zero', async () => {
    const fast = { beta1: 0.2, beta2: 0.3 }
    const all = [inOneMemory(fast), inMemories(bytes, fast)]
    for (const optimiser of all) {
      await train(optimiser, 0, 1)
      optimiser.clear()
      for (let step = 1; step < 65; step++) await optimiser.step(1e-3)
    }
    const [whole, apart] = all as [Optimiser, Optimiser]
    expect(await stateOf(apart)).toEqual(await stateOf(whole))
    expect(parametersOf(apart)).toEqual(parametersOf(whole))
  })

  test('a gradient of NaN, which changes nothing', async () => {
    const apart = inMemories(bytes)
    const before = parametersOf(apart)
    apart.gradients['d.large']!.data[4 * PIECE] = Number.NaN
    expect(await apart.step(1e-2)).toEqual({ norm: Number.NaN, clipped: false, applied: false })
    expect(parametersOf(apart)).toEqual(before)
  })

  test.each([2, 3])('%i processes', async size => {
    const [alone, all] = [inOneMemory(), together(size, parameters, bytes)]
    const norms = await train(alone, 0, 3)
    expect(await trainTogether(all, 0, 3)).toEqual(norms.map(norm => Array(size).fill(norm)))
    for (const optimiser of all) expect(parametersOf(optimiser)).toEqual(parametersOf(alone))
  })
})

describe('a state goes from one kind to the other', () => {
  test.each([
    [1, ARENA_BYTES, 1, 1],
    [1, 1, 1, ARENA_BYTES],
    [2, ARENA_BYTES, 3, 150_000],
    [3, 150_000, 2, ARENA_BYTES],
    [2, 1, 1, 150_000],
  ])('%i processes with memories of %s bytes, then %i with %s', async (before, bytesBefore, after, bytesAfter) => {
    const undisturbed = inOneMemory()
    await train(undisturbed, 0, 4)
    const first = together(before, parameters, bytesBefore)
    await trainTogether(first, 0, 2)
    const folder = await newFolder()
    await saveAll(first, folder)
    const later = together(after, parameters, bytesAfter)
    for (const optimiser of later) {
      for (const [name, { data }] of Object.entries(first[0]!.parameters)) optimiser.parameters[name]!.data.set(data)
    }
    await Promise.all(later.map(optimiser => optimiser.loadState(folder)))
    await trainTogether(later, 2, 4)
    for (const optimiser of later) expect(parametersOf(optimiser)).toEqual(parametersOf(undisturbed))
  })
})

test('each large tensor is one array of its own, of parameters and of gradients', () => {
  const apart = inMemories(150_000)
  const arrays = [apart.parameters['large']!.data, apart.gradients['d.large']!.data]
  expect(new Set(arrays.map(({ buffer }) => buffer)).size).toBe(2)
  for (const { length, byteOffset } of arrays) expect([length, byteOffset]).toEqual([5 * (PIECE - 7), 0])
})
