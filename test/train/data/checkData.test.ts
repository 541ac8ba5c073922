/** Looking at data before training: the text with what is learnt marked, pictures with their places, counts. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { openSources } from '../../../src/corpus/index.ts'
import { checkData, type DataSummary, type ShownSample } from '../../../src/train/data/index.ts'
import { temporaryFolder, writePicture, writeRows } from '../../corpus/files.ts'
import { openSmallest } from '../../text/vocabulary.ts'

const tokenizer = await openSmallest()
const folder = temporaryFolder()

test('the first samples are shown with what is learnt, drawn, and counted', async () => {
  await writePicture(join(folder, 'street.png'), 200, 100)
  const box = { label: 'bus', box: [20, 10, 120, 60] }
  writeRows(join(folder, 'rows.jsonl'), [
    { image: 'street.png', boxes: [box] },
    { image: 'gone.png', boxes: [box] },
    { image: 'street.png', boxes: [box], caption: 'A <0>.' },
  ])
  const sources = await openSources([{ boxes: 'rows.jsonl' }], folder)
  const drawn = join(folder, 'drawn')
  const shown: unknown[] = []
  for await (const event of checkData({ sources, tokenizer, sequence: 512, samples: 10, folder: drawn }))
    shown.push(event)

  const samples = shown.filter((event): event is ShownSample => (event as ShownSample).kind === 'sample')
  expect(samples.map(({ text }) => text).sort()).toEqual([
    '<img>street.png (16)</img><ref>bus</ref>[[<box>(100,100),(600,600)</box><|endoftext|>]]',
    '<img>street.png (16)</img>Generate the caption in English with grounding:[[ A <ref>bus</ref><box>(100,100),(600,600)</box>.<|endoftext|>]]',
  ])
  for (const { files } of samples) {
    expect(files.map(path => existsSync(path))).toEqual([true])
    const { data, info } = await sharp(files[0]).raw().toBuffer({ resolveWithObject: true })
    const pixel = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)]
    expect(pixel(190, 90)).toEqual([128, 127, 40])
    expect(pixel(70, 60)).not.toEqual([128, 127, 40]) // on the lower edge of the box
  }
  expect(shown.filter(event => (event as { kind: string }).kind === 'refused')).toEqual([
    { kind: 'refused', id: 'rows.jsonl:2', reason: expect.stringMatching(/there is no file .*gone\.png/) },
  ])
  const summary = shown.at(-1) as DataSummary
  expect(summary.refused).toBe(1)
  expect(Object.keys(summary.tasks).sort()).toEqual(['grounded-caption', 'grounding'])
  expect(summary.tasks['grounding']).toMatchObject({ samples: 1, pictures: 1, tokens: 18 + 5 + 22, supervised: 22 })
})
