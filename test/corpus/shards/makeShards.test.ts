/** Archives that are made: the same bytes in every way that they can be come by, whole or not at all, and read back. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSources } from '../../../src/corpus/index.ts'
import type { MakeEvent } from '../../../src/corpus/shards/events.ts'
import { makeShards } from '../../../src/corpus/shards/makeShards.ts'
import { allSamples, temporaryFolder } from '../files.ts'
import { makePlain, plainCorpus } from './made.ts'

const folder = temporaryFolder()
const undisturbed = join(folder, 'undisturbed')
const count = 250

/** Every file of a folder by its hash. */
const hashes = (path: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(path)
      .sort()
      .map(name => [
        name,
        createHash('sha256')
          .update(readFileSync(join(path, name)))
          .digest('hex'),
      ]),
  )

/** The undisturbed corpus, made once. */
const wanted = makeShards({ ...plainCorpus(undisturbed, count), workers: 1 }).then(() => hashes(undisturbed))

test('the bytes do not depend on the number of threads', async () => {
  const out = join(folder, 'threads')
  const report = await makeShards({ ...plainCorpus(out, count), workers: 3 })
  expect(report).toMatchObject({ samples: count, shards: 3, kept: 0 })
  expect(hashes(out)).toEqual(await wanted)
})

test('work that is cancelled leaves whole archives, goes on behind them, and ends with the same bytes', async () => {
  const out = join(folder, 'cancelled')
  const stop = new AbortController()
  const onEvent = (event: MakeEvent) => {
    if (event.type === 'progress' && event.done >= 130) stop.abort(new Error('enough'))
  }
  await expect(makeShards({ ...plainCorpus(out, count), signal: stop.signal, onEvent })).rejects.toThrow('enough')
  expect(Object.keys(hashes(out))).toEqual(['corpus.json', 'shard-00000.tar'])
  const events: MakeEvent[] = []
  const report = await makeShards({ ...plainCorpus(out, count), onEvent: event => events.push(event) })
  expect(report.kept).toBe(100)
  expect(events.flatMap(event => (event.type === 'shard' ? [event.file] : []))).toEqual([
    'shard-00001.tar',
    'shard-00002.tar',
  ])
  expect(hashes(out)).toEqual(await wanted)
})

test('what a killed process leaves is cleared away: half an archive, one that was cut short, one that is not listed', async () => {
  const out = join(folder, 'killed')
  await makeShards(plainCorpus(out, count))
  const manifest = JSON.parse(readFileSync(join(out, 'corpus.json'), 'utf8'))
  writeFileSync(join(out, 'corpus.json'), JSON.stringify({ ...manifest, shards: manifest.shards.slice(0, 2) }))
  writeFileSync(join(out, 'shard-00001.tar'), 'half')
  writeFileSync(join(out, 'shard-00002.tar.part-999999999'), 'half of another')
  expect((await makeShards(plainCorpus(out, count))).kept).toBe(100)
  expect(hashes(out)).toEqual(await wanted)
})

test('more samples of the same recipe are added to those that are there', async () => {
  const out = join(folder, 'grown')
  await makeShards(plainCorpus(out, 150))
  const before = hashes(out)
  expect((await makeShards(plainCorpus(out, count))).kept).toBe(100) // the archive of 50 is filled up
  expect(hashes(out)).toEqual(await wanted)
  expect(hashes(out)['shard-00000.tar']).toBe(before['shard-00000.tar'])
  await expect(makeShards(plainCorpus(out, 150))).rejects.toThrow(/more than 150 samples already.*--fresh/)
})

test('a folder with another corpus is refused with what differs; --fresh makes it anew', async () => {
  const out = join(folder, 'other')
  await makeShards(plainCorpus(out, 120, { seed: 1 }))
  await expect(makeShards(plainCorpus(out, count))).rejects.toThrow(
    /other has another corpus: recipe\.seed was 1 and is 3; name another folder, or add --fresh/,
  )
  await makeShards({ ...plainCorpus(out, count), fresh: true })
  expect(hashes(out)).toEqual(await wanted)
})

test('archives of somebody else are never touched', async () => {
  const out = join(folder, 'foreign')
  await makeShards(plainCorpus(out, 20))
  rmSync(join(out, 'corpus.json'))
  for (const fresh of [false, true]) {
    await expect(makeShards({ ...plainCorpus(out, 20), fresh })).rejects.toThrow(
      /shard-00000\.tar, and no corpus\.json/,
    )
  }
  writeFileSync(join(out, 'corpus.json'), '{}')
  await expect(makeShards(plainCorpus(out, 20))).rejects.toThrow(/corpus\.json does not say what was made/)
})

test('the archives are read back as the same samples', async () => {
  await wanted
  const [opened] = await openSources([{ shards: undisturbed }])
  const samples = await allSamples(opened!.source)
  expect(samples).toHaveLength(count)
  for (const index of [0, 99, 100, 249]) {
    const { pictures, ...made } = await makePlain({ seed: 3 }, index)
    const { pictures: read, id, ...others } = samples[index]!
    expect(others).toEqual({ ...made, provenance: `plain, seed 3, sample ${index}` })
    expect(id).toBe(`shard-0000${Math.floor(index / 100)}.tar/${String(index).padStart(8, '0')}`)
    expect(new Uint8Array(await (read[0] as Blob).arrayBuffer())).toEqual(pictures[0]!.data)
  }
})

test('a sample that cannot be made ends the work, and is named', async () => {
  const out = join(folder, 'broken')
  const making = makeShards(plainCorpus(out, count, { seed: 3, broken: 171 }))
  await expect(making).rejects.toThrow('sample 171 could not be made: there is no paint left')
  expect(Object.keys(hashes(out))).toEqual(['corpus.json', 'shard-00000.tar'])
})

test('a thread that dies ends the work', async () => {
  const out = join(folder, 'deadly')
  const making = makeShards(plainCorpus(out, count, { seed: 3, deadly: 30 }))
  await expect(making).rejects.toThrow('a thread that makes samples ended by itself (status 3)')
  expect(Object.keys(hashes(out))).toEqual(['corpus.json'])
})
