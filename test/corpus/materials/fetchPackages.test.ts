import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fetchMaterials } from '../../../src/corpus/materials/fetchPackages.ts'
import { materialsFolder, packageFolder } from '../../../src/corpus/materials/folder.ts'
import { openMaterials } from '../../../src/corpus/materials/openMaterials.ts'
import { unpack } from '../../../src/corpus/materials/unpack.ts'
import { archiveOf, downloadOf, emptyFolder, iconPackage } from './packages.ts'

test('a package is fetched once, and what was asked for is kept of it with its licence', async () => {
  const { wanted, archive } = await iconPackage()
  const { download, times } = downloadOf(archive)
  const said: string[] = []
  const options = { folder: emptyFolder(), packages: [wanted], download, onProgress: (text: string) => said.push(text) }
  for (let time = 0; time < 3; time++) expect(await fetchMaterials(options)).toBe(options.folder)
  expect(times()).toBe(1)
  expect(said).toEqual(['getting @made/icons@1.0.0 (1 of 1)'])
  expect(readdirSync(packageFolder(options.folder, wanted)).sort()).toEqual(['LICENSE', 'chars.json', 'svg'])
  expect(readdirSync(options.folder)).toHaveLength(1)
})

test('icons become one file for each character, without colours of skin', async () => {
  const { wanted, archive } = await iconPackage()
  const folder = await fetchMaterials({ folder: emptyFolder(), packages: [wanted], ...downloadOf(archive) })
  const svg = join(packageFolder(folder, wanted), 'svg')
  expect(readdirSync(svg).sort()).toEqual(['1f34e.svg', '1f697.svg'])
  expect(readFileSync(join(svg, '1f34e.svg'), 'utf8')).toContain('viewBox="0 0 32 32"')
})

test('two who fetch at once do not disturb each other', async () => {
  const { wanted, archive } = await iconPackage()
  const options = { folder: emptyFolder(), packages: [wanted], ...downloadOf(archive) }
  await Promise.all([fetchMaterials(options), fetchMaterials(options), fetchMaterials(options)])
  expect(readdirSync(options.folder)).toHaveLength(1)
})

test('an archive that is not the pinned one is refused, and nothing of it is kept', async () => {
  const { wanted, archive } = await iconPackage()
  writeFileSync(archive, Buffer.concat([readFileSync(archive), Buffer.from('x')]))
  const options = { folder: emptyFolder(), packages: [wanted], ...downloadOf(archive) }
  await expect(fetchMaterials(options)).rejects.toThrow(/@made\/icons@1\.0\.0 is not what it was/)
  expect(readdirSync(options.folder)).toEqual([])
})

test.each([
  'package/assets/../../../outside.txt',
  'package/assets//etc/outside.txt',
  'package/assets/a\\..\\outside.txt',
  'package/assets/C:outside.txt',
])('a member that would lie outside is refused: %s', async name => {
  const into = join(emptyFolder(), 'deep', 'content')
  const archive = await archiveOf({ 'package/assets/good.txt': 'good', [name]: 'bad' })
  await expect(unpack(archive, ['assets/'], into)).rejects.toThrow(/would lie outside its folder/)
  expect(existsSync(join(into, '../../outside.txt'))).toBe(false)
})

test('an archive that lacks a file, or is none, is refused in words', async () => {
  const archive = await archiveOf({ 'package/a.txt': 'a' })
  await expect(unpack(archive, ['a.txt', 'b.ttf'], emptyFolder())).rejects.toThrow(/lacks b\.ttf/)
  writeFileSync(archive, 'no archive')
  await expect(unpack(archive, ['a.txt'], emptyFolder())).rejects.toThrow(/cannot be unpacked/)
})

test('fetching that was cancelled keeps no half of a package', async () => {
  const { wanted, archive } = await iconPackage()
  const cancelled = new Error('cancelled')
  const controller = new AbortController()
  const options = { folder: emptyFolder(), packages: [wanted], signal: controller.signal, ...downloadOf(archive) }
  const { download } = options
  const halfway = {
    ...options,
    download: (...given: Parameters<typeof download>) => {
      controller.abort(cancelled)
      return download(...given)
    },
  }
  await expect(fetchMaterials(halfway)).rejects.toBe(cancelled)
  expect(readdirSync(options.folder)).toEqual([])
})

test('without a network, materials that were never fetched are refused with what to do', async () => {
  await expect(openMaterials({ folder: emptyFolder(), offline: true })).rejects.toThrow(
    /@lobehub\/fluent-emoji-3d@1\.1\.0 is not in .*: fetch the materials first, with qwen-vl corpus materials/,
  )
})

test('materials lie where the person says, else in the cache of the user', () => {
  expect(materialsFolder({ QWEN_VL_MATERIALS: '/data/materials' })).toBe('/data/materials')
  expect(materialsFolder({ XDG_CACHE_HOME: '/cache' })).toBe(join('/cache', 'qwen-vl', 'materials'))
  expect(materialsFolder({})).toMatch(/\.cache.qwen-vl.materials$/)
})
