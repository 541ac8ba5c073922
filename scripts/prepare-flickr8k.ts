/**
 * Lays out the bilingual Flickr8k archive for training and for judging: photographs as files, and beside them, for each
 * split, captions (`pairs`), named places (`boxes`) and both as conversations.
 *
 *     npx tsx scripts/prepare-flickr8k.ts flickr8k_160.tar runs/flickr8k/data
 *
 * The archive holds `captions.jsonl` (five English and five Chinese captions for each photograph) and `grounding.jsonl`
 * (phrases of captions with boxes in thousandths). It may be used for non-commercial research; neither the photographs
 * nor weights that were trained on them may be passed on, so none of them is in this repository.
 */
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { readTarMembers } from '../src/corpus/sources/tar.ts'

interface Captions {
  readonly image: string
  readonly split: string
  readonly en: readonly string[]
  readonly zh: readonly string[]
}
interface Grounding {
  readonly image: string
  /** Boxes of each entity: x1, y1, x2, y2 in thousandths of the photograph. */
  readonly entities: Readonly<Record<string, readonly (readonly number[])[]>>
  readonly sentences: readonly {
    readonly phrases: readonly { readonly phrase: string; readonly entity: string }[]
  }[]
}

/** Photographs are squares of this size. Pixels. */
const side = 160
const splits = ['train', 'val', 'test']

const [archive, out] = process.argv.slice(2)
if (!archive || !out) {
  console.error('usage: npx tsx scripts/prepare-flickr8k.ts flickr8k_160.tar OUT')
  process.exit(2)
}

const temporary = `${out}.part-${process.pid}`
await rm(temporary, { recursive: true, force: true })
await mkdir(join(temporary, 'images'), { recursive: true })
const file = await open(archive)
for (const { name, offset, size } of await readTarMembers(file, archive)) {
  const { buffer } = await file.read(Buffer.alloc(size), 0, size, offset)
  const folder = basename(dirname(name)) === 'images' ? 'images' : '.'
  await writeFile(join(temporary, folder, basename(name)), buffer)
}
await file.close()

const rowsOf = async <Row>(name: string): Promise<Row[]> =>
  (await readFile(join(temporary, name), 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Row)
const groundings = new Map((await rowsOf<Grounding>('grounding.jsonl')).map(row => [row.image, row]))

/** Every phrase of the captions with the boxes of what it names, in pixels; said twice, it counts once. */
function placesOf(image: string): { label: string; boxes: number[][] }[] {
  const { entities = {}, sentences = [] } = groundings.get(image) ?? {}
  const places = new Map<string, number[][]>()
  for (const { phrase, entity } of sentences.flatMap(({ phrases }) => phrases)) {
    const boxes = entities[entity]?.map(box => box.map(value => Math.round((value * side) / 100) / 10))
    const label = phrase.toLowerCase().replace(/\s+([.,'])/g, '$1')
    if (boxes && boxes.length > 0) places.set(label, boxes)
  }
  return [...places].map(([label, boxes]) => ({ label, boxes }))
}

/** `A dog runs .` → `A dog runs.` */
const tidy = (caption: string) => caption.trim().replace(/\s+([.,!?])/g, '$1')

const captions = await rowsOf<Captions>('captions.jsonl')
for (const split of splits) {
  const rows = captions.filter(row => row.split === split)
  const write = (name: string, lines: readonly unknown[]) =>
    writeFile(join(temporary, `${split}-${name}.jsonl`), `${lines.map(line => JSON.stringify(line)).join('\n')}\n`)
  await write(
    'captions',
    rows.flatMap(({ image, en, zh }) => [
      ...en.map(caption => ({ image, caption: tidy(caption), language: 'en' })),
      ...zh.map(caption => ({ image, caption: tidy(caption), language: 'zh' })),
    ]),
  )
  await write(
    'boxes',
    rows
      .map(({ image }) => ({
        image,
        boxes: placesOf(image).flatMap(({ label, boxes }) => boxes.map(box => ({ label, box }))),
      }))
      .filter(({ boxes }) => boxes.length > 0),
  )
  await write(
    'texts',
    rows.flatMap(({ en, zh }) => [...en, ...zh].map(caption => ({ text: tidy(caption) }))),
  )
  console.log(`${split}: ${rows.length} photographs`)
}
await rename(temporary, out)
