import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fetchMaterials } from '../../../src/corpus/materials/fetchPackages.ts'
import { packageFolder } from '../../../src/corpus/materials/folder.ts'
import { HeldRasters } from '../../../src/corpus/materials/heldRasters.ts'
import type { Kind } from '../../../src/corpus/materials/kind.ts'
import { Looks } from '../../../src/corpus/materials/looks.ts'
import type { LooksPackage } from '../../../src/corpus/materials/packages.ts'
import { downloadOf, emptyFolder, iconPackage } from './packages.ts'

const kind = (id: string, ...emoji: string[]): Kind => ({
  id,
  en: { name: id, plural: `${id}s`, article: 'a' },
  zh: { name: '物', measure: '个' },
  category: 'thing',
  emoji,
  anyColour: false,
})

async function fetched(): Promise<{ folder: string; packages: LooksPackage[] }> {
  const { wanted, archive } = await iconPackage()
  const folder = await fetchMaterials({ folder: emptyFolder(), packages: [wanted], ...downloadOf(archive) })
  return { folder, packages: [wanted as LooksPackage] }
}

test('a kind has a look in each style that draws one of its emoji, and a drawn shape has none', async () => {
  const { folder, packages } = await fetched()
  const looks = new Looks(folder, packages, [kind('car', '1f697', '1f698'), kind('apple', '1f34e'), kind('circle')])
  expect(looks.of('car')).toEqual([{ id: 'plain:1f697', style: 'plain' }])
  expect(looks.of('circle')).toEqual([])
  expect(looks.of('no such kind')).toEqual([])
})

test('a kind that nothing shows is refused, as is one whose looks are all excluded', async () => {
  const { folder, packages } = await fetched()
  expect(() => new Looks(folder, packages, [kind('pear', '1f350')])).toThrow(/no package shows the kind "pear"/)
  const excluded = new Set(['plain:1f34e'])
  expect(() => new Looks(folder, packages, [kind('apple', '1f34e')], excluded)).toThrow(/no package shows/)
})

test('a sprite is cut to what is visible, and is the same from the drawing and from what was kept of it', async () => {
  const { folder, packages } = await fetched()
  const open = () => new Looks(folder, packages, [])
  const [apple, car] = [await open().sprite('plain:1f34e'), await open().sprite('plain:1f697')]
  expect([apple.width, apple.height]).toEqual([128, 128])
  expect([car.width, car.height]).toEqual([256, 64])
  expect([...apple.data.subarray(0, 4)]).toEqual([255, 0, 0, 255])
  expect(existsSync(join(packageFolder(folder, packages[0]!), 'png', '1f34e.png'))).toBe(true)
  const { data } = await open().sprite('plain:1f34e')
  expect(Buffer.from(data).equals(Buffer.from(apple.data))).toBe(true)
  await expect(open().sprite('plain:1f350')).rejects.toThrow('there is no look "plain:1f350"')
})

test('pictures in memory stay within their bound, and the latest used ones stay', async () => {
  const loaded: string[] = []
  const rasters = new HeldRasters(100, name => {
    loaded.push(name)
    return Promise.resolve({ width: 2, height: 5, data: new Uint8ClampedArray(40) })
  })
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await rasters.get(name)
  expect(loaded).toEqual(['a', 'b', 'c', 'b'])
})

test('two who ask for a picture at once wait for the same one, and a failure is tried again', async () => {
  let times = 0
  const rasters = new HeldRasters(100, async () => {
    if (++times === 1) throw new Error('no')
    return { width: 1, height: 1, data: new Uint8ClampedArray(4) }
  })
  await expect(rasters.get('a')).rejects.toThrow('no')
  const [first, second] = await Promise.all([rasters.get('a'), rasters.get('a')])
  expect(first).toBe(second)
  expect(times).toBe(2)
})
