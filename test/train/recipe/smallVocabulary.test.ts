/** The vocabulary of the small recipes: a part of the published one that works as a whole. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openTokenizer, parseVocabulary, type Vocabulary } from '../../../src/text/node.ts'
import { read, root } from '../../checkout.ts'
import { openPublished, publishedFile } from '../../text/vocabulary.ts'

const small = parseVocabulary(readFileSync(`${root}/recipes/small/qwen.tiktoken`))
const published = parseVocabulary(publishedFile())
const latin = (vocabulary: Vocabulary, rank: number) => Buffer.from(vocabulary.bytes(rank)!).toString('latin1')
const tokensOf = (vocabulary: Vocabulary) =>
  Array.from({ length: vocabulary.size }, (_, rank) => latin(vocabulary, rank))

test('its 2,048 tokens are tokens of the published one, in the same order', () => {
  const tokens = tokensOf(small)
  expect(tokens).toHaveLength(2048)
  const kept = new Set(tokens)
  expect(tokensOf(published).filter(token => kept.has(token))).toEqual(tokens)
})

test('each token can be reached by merging: it is encoded as itself', async () => {
  using tokenizer = await openTokenizer(small)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let whole = 0
  for (let rank = 0; rank < small.size; rank++) {
    let text: string
    try {
      text = decoder.decode(small.bytes(rank))
    } catch {
      continue // a part of a character
    }
    if (text.normalize('NFC') !== text) continue
    expect(tokenizer.encode(text), JSON.stringify(text)).toEqual([rank])
    whole++
  }
  expect(whole).toBeGreaterThan(1800)
})

test('it encodes the texts of the examples as the published one does, and any other text as well', async () => {
  using large = await openPublished()
  using tokenizer = await openTokenizer(small)
  const text = read('examples/training/texts.txt')
  expect(tokenizer.encode(text)).toHaveLength(large.encode(text).length)
  const other = 'Zebras, 斑马 and naïve 🦓: 12.5%'
  expect(tokenizer.decode(tokenizer.encode(other))).toBe(other)
})
