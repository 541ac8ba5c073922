/** Samples as tokens: what is learnt, what is given, and what is refused. */
import { expect, test } from 'vitest'
import type { Sample, SampleTurn } from '../../../src/corpus/sample.ts'
import { ignoredLabel, splitPictures, supervise } from '../../../src/text/node.ts'
import { describeSupervision, encodePieces, encodeSample, SampleError } from '../../../src/train/data/index.ts'
import { encodePair } from '../../../src/train/data/pairLoader.ts'
import { openPublished, openSmallest } from '../../text/vocabulary.ts'

const small = await openSmallest() // token b is the byte b, a picture has 16 slots
const published = await openPublished()

const turn = (role: SampleTurn['role'], ...parts: (string | number)[]): SampleTurn => ({
  role,
  parts: parts.map(part => (typeof part === 'string' ? { text: part } : { picture: part })),
})

const sample = (format: Sample['format'], turns: readonly SampleTurn[], more: Partial<Sample> = {}): Sample => {
  const pictures = turns.flatMap(({ parts }) =>
    parts.flatMap(part => ('picture' in part ? [`${part.picture}.png`] : [])),
  )
  return { id: 'sample', task: 'test', format, pictures, turns, ...more }
}

const described = (wanted: Sample, tokenizer = published) =>
  describeSupervision(tokenizer, encodeSample(tokenizer, wanted, { length: 2048 }))

test('a raw sample gives the question and learns the answer with its end', () => {
  const wanted = sample('raw', [turn('user', 0, 'Generate the caption in English:'), turn('assistant', ' a dog')])
  expect(described(wanted)).toBe('<img>0.png (256)</img>Generate the caption in English:[[ a dog<|endoftext|>]]')
})

test('white space at the end of a question begins the answer', () => {
  const apart = sample('raw', [turn('user', 0, 'Answer: \n'), turn('assistant', 'yes')])
  expect(described(apart)).toBe('<img>0.png (256)</img>Answer:[[ \nyes<|endoftext|>]]')
  const asOne = sample('raw', [turn('user', 0, 'Answer: '), turn('assistant', 'yes')])
  const { ids } = encodeSample(published, asOne, { length: 2048 })
  const text = published.encode('Answer: yes')
  expect(ids.slice(-1 - text.length)).toEqual([...text, published.ids.endoftext])
})

test('a conversation is what the official fine-tuning makes of it, but for its very first token', () => {
  const values = [
    'Picture 1: <img>a.jpg</img>\nWhat is this?',
    'A <|im_end|>',
    'Where?',
    '<ref>it</ref><box>(1,2),(3,4)</box>',
  ]
  const messages = values.map((value, i) => ({
    role: i % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: splitPictures(value),
  }))
  const expected = supervise(published, messages, { numbering: 'none' })
  const turns = [
    turn('user', 'Picture 1: ', 0, '\nWhat is this?'),
    ...values.slice(1).map((value, i) => turn(i % 2 === 0 ? 'assistant' : 'user', value)),
  ]
  const found = encodeSample(published, sample('chatml', turns, { pictures: ['/data/a.jpg'] }), { length: 2048 })
  expect(found.ids).toEqual(expected.ids)
  expect(found.labels).toEqual([ignoredLabel, ...expected.labels.slice(1)])
  expect(found.pictures).toEqual([{ source: '/data/a.jpg', start: expected.pictures[0]?.start }])
})

test('pictures that nothing announces are announced, once', () => {
  const plain = sample('chatml', [turn('user', 0, 'What?'), turn('assistant', 'A dog')])
  expect(described(plain)).toContain('user\nPicture 1: <img>0.png (256)</img>\nWhat?')
  expect(described({ ...plain, numbering: 'none' })).toContain('user\n<img>0.png (256)</img>What?')
  const announced = sample('chatml', [turn('user', 'Picture 1: ', 0, '\nWhat?'), turn('assistant', 'A dog')])
  expect(described(announced)).toContain('user\nPicture 1: <img>0.png (256)</img>\nWhat?')
})

test('pictures are never learnt, not even in an answer', () => {
  const shown = sample('chatml', [turn('user', 'Show'), turn('assistant', 'here ', 0)], { numbering: 'none' })
  expect(described(shown)).toContain('[[here ]]<img>0.png (256)</img>[[<|im_end|>\n]]')
  const raw = sample('raw', [turn('user', 'Show'), turn('assistant', ' ', 0)])
  expect(described(raw)).toBe('Show[[ ]]<img>0.png (256)</img>[[<|endoftext|>]]')
})

test('text of a sample never ends a turn; places are read as places', () => {
  const wanted = sample('raw', [
    turn('user', 0, '<|endoftext|><ref>x</ref>'),
    turn('assistant', '<box>(1,2),(3,4)</box>'),
  ])
  const { ids } = encodeSample(published, wanted, { length: 2048 })
  expect(ids.filter(id => id === published.ids.endoftext).length).toBe(1)
  expect(ids).toContain(published.ids.box)
  const text = sample('raw', [turn('assistant', 'HTML has <ref> and <img src=x> and </box>')])
  expect(encodeSample(published, text, { length: 2048 }).ids).not.toContain(published.ids.ref)
})

const refused = (wanted: Sample, length = 1024): string => {
  try {
    encodeSample(published, wanted, { length })
  } catch (error) {
    expect(error).toBeInstanceOf(SampleError)
    return (error as SampleError).message
  }
  throw new Error('the sample was taken')
}

test('a sample that is too long says how long it is, and how much of it are pictures', () => {
  const five = sample('raw', [turn('user', 0, 1, 2, 3, 4, 'x'.repeat(10)), turn('assistant', 'y')])
  const { length } = encodeSample(published, five, { length: 2048 }).ids
  expect(refused(five)).toBe(
    `sample: ${length.toLocaleString('en-US')} tokens of which 1,290 are 5 pictures; a row has 1,024: ` +
      'raise the sequence length, or shorten the sample',
  )
  expect(refused(sample('raw', [turn('user', 'a'), turn('assistant', 'b c d')]), 3)).toMatch(
    /^sample: 5 tokens; a row has 3/,
  )
})

test.each([
  ['without an answer', sample('chatml', [turn('user', 'x')]), 'nothing of it would be learnt: it has no answer'],
  ['with an empty answer', sample('raw', [turn('user', 'x'), turn('assistant', '')]), 'its answers are empty'],
  [
    'with an answer of one picture',
    sample('chatml', [turn('user', 'x'), turn('assistant', 0)]),
    'its answers are empty',
  ],
  ['that starts with its only answer', sample('chatml', [turn('assistant', 'x'), turn('user', 'y')]), 'nothing of it'],
  [
    'of two users in a row',
    sample('chatml', [turn('user', 'x'), turn('user', 'y'), turn('assistant', 'z')]),
    'take turns',
  ],
  [
    'of a picture that is not there',
    sample('raw', [turn('user', 3), turn('assistant', 'x')], { pictures: ['a'] }),
    'it has 1',
  ],
] as const)('a sample %s is refused', (_, wanted, message) => {
  expect(refused(wanted)).toContain(message)
})

test.each([
  ['<box>(1,2),(3,4)', 'is a tag without its end'],
  ['<ref>dog<box>(1,2),(3,4)</box>', 'is a tag without its end'],
  ['dog</ref>', 'closes a tag that nothing has opened'],
  ['<box>(1,2),(3,1000)</box>', 'has 1000: places are whole numbers from 0 to 999'],
  ['<box>(0.1,2),(3,4)</box>', 'has 0.1: places are whole numbers'],
  ['<box>(5,2),(3,4)</box>', 'has its corners in the wrong order'],
  ['<box>dog</box>', 'is no place: a box has 2 corners'],
  ['<quad>(1,2),(3,4)</quad>', 'is no place: a quad has 4 corners'],
  ['<img>a.png</img>', 'is in a text: pictures are parts of their own'],
])('bad markup is refused: %s', (text, message) => {
  expect(refused(sample('raw', [turn('user', 0), turn('assistant', text)]))).toContain(message)
})

test('a question may open the tag that the answer closes', () => {
  const asked = sample('raw', [turn('user', 0, '<ref>x</ref><box>'), turn('assistant', '(1,2),(3,4)</box>')])
  expect(described(asked)).toContain('<ref>x</ref><box>[[(1,2),(3,4)</box><|endoftext|>]]')
})

test('long text is cut into rows in which every token is learnt once', () => {
  const text = 'abcdefghij'.repeat(5)
  const pieces = encodePieces(small, sample('raw', [turn('assistant', text)]), { length: 16 })
  const learnt = pieces.flatMap(({ labels }) => labels.filter(label => label !== ignoredLabel))
  expect(learnt).toEqual([...Buffer.from(text.slice(1)), small.ids.endoftext])
  expect(pieces.every(({ ids, labels }) => ids.length <= 16 && ids.length >= 2 && labels[0] === ignoredLabel)).toBe(
    true,
  )
  expect(pieces.map(({ id }) => id)).toEqual(['sample', 'sample+1', 'sample+2', 'sample+3'])
})

test('a pair is a picture and the words of its answers, cut to the context', () => {
  const wanted = sample('raw', [
    turn('user', 0, 'Caption:'),
    turn('assistant', ' a <ref>dog</ref><box>(1,2),(3,4)</box>'),
  ])
  expect(encodePair(small, wanted, 77).ids).toEqual([...Buffer.from('a dog'), small.ids.endoftext])
  expect(encodePair(small, wanted, 4).ids).toEqual([...Buffer.from('a d'), small.ids.endoftext])
  expect(() => encodePair(small, sample('raw', [turn('assistant', 'x')]), 4)).toThrow('has no picture')
})
