/** Where answers end. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeAnswer, StopText, stopSequences, strip } from '../../src/text/node.ts'
import { openPublished } from './vocabulary.ts'

const published = await openPublished()
const { imStart, imEnd, endoftext } = published.ids
const hello = published.encode('Hello world')

describe('stop sequences', () => {
  test('chatml ends with a turn, raw with "Human:", both with <|endoftext|>', () => {
    expect(stopSequences(published, 'chatml')).toEqual([[imEnd], [imStart], [endoftext]])
    expect(stopSequences(published, 'raw')).toEqual([published.encode('Human:'), [endoftext]])
  })
})

describe('the answer', () => {
  test.each([
    ['ended by its turn', [...hello, imEnd, endoftext], [imEnd]],
    ['going on into another turn', [...hello, imStart, ...hello], [imStart]],
    ['ended by <|endoftext|> alone', [...hello, endoftext], [endoftext]],
    ['cut off by the limit: its last token is not lost', hello, undefined],
  ])('%s', (_, ids, stop) => {
    expect(decodeAnswer(published, ids, 'chatml')).toEqual({ text: 'Hello world', ids: hello, stop })
  })

  test('raw: what comes after <|endoftext|> or with "Human:" is left out', () => {
    const human = published.encode('Human:')
    expect(decodeAnswer(published, [...hello, endoftext, ...hello], 'raw').text).toBe('Hello world')
    expect(decodeAnswer(published, [...hello, ...human], 'raw')).toMatchObject({ text: 'Hello world', stop: human })
    expect(decodeAnswer(published, [...hello, imEnd, ...hello], 'raw').text).toBe('Hello worldHello world')
  })

  test('keeps its places, and no other special token', () => {
    const ids = published.encode('<ref>狗</ref><box>(1,2),(3,4)</box><|extra_3|>', { specials: 'all' })
    expect(decodeAnswer(published, ids, 'chatml').text).toBe('<ref>狗</ref><box>(1,2),(3,4)</box>')
  })

  test('is stripped as Python strips: U+0085 goes, a byte order mark stays', () => {
    expect(strip(' \u0085\u001c\t\u3000x\n\u2028')).toBe('x')
    expect(strip('\ufeffx\u200b')).toBe('\ufeffx\u200b')
    expect(strip(' \n ')).toBe('')
  })
})

describe('stop texts', () => {
  const read = (stops: readonly string[], pieces: readonly string[]) => {
    const stop = new StopText(stops)
    const shown = pieces.map(piece => stop.push(piece)).join('') + stop.end()
    return [shown, stop.found]
  }

  test('are found across pieces, and nothing of them is shown', () => {
    const stop = new StopText(['Observation:'])
    expect([stop.push('It rains. Obser'), stop.push('vation: none'), stop.push('more')]).toEqual(['It rains. ', '', ''])
    expect(stop.found).toBe('Observation:')
  })

  test('what only looked like one is shown after all', () => {
    expect(read(['Observation:'], ['Obser', 'vatory'])).toEqual(['Observatory', undefined])
    expect(read(['Observation:'], ['Obser'])).toEqual(['Obser', undefined])
  })

  test('the first counts; of two that begin together, the longer', () => {
    expect(read(['bc', 'abd', 'abc'], ['xab', 'cd'])).toEqual(['x', 'abc'])
    expect(read(['ab', 'abc'], ['xab'])).toEqual(['x', 'ab'])
    expect(read(['', 'b'], ['abc'])).toEqual(['a', 'b'])
  })

  test('however the text is cut into pieces, the same is shown', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 })
    const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
      maxLength: 3,
    })
    fc.assert(
      fc.property(letters, stops, (text, stops) => {
        expect(read(stops, text)).toEqual(read(stops, [text.join('')]))
        const [shown, found] = read(stops, text)
        const first = Math.min(...stops.map(stop => text.join('').indexOf(stop)).filter(at => at !== -1))
        expect(shown).toBe(text.join('').slice(0, first))
        expect(found === undefined).toBe(first === Number.POSITIVE_INFINITY)
      }),
      { numRuns: 1000 },
    )
  })
})
