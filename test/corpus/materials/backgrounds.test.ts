import { expect, test } from 'vitest'
import { attributionText } from '../../../src/corpus/materials/attribution.ts'
import { Backgrounds, sideOf } from '../../../src/corpus/materials/backgrounds.ts'
import { materialPackages } from '../../../src/corpus/materials/packages.ts'
import { viewOf } from '../../../src/corpus/materials/panorama.ts'

const backgrounds = new Backgrounds('nowhere', [])

test('a background is on one side for ever, and all views of a place are on the same', () => {
  expect(backgrounds.of('unseen').filter(name => name.endsWith('.0'))).toEqual(['forest.0', 'hall.0'])
  for (const name of backgrounds.of('seen')) expect(sideOf(name.replace(/\d$/, '7'))).toBe('seen')
  const names = Array.from({ length: 4000 }, (_, each) => `picture-${each}`)
  const unseen = names.filter(name => sideOf(name) === 'unseen').length
  expect(Math.abs(unseen / names.length - 1 / 8)).toBeLessThan(0.02)
})

test('a view of a place is the same each time, and unlike the next', async () => {
  const first = await backgrounds.get('park.0')
  expect([first.width, first.height]).toEqual([400, 300])
  const again = await new Backgrounds('nowhere', []).get('park.0')
  expect(Buffer.from(again.data).equals(Buffer.from(first.data))).toBe(true)
  const other = await backgrounds.get('park.1')
  expect(Buffer.from(other.data).equals(Buffer.from(first.data))).toBe(false)
  await expect(backgrounds.get('moon')).rejects.toThrow('there is no background "moon"')
})

test('a camera in a panorama sees what lies in its direction', () => {
  // Each pixel says where it is: red to the right, green downwards.
  const [width, height] = [360, 180]
  const data = new Uint8ClampedArray(width * height * 4)
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set([(pixel % width) / 2, Math.floor(pixel / width), 0, 255], pixel * 4)
  }
  const centre = (turn: number, tilt: number) => {
    const { data: seen } = viewOf({ width, height, data }, { turn, tilt, angle: 90 }, 41, 41)
    return [...seen.subarray((20 * 41 + 20) * 4, (20 * 41 + 20) * 4 + 2)]
  }
  for (const [turn, tilt] of [
    [0, 0],
    [90, 0],
    [-90, 30],
    [45, -60],
  ] as const) {
    const [red, green] = centre(turn, tilt) as [number, number]
    expect(Math.abs(red - (180 + turn) / 2)).toBeLessThanOrEqual(1)
    expect(Math.abs(green - (90 - tilt))).toBeLessThanOrEqual(1)
  }
  const wide = viewOf({ width, height, data }, { turn: 0, tilt: 0, angle: 90 }, 41, 41).data
  expect(Math.abs((wide[20 * 41 * 4] as number) - (180 - 45) / 2)).toBeLessThanOrEqual(2)
})

test('every package is pinned by its bytes and says under what licence it is, and the attribution names them all', () => {
  const text = attributionText()
  for (const { name, version, integrity, licence, copyright, files } of materialPackages) {
    expect(integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/)
    expect(['MIT', 'Apache-2.0', 'CC-BY-4.0', 'CC0-1.0', 'OFL-1.1']).toContain(licence)
    expect(copyright.length).toBeGreaterThan(10)
    expect(files.length).toBeGreaterThan(0)
    expect(text).toContain(`- ${name} ${version}, ${licence}. ${copyright}`)
  }
})

test('both sides have fonts of different styles for both languages', () => {
  const fonts = materialPackages.filter(each => each.use === 'fonts')
  const styles = (unseen: boolean, language: 'en' | 'zh') => {
    const of = fonts.filter(each => (each.unseen ?? false) === unseen && each.languages.includes(language))
    return { count: of.length, styles: new Set(of.map(({ style }) => style)).size }
  }
  expect(styles(false, 'en')).toEqual({ count: expect.any(Number), styles: 5 })
  expect(styles(true, 'en').count).toBeGreaterThanOrEqual(5)
  expect(styles(true, 'en').styles).toBe(5)
  expect(styles(false, 'zh').count).toBeGreaterThanOrEqual(6)
  expect(styles(true, 'zh').count).toBeGreaterThanOrEqual(1)
})
