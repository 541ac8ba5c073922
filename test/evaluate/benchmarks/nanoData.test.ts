/** Where the items of nano-bench come from. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type MakeItemsOptions, makeNanoItems, nanoFolder } from '../../../src/evaluate/benchmarks/nano/data.ts'
import { temporaryFolder } from '../../corpus/files.ts'

const folder = temporaryFolder()
const recipes = join(folder, 'recipes')
type Asked = Parameters<MakeItemsOptions['make']>[0]

beforeAll(() => {
  mkdirSync(recipes)
  for (const name of ['scenes.yaml', 'text-random.yaml', 'documents.yaml', 'README.md'])
    writeFileSync(join(recipes, name), '')
})

const writes = async ({ out }: Asked) => void mkdirSync(out, { recursive: true })

test('they lie where the environment says, else in the cache of the user', () => {
  expect(nanoFolder({ QWEN_VL_BENCH: '/data/bench' })).toBe('/data/bench')
  expect(nanoFolder({})).toMatch(/\.cache\/qwen-vl\/nano-bench$/)
})

test('each recipe makes the part of its name, by the maker that its name begins with', async () => {
  const asked: Asked[] = []
  const out = join(folder, 'made')
  const notes: string[] = []
  const make = (options: Asked) => writes(options).then(() => asked.push(options))
  await makeNanoItems(out, { recipes, make, onNote: note => notes.push(note) })
  expect(asked.map(({ kind }) => kind)).toEqual(['documents', 'scenes', 'text'])
  expect(readdirSync(out)).toEqual(['documents', 'scenes', 'text-random'])
  expect(notes[2]).toMatch(/^making the items of text-random, once/)
})

test('the folder appears when all parts are there, and a call that was ended is gone on with', async () => {
  const out = join(folder, 'ended')
  const asked: Asked[] = []
  const failing = async (options: Asked) => {
    asked.push(options)
    await writes(options)
    if (options.kind === 'scenes' && asked.length < 3) throw new Error('power cut')
  }
  const options = { recipes, make: failing, onNote: () => {} }
  await expect(makeNanoItems(out, options)).rejects.toThrow('power cut')
  expect(existsSync(out)).toBe(false)
  await makeNanoItems(out, options)
  expect(asked[3]!.out).toBe(asked[1]!.out)
  expect(existsSync(out)).toBe(true)
})

test('without recipes, or with one that no maker is for, it says what to do', async () => {
  const make = async () => {}
  const none = makeNanoItems(join(folder, 'x'), { recipes: join(folder, 'none'), make, onNote: () => {} })
  await expect(none).rejects.toThrow(/no recipes in .*none to make them by: name --data/)
  const odd = join(folder, 'odd')
  mkdirSync(odd)
  writeFileSync(join(odd, 'faces.yaml'), '')
  const unknown = makeNanoItems(join(folder, 'x'), { recipes: odd, make, onNote: () => {} })
  await expect(unknown).rejects.toThrow(/faces\.yaml must be called by what makes it: scenes, text, documents/)
})
