/** Files for tests of data: folders that go away, pictures of one colour, rows and archives. Knows nothing of what is tested. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { pack } from 'tar-stream'
import { afterAll } from 'vitest'
import type { SampleSource, Shard } from '../../src/corpus/index.ts'
import type { Sample } from '../../src/corpus/sample.ts'

/** A folder that is removed when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qwen-vl-data-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A PNG of one colour. */
export const picture = (width: number, height: number, shade = 128): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: { r: shade, g: 255 - shade, b: 40 } } })
    .png()
    .toBuffer()

export async function writePicture(path: string, width: number, height: number, shade?: number): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, await picture(width, height, shade))
  return path
}

export function writeRows(path: string, rows: readonly unknown[]): string {
  writeFileSync(path, rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  return path
}

/** An archive of members by name. */
export async function archive(members: Readonly<Record<string, string | Uint8Array>>): Promise<Buffer> {
  const packing = pack()
  for (const [name, content] of Object.entries(members)) packing.entry({ name }, Buffer.from(content as Uint8Array))
  packing.finalize()
  const parts: Buffer[] = []
  for await (const part of packing) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** All samples of all shards in their order. Throws for the first entry that cannot be read. */
export async function allSamples(source: SampleSource): Promise<Sample[]> {
  const found: Sample[] = []
  for (let i = 0; i < source.shards; i++) {
    await withShard(source, i, async shard => {
      for (let entry = 0; entry < shard.length; entry++) found.push(...(await shard.read(entry)))
    })
  }
  return found
}

export async function withShard<Result>(
  source: SampleSource,
  index: number,
  work: (shard: Shard) => Promise<Result>,
): Promise<Result> {
  const shard = await source.open(index)
  try {
    return await work(shard)
  } finally {
    await shard.close()
  }
}

/** A sample's turns as text, `{0}` for its first picture. */
export const written = ({ turns }: Sample): string[] =>
  turns.map(
    ({ role, parts }) => `${role}: ${parts.map(part => ('text' in part ? part.text : `{${part.picture}}`)).join('')}`,
  )
