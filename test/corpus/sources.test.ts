/** What the rows of each kind of source become. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import {
  ArchivedPicture,
  boxSamples,
  type DataEntry,
  entryFor,
  findFiles,
  openSources,
  pictureSize,
  type Sample,
} from '../../src/corpus/index.ts'
import { decode } from '../../src/image/index.ts'
import { parseMarkup, toPixels } from '../../src/text/index.ts'
import { allSamples, archive, picture, temporaryFolder, withShard, writePicture, writeRows, written } from './files.ts'

const folder = temporaryFolder()
const street = join(folder, 'pictures', 'street.png')

beforeAll(async () => {
  await writePicture(street, 640, 480)
})

/** The samples of a data entry. */
async function samplesOf(entry: DataEntry): Promise<Sample[]> {
  const [opened] = await openSources([entry], folder)
  return allSamples(opened!.source)
}

const inFile = (name: string, rows: readonly unknown[]) => writeRows(join(folder, name), rows)

test('official conversations keep their text, and their pictures become parts', async () => {
  const row = {
    id: 'identity_0',
    conversations: [
      { from: 'user', value: 'Picture 1: <img>street.png</img>\nWhere is the bus?' },
      { from: 'assistant', value: '<ref>the bus</ref><box>(10,20),(30,40)</box>' },
      { from: 'human', value: 'And in <img>https://example.org/b.jpg</img>?' },
      { from: 'gpt', value: 'Nowhere.' },
    ],
  }
  writeFileSync(join(folder, 'pictures', 'chat.json'), JSON.stringify([row], null, 2))
  const [sample] = await samplesOf({ conversations: 'pictures/chat.json' })
  expect(sample).toMatchObject({ id: 'chat.json[0] (identity_0)', task: 'chat', format: 'chatml', numbering: 'none' })
  expect(sample?.pictures).toEqual([street, 'https://example.org/b.jpg'])
  expect(written(sample!)).toEqual([
    'user: Picture 1: {0}\nWhere is the bus?',
    'assistant: <ref>the bus</ref><box>(10,20),(30,40)</box>',
    'user: And in {1}?',
    'assistant: Nowhere.',
  ])
})

test('a speaker that nobody knows is refused by name', async () => {
  const conversations = inFile('who.jsonl', [{ conversations: [{ from: 'narrator', value: 'x' }] }])
  await expect(samplesOf({ conversations })).rejects.toThrow(
    'who.jsonl:1: conversations.0.from: "narrator" is none of user, human, assistant, gpt, system',
  )
})

const bus = { label: 'the red bus', box: [64, 120, 323, 480] }
const dog = { label: 'a dog', box: [0, 0, 32, 48] }

test('boxes become one question for each label, with all boxes of the label', async () => {
  const boxes = inFile('boxes.jsonl', [{ image: 'street.png', boxes: [bus, dog, { ...bus, box: [0, 0, 64, 48] }] }])
  const samples = await samplesOf({ boxes, pictures: 'pictures' })
  expect(samples.map(({ id, task, format, pictures }) => ({ id, task, format, pictures }))).toEqual([
    { id: 'boxes.jsonl:1#0 the red bus', task: 'grounding', format: 'raw', pictures: [street] },
    { id: 'boxes.jsonl:1#1 a dog', task: 'grounding', format: 'raw', pictures: [street] },
  ])
  expect(samples.map(written)).toEqual([
    ['user: {0}<ref>the red bus</ref>', 'assistant: <box>(100,250),(505,999)</box><box>(0,0),(100,100)</box>'],
    ['user: {0}<ref>a dog</ref>', 'assistant: <box>(0,0),(50,100)</box>'],
  ])
})

test('captions, answers, conversations and texts name their places', async () => {
  const boxes = [bus, dog]
  const image = 'street.png'
  const quad = { label: 'STOP', quad: [64, 48, 128, 48, 128, 96, 64, 96] }
  const file = inFile('named.jsonl', [
    { image, boxes, caption: 'A dog <1> before <0>.' },
    { image, boxes, question: 'What is at <1>?', answer: 'Only <1>.', language: 'en' },
    { image, boxes: [bus], format: 'chatml' },
    { image, boxes: [bus], format: 'chatml', question: 'Find the bus', task: 'mine' },
    { image, boxes: [quad, quad], task: 'ocr' },
  ])
  const samples = await samplesOf({ boxes: file, pictures: 'pictures' })
  const [b, d] = ['<ref>the red bus</ref><box>(100,250),(505,999)</box>', '<ref>a dog</ref><box>(0,0),(50,100)</box>']
  const q = '<ref>STOP</ref><quad>(100,100),(200,100),(200,200),(100,200)</quad>'
  expect(samples.map(written)).toEqual([
    ['user: {0}Generate the caption in English with grounding:', `assistant:  A dog ${d} before ${b}.`],
    [`user: {0} What is at ${d}? Answer:`, `assistant:  Only ${d}.`],
    ['user: Picture 1: {0}\nWhere is the red bus?', `assistant: ${b}`],
    ['user: Picture 1: {0}\nFind the bus', `assistant: ${b}`],
    ['user: {0}OCR with grounding:', `assistant:  ${q} ${q}`],
  ])
  expect(samples.map(({ task }) => task)).toEqual(['grounded-caption', 'vqa', 'grounding', 'mine', 'ocr'])
})

test.each([
  [{ ...bus, box: [10, 20, 700, 40] }, /box 0 \("the red bus"\) is \[10, 20, 700, 40\]: 700 lies outside .* 640×480/],
  [{ ...bus, box: [30, 20, 10, 40] }, /left 30 is not less than right 10/],
  [{ ...bus, box: [10, 40, 30, 40] }, /top 40 is not less than bottom 40/],
  [{ ...bus, box: [10, null, 30, 40] }, /boxes\.0/],
  [{ label: '<box>', box: [10, 20, 30, 40] }, /the label "<box>" holds <box>/],
])('a box that cannot be meant is refused with its numbers: %j', async (box, message) => {
  const row = { image: street, boxes: [box] }
  await expect(boxSamples(row, { id: 'row', folder })).rejects.toThrow(message)
})

test('a caption that names a place that is not there is refused', async () => {
  const row = { image: street, boxes: [bus], caption: 'A <1>' }
  await expect(boxSamples(row, { id: 'row', folder })).rejects.toThrow('<1> names a place that is not there')
})

test('a box in pixels comes back from its sample, to a thousandth of the picture', async () => {
  const size = { width: 640, height: 480 }
  const side = (length: number) =>
    fc
      .tuple(fc.nat(length), fc.nat(length))
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)])
  await fc.assert(
    fc.asyncProperty(side(640), side(480), async ([left, right], [top, bottom]) => {
      const row = { image: street, boxes: [{ label: 'x', box: [left, top, right, bottom] }] }
      const [sample] = await boxSamples(row, { id: 'row', folder })
      const [found] = parseMarkup(written(sample!).join('')).boxes
      const back = toPixels(found!.box, size)
      const close = (a: number, b: number, length: number) => Math.abs(a - b) <= Math.ceil(length / 1000)
      expect(close(back.left, left!, 640) && close(back.right, right!, 640)).toBe(true)
      expect(close(back.top, top!, 480) && close(back.bottom, bottom!, 480)).toBe(true)
    }),
    { numRuns: 40 },
  )
})

test('pairs are asked for a caption in their language', async () => {
  const pairs = inFile('pairs.jsonl', [
    { image: 'a.jpg', caption: ' a dog ' },
    { image: '/b.jpg', caption: '狗', language: 'zh' },
  ])
  const samples = await samplesOf({ pairs, pictures: 'pictures' })
  expect(samples.map(written)).toEqual([
    ['user: {0}Generate the caption in English:', 'assistant:  a dog'],
    ['user: {0}Generate the caption in Chinese:', 'assistant:  狗'],
  ])
  expect(samples.map(({ pictures }) => pictures[0])).toEqual([join(folder, 'pictures', 'a.jpg'), '/b.jpg'])
  const [first] = await samplesOf({ pairs, language: 'zh', task: 'mine', limit: 1 })
  expect([first?.task, written(first!)[0]]).toEqual(['mine', 'user: {0}Generate the caption in Chinese:'])
})

test('text comes as paragraphs and as rows', async () => {
  writeFileSync(join(folder, 'book.txt'), 'One\nline.\n\n\nTwo.\n')
  const rows = inFile('book.jsonl', [{ text: 'Three.' }])
  const samples = await samplesOf({ text: ['book.txt', rows] })
  expect(samples.map(written)).toEqual([['assistant: One\nline.'], ['assistant: Two.'], ['assistant: Three.']])
  expect(samples.map(({ id, task }) => `${id} ${task}`)).toEqual([
    'book.txt:1 text',
    'book.txt:5 text',
    'book.jsonl:1 text',
  ])
})

test('archives hold captions, boxes, conversations and whole samples', async () => {
  const png = await picture(640, 480)
  const json = JSON.stringify
  const form = {
    task: 'ocr',
    format: 'raw',
    pictures: ['d.0.png', 'd.1.png'],
    licence: 'CC0',
    turns: [
      { role: 'user', parts: [{ picture: 1 }, { picture: 0 }, { text: 'read' }] },
      { role: 'assistant', parts: [{ text: 'two' }] },
    ],
  }
  const chat = {
    conversations: [
      { from: 'user', value: '<img>c.png</img>x' },
      { from: 'assistant', value: 'y' },
    ],
  }
  writeFileSync(
    join(folder, 'all.tar'),
    await archive({
      'README.md': 'left out',
      'a.png': png,
      'a.txt': 'a caption\n',
      'b.json': json({ boxes: [bus] }),
      'b.png': png,
      'c.png': png,
      'c.json': json(chat),
      'd.0.png': png,
      'd.1.png': await picture(20, 10),
      'd.json': json(form),
      'e.png': png,
    }),
  )
  const [opened] = await openSources([{ shards: '*.tar' }], folder)
  await withShard(opened!.source, 0, async shard => {
    const samples = (await Promise.all([0, 1, 2, 3].map(i => shard.read(i)))).flat()
    expect(samples.map(({ id, task }) => `${id} ${task}`)).toEqual([
      'all.tar/a caption',
      'all.tar/b grounding',
      'all.tar/c chat',
      'all.tar/d ocr',
    ])
    expect(samples.map(written)).toEqual([
      ['user: {0}Generate the caption in English:', 'assistant:  a caption'],
      ['user: {0}<ref>the red bus</ref>', 'assistant: <box>(100,250),(505,999)</box>'],
      ['user: {0}x', 'assistant: y'],
      ['user: {1}{0}read', 'assistant: two'],
    ])
    expect(samples[3]?.licence).toBe('CC0')
    const [small] = samples[3]!.pictures.slice(1)
    expect(small).toBeInstanceOf(ArchivedPicture)
    expect(await decode(small!)).toMatchObject({ width: 20, height: 10 })
    expect(await pictureSize(small!)).toEqual({ width: 20, height: 10 })
    await expect(shard.read(4)).rejects.toThrow('all.tar/e: it has no caption')
  })
})

test('an archived picture is a Blob of exactly its bytes', async () => {
  const png = await picture(30, 20)
  const path = join(folder, 'one.tar')
  writeFileSync(path, await archive({ 'a.png': png, 'a.txt': 'x' }))
  const blob = new ArchivedPicture({ path, offset: 512, length: png.length }, 'a.png')
  expect(blob.size).toBe(png.length)
  expect(Buffer.from(await blob.arrayBuffer())).toEqual(png)
  expect(Buffer.from(await blob.slice(1, 4).arrayBuffer()).toString()).toBe('PNG')
  expect(Buffer.from(await new Response(blob.stream()).arrayBuffer())).toEqual(png)
})

test('files are found by patterns, lists and folders, each once and sorted', async () => {
  const root = join(folder, 'found')
  mkdirSync(join(root, 'deep', 'er'), { recursive: true })
  for (const name of ['b-001.tar', 'b-000.tar', '.hidden.tar', 'a.txt', 'deep/c.tar', 'deep/er/d.tar']) {
    writeFileSync(join(root, name), '')
  }
  const find = async (patterns: string | string[]) =>
    (await findFiles(patterns, { folder: root, extensions: ['.tar'] })).map(path => basename(path))
  expect(await find('*.tar')).toEqual(['b-000.tar', 'b-001.tar'])
  expect(await find('b-{000..001}.tar')).toEqual(['b-000.tar', 'b-001.tar'])
  expect(await find('**/*.tar')).toEqual(['b-000.tar', 'b-001.tar', 'c.tar', 'd.tar'])
  expect(await find(['deep/{c,er/d}.tar', 'b-001.tar', '*1.tar'])).toEqual(['c.tar', 'd.tar', 'b-001.tar'])
  expect(await find('.')).toEqual(['b-000.tar', 'b-001.tar'])
  await expect(find('x*.tar')).rejects.toThrow('no file matches x*.tar, looked for from')
  await expect(find('x.tar')).rejects.toThrow(/there is no file .*x\.tar/)
})

test('a path alone tells which source it is', async () => {
  const kindOf = async (name: string, row: unknown) => Object.keys(await entryFor(inFile(name, [row])))[0]
  expect(await kindOf('k1.jsonl', { conversations: [] })).toBe('conversations')
  expect(await kindOf('k2.jsonl', { image: 'a', boxes: [] })).toBe('boxes')
  expect(await kindOf('k3.jsonl', { image: 'a', caption: 'b' })).toBe('pairs')
  expect(await kindOf('k4.json', { text: 'a' })).toBe('text')
  await expect(kindOf('k5.jsonl', { picture: 'a' })).rejects.toThrow('the first one has picture')
})

test('an entry has exactly one source', async () => {
  await expect(openSources([{ pairs: 'a', boxes: 'b' }])).rejects.toThrow(/exactly one of .* and not boxes, pairs/)
  await expect(openSources([])).rejects.toThrow('there is no data')
})
