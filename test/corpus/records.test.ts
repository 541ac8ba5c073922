/** Large text files in pieces: every record belongs to one of them, wherever the borders fall. */
import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openRecordSource } from '../../src/corpus/sources/recordSource.ts'
import { findElements, findLines, findParagraphs, type RecordPlaces } from '../../src/corpus/sources/records.ts'
import { allSamples, temporaryFolder, withShard, writeRows } from './files.ts'

const folder = temporaryFolder()
const path = join(folder, 'file')

type Find = (file: Awaited<ReturnType<typeof open>>, from: number, to: number) => Promise<RecordPlaces>

/** The records of a text that is cut into parts of so many bytes. */
async function recordsOf(text: string, bytes: number, find: Find): Promise<string[]> {
  const content = Buffer.from(text)
  writeFileSync(path, content)
  const file = await open(path)
  try {
    const found: string[] = []
    for (let from = 0; from === 0 || from < content.length; from += bytes) {
      const { starts, ends } = await find(file, from, Math.min(from + bytes, content.length))
      starts.forEach((start, i) => {
        found.push(content.toString('utf8', start, ends[i]))
      })
    }
    return found
  } finally {
    await file.close()
  }
}

const texts = fc
  .array(fc.constantFrom('a', 'bb', 'ü', ' ', '\t', '\n', '\n', '\r\n', '\n\n'))
  .map(parts => parts.join(''))

test('each line of a file belongs to exactly one part', async () => {
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 12 }), async (text, bytes) => {
      const lines = text.split('\n').filter(line => line.trim() !== '')
      expect(await recordsOf(text, bytes, findLines)).toEqual(lines)
    }),
    { numRuns: 60 },
  )
})

test('each paragraph of a file belongs to exactly one part', async () => {
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 12 }), async (text, bytes) => {
      const paragraphs = text.split(/\n(?:[ \t\r]*(?:\n|$))+|^(?:[ \t\r]*\n)+/).filter(part => part.trim() !== '')
      const found = await recordsOf(text, bytes, findParagraphs)
      expect(found.map(part => part.trim())).toEqual(paragraphs.map(part => part.trim()))
    }),
    { numRuns: 60 },
  )
})

test('the elements of a JSON array are found however it is written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.constantFrom(0, 2), async (values, indent) => {
      writeFileSync(path, `\uFEFF${JSON.stringify(values, null, indent)}\n`)
      const file = await open(path)
      try {
        const { starts, ends } = await findElements(file, 'file')
        const bytes = await file.readFile()
        const found = starts.map((start, i) => JSON.parse(bytes.toString('utf8', start, ends[i])))
        expect(found).toEqual(JSON.parse(JSON.stringify(values)))
      } finally {
        await file.close()
      }
    }),
    { numRuns: 50 },
  )
})

test('strings of an array may be longer than a block, and end in backslashes at its border', async () => {
  const block = 2 ** 20
  for (const shift of [0, 1, 2, 3]) {
    const values = [
      `${'x'.repeat(block - 10 + shift)}${'\\"'.repeat(9)}`,
      { a: ['\\', '"]"', '\\\\"'] },
      'z'.repeat(3 * block),
    ]
    writeFileSync(path, JSON.stringify(values))
    const file = await open(path)
    const { starts, ends } = await findElements(file, 'file')
    const bytes = await file.readFile()
    await file.close()
    expect(starts.map((start, i) => JSON.parse(bytes.toString('utf8', start, ends[i])))).toEqual(values)
  }
})

test('an array that was cut off says where', async () => {
  writeFileSync(path, '[{"a": 1}, {"b": [2')
  const file = await open(path)
  await expect(findElements(file, 'rows.json')).rejects.toThrow(
    'rows.json: the JSON array has no end: the file stops inside element 1 (from byte 11 on); was it cut off?',
  )
  await file.close()
})

const rows = Array.from({ length: 200 }, (_, n) => ({ n, filling: 'x'.repeat(n % 37) }))
const read = (row: unknown, { id }: { id: string }) => [
  { id, task: String((row as { n: number }).n), format: 'raw' as const, pictures: [], turns: [] },
]

test('rows come from several shards of one file, in any order', async () => {
  const file = writeRows(join(folder, 'rows.jsonl'), rows)
  const source = await openRecordSource({ name: 'rows', files: [file], read, shardBytes: 1000 })
  expect(source.shards).toBeGreaterThan(5)
  expect((await allSamples(source)).map(({ task }) => Number(task))).toEqual(rows.map(({ n }) => n))
  const backwards = await withShard(source, 2, shard =>
    Promise.all(Array.from({ length: shard.length }, (_, i) => shard.read(shard.length - 1 - i))),
  )
  const numbers = backwards.flat().map(({ task }) => Number(task))
  expect(numbers).toEqual([...numbers].sort((a, b) => b - a))
})

test('a row that is no JSON names its line, and the rows around it can be read', async () => {
  const file = join(folder, 'broken.jsonl')
  writeFileSync(file, '{"n": 1}\n\n{"n": \n{"n": 3}\n')
  const source = await openRecordSource({ name: 'rows', files: [file], read })
  await withShard(source, 0, async shard => {
    expect(shard.length).toBe(3)
    await expect(shard.read(1)).rejects.toThrow(/^broken\.jsonl:3: is not JSON \(/)
    expect((await shard.read(2))[0]).toMatchObject({ id: 'broken.jsonl:4', task: '3' })
  })
})

test('a file that is not JSON is refused when it is opened', async () => {
  const file = join(folder, 'page.json')
  writeFileSync(file, '<html></html>')
  await expect(openRecordSource({ name: 'rows', files: [file], read })).rejects.toThrow(/it begins with "<html>/)
})
