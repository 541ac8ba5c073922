/** Text → ids: equal to the original, and strangers' text stays text. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openTokenizer, parseVocabulary, specialTokensByName, TextError } from '../../src/text/node.ts'
import { openPublished, openSmallest, publishedFile, readJson, smallestIds } from './vocabulary.ts'

interface Reference {
  readonly specials: Readonly<Record<string, number>>
  readonly n_vocab: number
  readonly cases: readonly { text: string; ids_all: number[]; ids_image_st_only: number[] }[]
  readonly errors: readonly { text: string; error: string }[]
}

const reference = readJson<Reference>('tokenizer.json')
const bytePairs = readJson<{ text: string; special: boolean; ids: number[] }[]>('byte-pairs.json')
const published = await openPublished()
const smallest = await openSmallest()

const problemOf = (action: () => unknown): string | undefined => {
  try {
    action()
  } catch (error) {
    return error instanceof TextError ? `${error.problem}: ${error.message}` : `not a TextError: ${String(error)}`
  }
  return undefined
}

describe('equal to the original', () => {
  test('the vocabulary of the tests is the published one, to the byte', () => {
    const digest = createHash('sha256').update(publishedFile()).digest('hex')
    expect(digest).toBe('b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186')
  })

  test('special tokens have the published ids', () => {
    const { endoftext, im_start, im_end, extra_0, extra_204, ...tags } = reference.specials
    const { ids, specialTokens, size } = published
    expect([ids.endoftext, ids.imStart, ids.imEnd]).toEqual([endoftext, im_start, im_end])
    expect([specialTokens.get('<|extra_0|>'), specialTokens.get('<|extra_204|>')]).toEqual([extra_0, extra_204])
    for (const [tag, id] of Object.entries(tags)) expect(specialTokens.get(tag)).toBe(id)
    expect(size).toBe(reference.n_vocab)
  })

  test('all reference texts have the reference ids, with all special tokens and with the image tags', () => {
    expect(reference.cases.length).toBe(49)
    for (const { text, ids_all, ids_image_st_only } of reference.cases) {
      expect(published.encode(text, { specials: 'all' }), JSON.stringify(text)).toEqual(ids_all)
      expect(published.encode(text, { specials: 'image' }), JSON.stringify(text)).toEqual(ids_image_st_only)
    }
  })

  test('208 awkward strings and random Unicode have the reference ids', () => {
    const { img, imgEnd } = published.ids
    // These references come from the byte-pair encoder alone, which knows no picture spans: compare what is around them.
    const around = (ids: readonly number[]) =>
      ids.filter((_, i) => ids.lastIndexOf(img, i) <= ids.lastIndexOf(imgEnd, i))
    const wrong = bytePairs.filter(({ text, special, ids }) => {
      const found = published.encode(text, { specials: special ? 'all' : 'none' })
      return around(found).join() !== around(ids).join()
    })
    expect(bytePairs.length).toBe(208)
    expect(wrong).toEqual([])
  })

  test("white space and letter case are Unicode's, not JavaScript's: the reference texts tell the two apart", () => {
    const telling = ['\u0085', '\ufeff', '\u001c', '\u017f']
    const awkward = reference.cases.filter(({ text }) => telling.some(char => text.includes(char)))
    expect(awkward.length).toBe(3)
    for (const { text, ids_all } of awkward) expect(published.encode(text)).toEqual(ids_all)
  })
})

describe('pictures in text', () => {
  test('a picture is its path, byte for byte as the ids 0 to 255, padded to 256 slots', () => {
    const ids = published.encode('<img>/图.jpg</img>', { specials: 'image' })
    const path = [...new TextEncoder().encode('/图.jpg')]
    expect(ids).toHaveLength(258)
    expect(ids.slice(0, 1 + path.length)).toEqual([published.ids.img, ...path])
    expect(new Set(ids.slice(1 + path.length, 257))).toEqual(new Set([published.ids.imgpad]))
    expect(published.imageSpans([9707, ...ids, 1879])).toEqual([{ start: 1, end: 259, name: '/图.jpg' }])
  })

  test('what the original refuses is refused in its words', () => {
    expect(reference.errors.length).toBe(2)
    for (const { text, error } of reference.errors) {
      expect(problemOf(() => published.encode(text, { specials: 'all' }))).toContain(error)
    }
  })

  test('a second <img> before the end of the first is refused: somebody forgot </img>', () => {
    expect(problemOf(() => published.encode('<img>a<img>b</img>', { specials: 'image' }))).toMatch(/^unclosed tag: /)
  })

  test('a span takes 254 bytes, since the original reads back 255 slots and needs a pad among them', () => {
    expect(published.imageSpan('x'.repeat(254))).toHaveLength(258)
    expect(problemOf(() => published.imageSpan('x'.repeat(255)))).toMatch(/255 bytes, at most 254/)
    expect(problemOf(() => published.imageSpan('图'.repeat(85)))).toMatch(/255 bytes, at most 254/)
  })

  test('the number of slots follows the model', () => {
    expect(smallest.imageSpan('0.png')).toEqual([281, 48, 46, 112, 110, 103, ...new Array(11).fill(283), 282])
  })

  test('a prompt that was cut inside a picture is refused', () => {
    const ids = published.encode('<img>a</img>', { specials: 'image' })
    expect(problemOf(() => published.imageSpans(ids.slice(0, 100)))).toMatch(/^unclosed tag: /)
    expect(problemOf(() => published.imageSpans([...ids.slice(0, 100), published.ids.imgEnd]))).toMatch(/99 slots/)
  })
})

describe('special tokens', () => {
  const written = [...published.specialTokens.keys()]

  test('by default no text becomes a special token', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...written), fc.string())), parts => {
        const ids = published.encode(parts.join(''))
        expect(ids.every(id => id < published.ids.endoftext)).toBe(true)
      }),
    )
  })

  test('markup reads places, and neither pictures nor the ends of turns', () => {
    const text = '<ref>a</ref><img>b</img><imgpad><|im_end|><|endoftext|><|extra_0|>'
    const special = published.encode(text, { specials: 'markup' }).filter(id => id >= published.ids.endoftext)
    expect(special).toEqual([published.ids.ref, published.ids.refEnd])
  })

  test('in a prompt that asks for it, every special token is read', () => {
    for (const [form, id] of published.specialTokens) {
      if (form !== '<img>') expect(published.encode(`a${form}b`, { specials: 'all' })).toContain(id)
    }
  })
})

test('decoding what was encoded gives the text in NFC, whatever the text', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...bytePairs.map(pair => pair.text)),
  )
  fc.assert(
    fc.property(text, text, (a, b) => {
      const normal = `${a} ${b}`.normalize('NFC')
      expect(published.decode(published.encode(`${a} ${b}`))).toBe(normal)
      expect(smallest.decode(smallest.encode(`${a} ${b}`))).toBe(normal)
    }),
    { numRuns: 500 },
  )
})

test('a lone surrogate, which no UTF-8 text can hold, becomes U+FFFD', () => {
  expect(published.decode(published.encode('a\ud800b'))).toBe('a\ufffdb')
})

describe('other vocabularies', () => {
  test('in the smallest one each byte is its own token', () => {
    expect(smallest.encode('hé')).toEqual([104, 195, 169])
    expect(smallest.encode('<box>(1,2)', { specials: 'all' })).toEqual([277, 40, 49, 44, 50, 41])
  })

  test('the first 5,000 ranks are a vocabulary too, with special tokens right after them', async () => {
    const lines = new TextDecoder().decode(publishedFile()).split('\n').slice(0, 5000)
    using small = await openTokenizer(lines.join('\n'))
    expect(small.ids.endoftext).toBe(5000)
    expect(small.ids.imgpad).toBe(5216)
    expect(small.encode('Hello world, 你好').every(id => id < 5000)).toBe(true)
    expect(small.decode(small.encode('Hello world, 你好'))).toBe('Hello world, 你好')
  })

  test.each([
    ['an HTML page', '<!doctype html>\n<p>404</p>', /line 1 is not "base64 rank" but "<!doctype html>"/],
    ['nothing', '', /256 of the 256 bytes have no token/],
    ['not base64', 'I?== 0', /the token of rank 0 is not base64: "I\?=="/],
    ['a gap', 'IQ== 0\nIg== 2', /line 2 has rank 2/],
    ['a token twice', 'IQ== 0\nIQ== 1', /line 2 repeats/],
    ['a cut file', 'IQ== 0\nIg== 1', /254 of the 256 bytes have no token/],
  ])('%s is no vocabulary, and the message says where', (_, file, message) => {
    expect(problemOf(() => parseVocabulary(file))).toMatch(message)
  })

  test('special tokens that are missing, misnamed, doubled or among the ranks are refused', async () => {
    const open = (specialTokens: Record<string, number>) => openTokenizer(publishedFile(), { specialTokens })
    await expect(open({ '<ref>': 151643 })).rejects.toThrow(/no ids for the special tokens <\|endoftext\|>/)
    await expect(open(specialTokensByName(smallestIds))).rejects.toThrow(/follow the 151643 ranks/)
    expect(() => specialTokensByName({ eos: 5 })).toThrow(/no special token is called "eos"/)
    const twice = Object.fromEntries([...published.specialTokens].map(([form]) => [form, 200000]))
    await expect(open(twice)).rejects.toThrow(/the same id/)
  })
})

test('a run of 100,000 letters is refused with its place instead of taking minutes', () => {
  const text = `see: ${'a'.repeat(100_000)}`
  expect(problemOf(() => published.encode(text))).toMatch(/^long run: 100000 characters .* from character 5 on/)
  expect(published.encode('ab '.repeat(100_000)).length).toBeGreaterThan(100_000)
})

test('a disposed tokenizer still decodes, and says why it does not encode', async () => {
  const tokenizer = await openSmallest()
  tokenizer.dispose()
  tokenizer.dispose()
  expect(tokenizer.decode([104, 105])).toBe('hi')
  expect(problemOf(() => tokenizer.encode('hi'))).toMatch(/^engine: this tokenizer was disposed of/)
})

test('disposing frees the memory of WebAssembly, which no garbage collector would', async () => {
  const file = publishedFile()
  const open = async () => (await openTokenizer(file)).dispose()
  await open()
  const before = process.memoryUsage().external
  for (let i = 0; i < 3; i++) await open()
  expect(process.memoryUsage().external - before).toBeLessThan(10e6)
})
