/** Ids → text, at once and as they come. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DecodeOptions } from '../../src/text/node.ts'
import { openPublished, openSmallest, readJson } from './vocabulary.ts'

const published = await openPublished()
const smallest = await openSmallest()
const texts = readJson<{ text: string }[]>('byte-pairs.json').map(({ text }) => text)

const specials = fc.constantFrom<NonNullable<DecodeOptions['specials']>>('all', 'markup', 'none')

describe('as they come', () => {
  test('the pieces, joined, are what decoding at once gives, for any ids', () => {
    const id = fc.oneof(
      fc.integer({ min: 0, max: 299 }),
      fc.constantFrom(...Object.values(smallest.ids)),
      fc.constant(smallest.ids.imgpad),
    )
    const span = fc
      .string()
      .map(name => smallest.imageSpan(new TextDecoder().decode(new TextEncoder().encode(name).slice(0, 8)), 99))
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            id.map(each => [each]),
            span,
          ),
        ),
        specials,
        (groups, specials) => {
          const ids = groups.flat()
          const decoder = smallest.decoder({ specials })
          const pieces = ids.map(each => decoder.push(each))
          expect(pieces.join('') + decoder.end()).toBe(smallest.decode(ids, { specials }))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('no piece ends in half a character', () => {
    for (const text of texts.filter(each => /[^\0-\x7f]/.test(each)).slice(0, 200)) {
      const decoder = published.decoder()
      const pieces = published.encode(text).map(id => decoder.push(id))
      expect(pieces.every(piece => !/[\ufffd\p{Surrogate}]/u.test(piece))).toBe(true)
      expect(pieces.join('') + decoder.end()).toBe(text.normalize('NFC'))
    }
  })

  test('a character of three tokens is shown with the third', () => {
    const decoder = smallest.decoder()
    expect([0xe4, 0xbd, 0xa0].map(byte => decoder.push(byte))).toEqual(['', '', '你'])
  })

  test('half a character at the end becomes U+FFFD', () => {
    const decoder = smallest.decoder()
    expect(decoder.push([104, 0xe4, 0xbd])).toBe('h')
    expect(decoder.end()).toBe('\ufffd')
  })
})

describe('pictures', () => {
  test('a span decodes to <img>name</img>', () => {
    const ids = [...published.encode('see '), ...published.imageSpan('a b/图.jpg')]
    expect(published.decode(ids)).toBe('see <img>a b/图.jpg</img>')
  })

  test('an <img> that a model writes and never closes costs nothing but itself', () => {
    const { img, imgEnd } = published.ids
    expect(published.decode([9707, img, 1879])).toBe('Hello<img> world')
    expect(published.decode([9707, img, 1879, imgEnd, 0])).toBe('Hello<img> world</img>!')
    expect(published.decode([9707, img, 1879], { specials: 'none' })).toBe('Hello world')
  })
})

describe('special tokens and ids that no token has', () => {
  const ids = [
    published.ids.imStart,
    published.ids.ref,
    9707,
    published.ids.refEnd,
    151850,
    151900,
    published.ids.endoftext,
  ]

  test.each([
    ['all', '<|im_start|><ref>Hello</ref><|extra_204|>\ufffd<|endoftext|>'],
    ['markup', '<ref>Hello</ref>'],
    ['none', 'Hello'],
  ] as const)('%s', (specials, text) => {
    expect(published.decode(ids, { specials })).toBe(text)
  })

  test('are errors where errors are asked for, with the id', () => {
    expect(() => published.decode([9707, 151900], { errors: 'strict' })).toThrow(/no token has the id 151900/)
    expect(() => smallest.decode([0xe4, 0xbd], { errors: 'strict' })).toThrow(/no UTF-8/)
    expect(() => smallest.decode([260], { errors: 'strict' })).toThrow(/260/)
  })

  test('every id of the model can be decoded: also the 76 rows of its table that no token has', () => {
    for (let id = 151640; id < 151936; id++) expect(published.decode([id])).not.toBe(undefined)
    expect(published.decode([151935, -1, 0.5])).toBe('\ufffd\ufffd\ufffd')
  })

  test('a byte order mark is a character like any other', () => {
    expect(smallest.decode([0xef, 0xbb, 0xbf, 104])).toBe('\ufeffh')
  })

  test('the bytes of a token are known, one by one', () => {
    expect(published.tokenBytes(9707)).toEqual(new TextEncoder().encode('Hello'))
    expect(published.tokenBytes(published.ids.box)).toEqual(new TextEncoder().encode('<box>'))
    expect(published.tokenBytes(151900)).toBeUndefined()
  })
})
