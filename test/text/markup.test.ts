/** Places in the text of an answer, as models really write them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MarkupReader, parseMarkup, type Segment, writeBoxes, writeQuads } from '../../src/text/index.ts'

/** label x1 y1 x2 y2 */
const boxes = (text: string) =>
  parseMarkup(text).boxes.map(({ label, box: { x1, y1, x2, y2 } }) => [label, x1, y1, x2, y2])

describe('what models write', () => {
  test.each([
    ['a label and a box', '<ref>击掌</ref><box>(536,509),(588,602)</box>', [['击掌', 536, 509, 588, 602]]],
    ['a box without a label', 'here: <box>(1,2),(3,4)</box>', [[undefined, 1, 2, 3, 4]]],
    [
      'two boxes of one label',
      '<ref>dogs</ref><box>(1,2),(3,4)</box><box>(5,6),(7,8)</box>',
      [
        ['dogs', 1, 2, 3, 4],
        ['dogs', 5, 6, 7, 8],
      ],
    ],
    [
      'two boxes in one tag',
      '<ref>dogs</ref><box>(1,2),(3,4)(5,6),(7,8)</box>',
      [
        ['dogs', 1, 2, 3, 4],
        ['dogs', 5, 6, 7, 8],
      ],
    ],
    [
      'marks between label and box',
      '<ref> dog </ref>: <box>(1,2),(3,4)</box>, <box>(5,6),(7,8)</box>',
      [
        ['dog', 1, 2, 3, 4],
        ['dog', 5, 6, 7, 8],
      ],
    ],
    ['words between label and box', '<ref>dog</ref> and a cat <box>(1,2),(3,4)</box>', [[undefined, 1, 2, 3, 4]]],
    ['corners reversed', '<box>(588,602),(536,509)</box>', [[undefined, 536, 509, 588, 602]]],
    ['out of range', '<box>(-5,20),(1023,9999)</box>', [[undefined, 0, 20, 1000, 1000]]],
    ['spaces', '<box> ( 1 , 2 ) , ( 3 , 4 ) </box>', [[undefined, 1, 2, 3, 4]]],
    ['decimals', '<box>(1.5,2),(3,4.25)</box>', [[undefined, 1.5, 2, 3, 4.25]]],
    ['square brackets', '<box>[1, 2, 3, 4]</box>', [[undefined, 1, 2, 3, 4]]],
    ['names before numbers', '<box>x: 1, y: 2; x: 3, y: 4</box>', [[undefined, 1, 2, 3, 4]]],
    ['no closing tag at the end', '<ref>dog</ref><box>(1,2),(3,4)', [['dog', 1, 2, 3, 4]]],
    [
      'no closing tag before a tag',
      '<box>(1,2),(3,4)<ref>cat</ref><box>(5,6),(7,8)</box>',
      [
        [undefined, 1, 2, 3, 4],
        ['cat', 5, 6, 7, 8],
      ],
    ],
    ['a label that is not closed', '<ref>dog<box>(1,2),(3,4)</box>', [['dog', 1, 2, 3, 4]]],
    ['the wrong closing tag', '<box>(1,2),(3,4)</quad>', [[undefined, 1, 2, 3, 4]]],
    ['tags in tags', '<box><box>(1,2),(3,4)</box></box>', [[undefined, 1, 2, 3, 4]]],
    ['cut off in the middle', '<ref>dog</ref><box>(1,2),(3', []],
    ['empty', '<box></box><ref></ref><box>()</box>', []],
    ['no numbers', '<box>unknown</box>', []],
    ['an endless number', `<box>(1,2),(3,${'9'.repeat(400)})</box>`, [[undefined, 1, 2, 3, 1000]]],
  ])('%s', (_, text, expected) => {
    expect(boxes(text)).toEqual(expected)
  })

  test('the numbers as written are kept beside the box', () => {
    expect(parseMarkup('<box>(588,1602),(536,509)</box>').boxes[0]!.raw).toEqual([588, 1602, 536, 509])
  })

  test('an answer that goes on in the tag of its prompt, as base models are asked', () => {
    const { boxes, text } = parseMarkup('(1,2),(3,4)</box> ok', { inside: 'box', label: 'the dog' })
    expect(boxes).toEqual([{ label: 'the dog', box: { x1: 1, y1: 2, x2: 3, y2: 4 }, raw: [1, 2, 3, 4] }])
    expect(text).toBe(' ok')
  })

  test('quadrilaterals, and upright ones of two corners', () => {
    const written = '<ref>EXIT</ref><quad>(1,2),(9,3),(8,12),(0,11)</quad><quad>(5,6),(1,2)</quad>'
    expect(parseMarkup(written).quads.map(({ label, quad }) => [label, ...quad])).toEqual([
      ['EXIT', [1, 2], [9, 3], [8, 12], [0, 11]],
      ['EXIT', [1, 2], [5, 2], [5, 6], [1, 6]],
    ])
  })

  test('pictures are named', () => {
    const { segments } = parseMarkup('Picture 1: <img>a.jpg</img>\nhi')
    expect(segments[1]).toEqual({ kind: 'image', source: '<img>a.jpg</img>', closed: true, name: 'a.jpg' })
  })
})

describe('the text without markup', () => {
  test.each([
    ['<ref>The dog</ref><box>(1,2),(3,4)</box> runs.', 'The dog runs.'],
    ['<ref>dog</ref><box>(1,2),(3,4) and a cat', 'dog and a cat'],
    ['<box>(1,2),(3,4). Then', '. Then'],
    ['a </box>b<imgpad></ref>', 'a b'],
    ['1 < 2, <b>bold</b>, <', '1 < 2, <b>bold</b>, <'],
    ['<ref>dog', 'dog'],
    [`<ref>${'so it goes on, '.repeat(80)}`, 'so it goes on, '.repeat(80)],
    ['<quad>(1,2),(3,4),(5,6),(7,8)</quad>x', 'x'],
  ])('%s', (written, text) => {
    expect(parseMarkup(written).text).toBe(text)
  })
})

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom('<ref>', '</ref>', '<box>', '</box>', '<quad>', '</quad>', '<img>', '</img>', '<imgpad>'),
    fc.constantFrom('(1,2)', ',', '(3,4)', ' ', '(5', '\n', '<', '<re', '</', 'dog', '狗', 'x'.repeat(150), '1.5'),
    fc.string(),
  ),
  { maxLength: 30 },
)

/** Joins texts that touch, as `parseMarkup` does. */
function merged(segments: readonly Segment[]): Segment[] {
  const all: Segment[] = []
  for (const segment of segments) {
    const last = all.at(-1)
    if (segment.kind === 'text' && last?.kind === 'text') all.pop()
    all.push(
      segment.kind === 'text' && last?.kind === 'text'
        ? { kind: 'text', source: last.source + segment.source }
        : segment,
    )
  }
  return all
}

describe('any text at all', () => {
  test('nothing is lost: the sources of the segments, joined, are the text', () => {
    fc.assert(
      fc.property(pieces, parts => {
        const text = parts.join('')
        expect(
          parseMarkup(text)
            .segments.map(segment => segment.source)
            .join(''),
        ).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  test('read in pieces, it has the same segments as at once, however it is cut', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (parts, cuts) => {
        const text = parts.join('')
        const reader = new MarkupReader()
        const segments: Segment[] = []
        for (let at = 0, i = 0; at < text.length; at += cuts[i++ % cuts.length]!) {
          segments.push(...reader.push(text.slice(at, at + cuts[i % cuts.length]!)))
        }
        segments.push(...reader.end())
        expect(merged(segments)).toEqual(parseMarkup(text).segments)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('as it comes', () => {
  test('text at once, a box with its closing tag', () => {
    const reader = new MarkupReader()
    const kinds = ['The ', '<ref>do', 'g</ref><bo', 'x>(1,2),', '(3,4)</box', '> runs', ' on'].map(piece =>
      reader.push(piece).map(segment => segment.kind),
    )
    expect(kinds).toEqual([['text'], [], ['ref'], [], [], ['box', 'text'], ['text']])
    expect(reader.end()).toEqual([])
  })

  test('a "<" is held back only while it can be a tag', () => {
    const reader = new MarkupReader()
    expect(reader.push('1 <')).toEqual([{ kind: 'text', source: '1 ' }])
    expect(reader.push('=')).toEqual([{ kind: 'text', source: '<=' }])
  })
})

describe('writing', () => {
  const corner = fc.tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 999 }))

  test('what was written is read again: labels, boxes and quadrilaterals', () => {
    const label = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter(each => each.trim() === each && !each.includes('<'))
    const box = fc.tuple(corner, corner).map(([a, b]) => ({
      x1: Math.min(a[0], b[0]),
      y1: Math.min(a[1], b[1]),
      x2: Math.max(a[0], b[0]),
      y2: Math.max(a[1], b[1]),
    }))
    fc.assert(
      fc.property(label, fc.array(box), fc.array(fc.tuple(corner, corner, corner, corner)), (label, all, quads) => {
        const read = parseMarkup(writeBoxes(all, label) + writeQuads(quads, label))
        expect(read.boxes.map(each => [each.label, each.box])).toEqual(all.map(each => [label, each]))
        expect(read.quads.map(each => [each.label, each.quad])).toEqual(quads.map(each => [label, each]))
      }),
    )
  })

  test('units are whole numbers below 1000, as the model was taught', () => {
    expect(writeBoxes([{ x1: -3, y1: 0.5, x2: 1000, y2: 998.6 }])).toBe('<box>(0,1),(999,999)</box>')
  })

  test('a label with a tag in it, and a corner that is no number, are refused', () => {
    expect(() => writeBoxes([], 'a</ref>b')).toThrow(/holds <\/ref>/)
    expect(() => writeBoxes([{ x1: Number.NaN, y1: 0, x2: 1, y2: 1 }])).toThrow(/a corner at NaN/)
  })
})
