import { expect, test } from 'vitest'
import { kinds } from '../../../src/corpus/materials/kinds.ts'
import { chineseCharacters, chineseWords, englishWords } from '../../../src/corpus/materials/words.ts'

test('there are 2,000 English words of 2 to 10 small letters, each once', () => {
  expect(englishWords.length).toBeGreaterThanOrEqual(2000)
  expect(new Set(englishWords).size).toBe(englishWords.length)
  expect(englishWords.filter(word => !/^[a-z]{2,10}$/.test(word))).toEqual([])
})

test('there are 1,000 Chinese characters, each once, and the words are written with them', () => {
  expect(chineseCharacters.length).toBeGreaterThanOrEqual(1000)
  expect(new Set(chineseCharacters).size).toBe(chineseCharacters.length)
  expect(chineseCharacters.filter(character => !/^\p{Script=Han}$/u.test(character))).toEqual([])
  expect(chineseWords.length).toBeGreaterThanOrEqual(500)
  expect(chineseWords.filter(word => word.length < 2 || word.length > 4)).toEqual([])
  const known = new Set(chineseCharacters)
  expect([...chineseWords.join('')].filter(character => !known.has(character))).toEqual([])
})

test('all words are simplified: no character exists in GB 2312 only as another form', () => {
  // The two-byte codes of GB 2312, rows 16 to 87.
  const decoder = new TextDecoder('gb2312')
  const simplified = new Set<string>()
  for (let high = 0xb0; high <= 0xf7; high++) {
    for (let low = 0xa1; low <= 0xfe; low++) simplified.add(decoder.decode(Uint8Array.of(high, low)))
  }
  const used = [...chineseCharacters, ...kinds.flatMap(({ zh }) => [...zh.name.replaceAll(/\w/g, '')])]
  expect(used.filter(character => !simplified.has(character))).toEqual([])
})

test('neither words nor names offend', () => {
  expect(englishWords.filter(word => /^(kill|murder|rape|naz|shit|fuck|sex|slut|whor|bitch)/.test(word))).toEqual([])
})
