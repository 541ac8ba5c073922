/** Looking at a corpus: what is on the page, and what is counted. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { type ChoiceOptions, chosenSamples } from '../../../src/corpus/look/chosenSamples.ts'
import { countCorpus } from '../../../src/corpus/look/countCorpus.ts'
import { samplePage } from '../../../src/corpus/look/samplePage.ts'
import type { Sample } from '../../../src/corpus/sample.ts'
import { makeShards } from '../../../src/corpus/shards/makeShards.ts'
import { picture, temporaryFolder, writePicture, writeRows } from '../files.ts'
import { plainCorpus } from '../shards/made.ts'

const folder = temporaryFolder()
const plain = join(folder, 'plain')

beforeAll(async () => {
  await makeShards(plainCorpus(plain, 240))
})

async function chosen(paths: readonly string[], options: ChoiceOptions): Promise<Sample[]> {
  const found: Sample[] = []
  for await (const sample of chosenSamples(paths, options)) found.push(sample)
  return found
}

async function pageOf(...samples: Sample[]): Promise<string> {
  async function* each() {
    yield* samples
  }
  let page = ''
  for await (const piece of samplePage('<A title>', each())) page += piece
  return page
}

const sample = (turns: Sample['turns'], pictures: Sample['pictures'] = []): Sample => ({
  ...{ id: 'a', task: 'vqa', format: 'raw', language: 'en', turns, pictures },
})

test('samples are drawn from everywhere in the data, the same ones for the same seed', async () => {
  const first = (await chosen([plain], { count: 20 })).map(({ id }) => id)
  expect(first).toHaveLength(20)
  expect(new Set(first.map(id => id.slice(0, 11))).size).toBe(3)
  expect((await chosen([plain], { count: 20 })).map(({ id }) => id)).toEqual(first)
  expect((await chosen([plain], { count: 20, seed: 2 })).map(({ id }) => id)).not.toEqual(first)
})

test('only the task and language that were asked for are chosen', async () => {
  const samples = await chosen([plain], { count: 200, task: 'vqa', language: 'zh' })
  expect(samples).toHaveLength(40)
  expect(samples.every(({ task, language }) => task === 'vqa' && language === 'zh')).toBe(true)
})

test('several paths of several kinds are drawn from in turn, JSON beside archives is none of them', async () => {
  await writePicture(join(folder, 'a.png'), 5, 5)
  const pairs = writeRows(join(folder, 'pairs.jsonl'), [{ image: 'a.png', caption: 'One.' }])
  const ids = (await chosen([plain, pairs], { count: 2 })).map(({ id }) => id)
  expect(ids[1]).toBe('pairs.jsonl:1')
})

test('what stands in data is text on the page, never markup', async () => {
  const hostile = '<script>alert(1)</script>"\'&<img src=x onerror=alert(1)>'
  const one = sample([
    { role: 'user', parts: [{ text: hostile }] },
    { role: 'assistant', parts: [{ text: hostile }] },
  ])
  const page = await pageOf({ ...one, id: hostile, task: hostile, language: hostile, record: { hostile } })
  expect(page).not.toMatch(/<script|<img src=x|onerror=alert\(1\)>/)
  expect(page).toContain('&lt;script&gt;')
  expect(page).toContain('<title>&lt;A title&gt;</title>')
})

test('boxes and quadrilaterals are drawn on the picture that was shown before them', async () => {
  const pictures = [await picture(100, 50), await picture(200, 80)]
  const places = '<ref>it</ref><box>(100,200),(500,600)</box><quad>(0,0),(500,0),(500,500),(0,500)</quad>'
  const page = await pageOf(
    sample(
      [
        { role: 'user', parts: [{ picture: 0 }, { picture: 1 }, { text: 'Where?' }] },
        { role: 'assistant', parts: [{ text: places }] },
      ],
      pictures,
    ),
  )
  const figures = page.split('<figure>').slice(1)
  expect(figures.map(figure => figure.includes('<svg'))).toEqual([false, true])
  expect(figures[1]).toContain('viewBox="0 0 200 80"')
})

test('what is learnt is told from what is given', async () => {
  const page = await pageOf(
    sample([
      { role: 'user', parts: [{ text: 'Question' }] },
      { role: 'assistant', parts: [{ text: 'Answer' }] },
    ]),
  )
  expect(page).toMatch(/<p class="turn given"[^>]*>.*Question/)
  expect(page).toMatch(/<p class="turn learnt"[^>]*>.*Answer/)
})

test('the page needs no other file', async () => {
  const page = await pageOf(...(await chosen([plain], { count: 3 })))
  expect(page.match(/<article>/g)).toHaveLength(3)
  expect([...page.matchAll(/(?:src|href)="([^"]{0,5})/g)].map(([, start]) => start)).toEqual([
    'data:',
    'data:',
    'data:',
  ])
})

test('everything is counted', async () => {
  const count = await countCorpus([plain])
  expect(count).toMatchObject({ samples: 240, refused: 0, pictures: 240, picturesOfSamples: { 1: 240 } })
  expect(count.width).toEqual({ least: 8, median: 10, most: 12 })
  expect(count.height).toEqual({ least: 6, median: 6, most: 6 })
  expect(count.turns).toEqual({ least: 2, median: 2, most: 2 })
  expect(count.objects).toEqual({ cloud: 120, sun: 120 })
  expect(count.tasks.map(({ task, language, format, samples }) => [task, language, format, samples])).toEqual([
    ['caption', 'en', 'raw', 80],
    ['vqa', 'en', 'raw', 80],
    ['vqa', 'zh', 'raw', 40],
    ['caption', 'zh', 'raw', 40],
  ])
  const samples = await chosen([plain], { count: 240 })
  const learnt = samples.reduce((sum, { turns }) => sum + (turns[1]!.parts[0] as { text: string }).text.length, 0)
  expect(count.learnt).toBe(learnt)
})

test('what cannot be read is counted too', async () => {
  writeFileSync(join(folder, 'text.png'), 'no picture')
  const rows = [{ image: 'text.png', caption: 'One.' }, { image: 'a.png' }]
  const reasons: string[] = []
  const path = writeRows(join(folder, 'broken.jsonl'), rows)
  const count = await countCorpus([path], { onRefused: reason => reasons.push(reason) })
  expect(count).toMatchObject({ samples: 1, refused: 2 })
  expect(reasons.sort()).toEqual([
    expect.stringMatching(/^broken\.jsonl:1: /),
    expect.stringMatching(/^broken\.jsonl:2: /),
  ])
})
