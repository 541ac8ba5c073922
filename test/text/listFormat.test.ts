/** The original's list format, read and written as the original does. */
import { expect, test } from 'vitest'
import { fromListFormat, type ListElement, TextError, toListFormat } from '../../src/text/index.ts'

test('pictures are numbered from 1 with no space after the colon, texts stay as they are', () => {
  const list = [{ image: 'a.jpg' }, { text: ' and ' }, { image: 'b.jpg' }, { text: '上面两张图片分别是什么？' }]
  expect(fromListFormat(list)).toBe(
    'Picture 1:<img>a.jpg</img>\n and Picture 2:<img>b.jpg</img>\n上面两张图片分别是什么？',
  )
})

test('boxes are written after their label, decimals cut off', () => {
  const list = [
    {
      ref: 'dogs',
      box: [
        [1, 2, 3, 4],
        [5.9, 6.1, -0.5, 8],
      ],
    },
    { box: [[0, 0, 999, 999]] },
  ]
  expect(fromListFormat(list)).toBe(
    '<ref>dogs</ref><box>(1,2),(3,4)</box><box>(5,6),(0,8)</box><box>(0,0),(999,999)</box>',
  )
})

test('an element of another kind, and a box that is none, are refused by name', () => {
  expect(() => fromListFormat([{ video: 'x' } as unknown as ListElement])).toThrow(
    /Unsupported element \{"video":"x"\}/,
  )
  expect(() => fromListFormat([{ box: [[1, 2, 3]] }])).toThrow(/four numbers/)
})

test.each([
  ['', []],
  ['only text', [{ text: 'only text' }]],
  ['Picture 1:<img>a.jpg</img>\nhi', [{ text: 'Picture 1:' }, { image: 'a.jpg' }, { text: '\nhi' }]],
  [
    '<ref>击掌</ref><box>(536,509),(588,602)</box><quad>(1,2)</quad>',
    [{ ref: '击掌' }, { box: '(536,509),(588,602)' }, { quad: '(1,2)' }],
  ],
  ['<ref></ref>', [{ ref: '' }]],
  ['<ref>a<box>b</ref>c</box>', [{ ref: 'a<box>b' }, { text: 'c</box>' }]],
  ['<imgpad><|endoftext|>', [{ text: '<imgpad><|endoftext|>' }]],
  ['cafe\u0301', [{ text: 'café' }]],
])('%j is read as the original reads it', (text, list) => {
  expect(toListFormat(text)).toEqual(list)
})

test('a tag without its end is refused, as in the original', () => {
  expect(() => toListFormat('a <box>(1,2)')).toThrow(TextError)
  expect(() => toListFormat('a <box>(1,2)')).toThrow(/Unclosed image token: <box> at character 2/)
})

test('what is written as a list is read back as one', () => {
  const written = fromListFormat([{ image: 'a.jpg' }, { text: 'hi' }, { ref: 'dog', box: [[1, 2, 3, 4]] }])
  const read = [{ text: 'Picture 1:' }, { image: 'a.jpg' }, { text: '\nhi' }, { ref: 'dog' }, { box: '(1,2),(3,4)' }]
  expect(toListFormat(written)).toEqual(read)
})
