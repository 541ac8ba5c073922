import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Materials } from '../../../src/corpus/materials/materials.ts'
import { openSceneMaker, type SceneRecord } from '../../../src/corpus/scenes/makeScenes.ts'
import { sceneRecipeSchema } from '../../../src/corpus/scenes/recipe.ts'
import type { MadeSample } from '../../../src/corpus/shards/maker.ts'
import { familyOf } from '../../../src/corpus/wording/index.ts'
import { materials } from './madeUp.ts'

const small = { picture: { width: [120, 180], height: [120, 180] } }

async function make(recipe: object, count: number): Promise<MadeSample[]> {
  const maker = openSceneMaker(sceneRecipeSchema.parse({ ...small, ...recipe }), materials)
  const samples = []
  for (let index = 0; index < count; index++) samples.push(await maker.make(index))
  return samples
}

const recordOf = ({ record }: MadeSample) => record as SceneRecord
const textOf = ({ turns }: MadeSample) => JSON.stringify(turns)
const bytesOf = ({ pictures }: MadeSample) =>
  pictures.map(({ data }) => createHash('sha256').update(data).digest('hex')).join()

describe('a maker of scenes', () => {
  it('gives the same sample for the same index, in any order', async () => {
    const recipe = sceneRecipeSchema.parse({ ...small, seed: 5 })
    const forward = await make({ seed: 5 }, 6)
    const maker = openSceneMaker(recipe, materials)
    for (const index of [5, 2, 0]) {
      const again = await maker.make(index)
      expect(textOf(again)).toBe(textOf(forward[index]!))
      expect(bytesOf(again)).toBe(bytesOf(forward[index]!))
    }
    expect(new Set(forward.map(bytesOf)).size).toBe(6)
  })

  it('makes other samples from another seed', async () => {
    const [one] = await make({ seed: 1 }, 1)
    const [other] = await make({ seed: 2 }, 1)
    expect(bytesOf(one!)).not.toBe(bytesOf(other!))
  })

  it('never shows in training what is held out', async () => {
    const shown = (samples: readonly MadeSample[]) =>
      samples.map(sample =>
        JSON.stringify(recordOf(sample).scenes.map(({ background, objects }) => [background, objects])),
      )
    const training = new Set(shown(await make({}, 20)))
    for (const scene of shown(await make({ split: 'held-out' }, 8))) expect(training.has(scene)).toBe(false)
  })

  it('asks for each task in each language in turn', async () => {
    const tasks = { count: 1, locate: 5, read: 1 }
    const samples = await make({ order: 'in-turn', tasks }, 12)
    const asked = samples.map(({ task, language }) => `${task} ${language}`)
    expect(new Set(asked.slice(0, 6)).size).toBe(6)
    expect(asked.slice(6)).toEqual(asked.slice(0, 6))
  })

  it('puts together what is of one family in texts to go on with', async () => {
    const samples = await make({ exchanges: [2, 4], tasks: { locate: 1, colour: 1, count: 1, name: 1 } }, 12)
    for (const { task, turns } of samples) {
      expect(['grounding', 'vqa']).toContain(task)
      const given = turns.filter(({ role }) => role === 'user').map(({ parts }) => JSON.stringify(parts))
      for (const text of given) expect(text.includes('<ref>')).toBe(task === 'grounding')
    }
    expect(samples.some(({ turns }) => turns.length > 2)).toBe(true)
    expect(familyOf('colour')).toBe('vqa')
  })

  it('shows two pictures for a pair, and says how they differ where they do in one thing', async () => {
    const samples = await make({ tasks: { pair: 1 }, format: 'chatml' }, 8)
    for (const sample of samples) {
      expect(sample.pictures).toHaveLength(2)
      expect(recordOf(sample).scenes).toHaveLength(2)
      expect(sample.turns[0]!.parts.slice(0, 2)).toEqual([{ picture: 0 }, { picture: 1 }])
    }
    expect(samples.some(sample => recordOf(sample).change !== undefined)).toBe(true)
    expect(samples.some(sample => recordOf(sample).change === undefined)).toBe(true)
  })

  it('shows one thing alone where the recipe has no more', async () => {
    const samples = await make({ tasks: { caption: 1 }, objects: { 1: 1 } }, 8)
    expect(samples.map(sample => recordOf(sample).scenes[0]!.objects.length)).toEqual(Array(8).fill(1))
  })

  it('carries the right answers, the given one first', async () => {
    for (const { references, turns } of await make({ tasks: { colour: 1, count: 1 } }, 6)) {
      const [{ text }] = turns.at(-1)!.parts as [{ text: string }]
      expect(text.trim()).toBe(references![0])
    }
  })

  it('says which task a recipe cannot have, and what to do', async () => {
    const none = { ...materials, kinds: materials.kinds.slice(0, 1) }
    const recipe = sceneRecipeSchema.parse(small)
    await expect(openSceneMaker(recipe, none).make(0)).rejects.toThrow(/two kinds of things or more/)
    const air: Materials = {
      ...materials,
      kinds: materials.kinds.slice(0, 4),
      sprite: async () => ({ width: 9, height: 9, data: new Uint8ClampedArray(324) }),
    }
    const asked = sceneRecipeSchema.parse({ ...small, tasks: { count: 1 }, languages: { en: 1 } })
    await expect(openSceneMaker(asked, air).make(3)).rejects.toThrow(/sample 3 asks for "count" in English.*larger/)
  })
})

describe('a recipe of scenes', () => {
  it('is refused with what it may be', () => {
    expect(() => sceneRecipeSchema.parse({ painted: 2 })).toThrow(/a number from 0 to 1/)
    expect(() => sceneRecipeSchema.parse({ tasks: { juggle: 1 } })).toThrow(/juggle/)
    expect(() => sceneRecipeSchema.parse({ objects: { 1: 0 } })).toThrow(/above 0/)
  })
})
