/**
 * Tokenizers for tests: the published vocabulary from its fixture, and the byte vocabulary of the smallest models. Knows
 * nothing of what is tested.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { byteVocabulary, openTokenizer, specialTokensByName, type Tokenizer } from '../../src/text/node.ts'

const fixture = (name: string) => readFileSync(new URL(`../fixtures/text/${name}`, import.meta.url))

export const publishedFile = (): Uint8Array => gunzipSync(fixture('qwen.tiktoken.gz'))

export const readJson = <Value>(name: string): Value => JSON.parse(fixture(name).toString('utf8')) as Value

export const openPublished = (): Promise<Tokenizer> => openTokenizer(publishedFile())

/** The ids of the smallest reference models: 256 bytes, 16 ids that no token has, then the special tokens. */
export const smallestIds = {
  endoftext: 272,
  im_start: 273,
  im_end: 274,
  ref: 275,
  ref_end: 276,
  box: 277,
  box_end: 278,
  quad: 279,
  quad_end: 280,
  img: 281,
  img_end: 282,
  imgpad: 283,
}

/** The tokenizer of the smallest reference models: token b is the byte b, a picture has 16 slots. */
export const openSmallest = (): Promise<Tokenizer> =>
  openTokenizer(byteVocabulary(), { imageTokens: 16, specialTokens: specialTokensByName(smallestIds) })
