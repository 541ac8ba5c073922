/** Pictures that were seen are not seen again, and memory stays within its budget. */
import { expect, test } from 'vitest'
import { FeatureCache } from '../../src/generate/features.ts'

const features = (value: number) => new Float32Array(256).fill(value) // 1 KiB

test('a picture is seen once, also when two ask for it at the same time', async () => {
  const cache = new FeatureCache()
  let seen = 0
  const see = async () => features(++seen)
  const both = await Promise.all([cache.get('a', see), cache.get('a', see)])
  await cache.get('a', see)
  expect(seen).toBe(1)
  expect(both[0]).toBe(both[1])
  expect([cache.hits, cache.misses]).toEqual([2, 1])
})

test('the picture that was not used for longest goes first when memory is full', async () => {
  const cache = new FeatureCache(2 * 1024)
  const seen: string[] = []
  const get = (key: string) =>
    cache.get(key, async () => {
      seen.push(key)
      return features(1)
    })
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await get(key)
  expect(seen).toEqual(['a', 'b', 'c', 'b'])
})

test('a picture that could not be seen is tried again', async () => {
  const cache = new FeatureCache()
  await expect(cache.get('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await cache.get('a', async () => features(7))).toEqual(features(7))
})
