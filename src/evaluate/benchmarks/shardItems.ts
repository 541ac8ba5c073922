/**
 * Items out of archives of samples: those of a folder, and those of the folders in it, which are the parts of a
 * benchmark. Knows no tasks.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { tarSource } from '../../corpus/sources/tarSource.ts'
import { BenchmarkError, type BenchmarkItem, type OpenedBenchmark } from './benchmark.ts'
import { sampleItem } from './sampleItem.ts'

/**
 * Opens `folder/*.tar` and `folder/PART/*.tar`. `taskOf` gives the task of an item by that of its sample and by its part
 * ('' for archives of the folder itself). Ids are `PART/SHARD.tar/KEY`.
 *
 * Throws a BenchmarkError for a folder without archives, and a SourceError for an archive that cannot be read.
 */
export async function openShards(
  folder: string,
  taskOf: (task: string, part: string) => string,
): Promise<OpenedBenchmark> {
  const files = await archives(folder)
  if (files.length === 0) {
    throw new BenchmarkError(
      `${folder} has no shards: DIR/*.tar or DIR/PART/*.tar were looked for; "qwen-vl corpus make" makes them`,
    )
  }
  return { fingerprint: await hashOf(folder, files), items: () => readItems(folder, files, taskOf) }
}

async function archives(folder: string): Promise<string[]> {
  const inOrder = async (at: string) =>
    (await readdir(at, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  const isArchive = (name: string) => name.endsWith('.tar') && !name.startsWith('.')
  const found: string[] = []
  for (const entry of await inOrder(folder)) {
    const path = join(folder, entry.name)
    if (isArchive(entry.name)) found.push(path)
    else if (entry.isDirectory()) {
      found.push(...(await inOrder(path)).filter(({ name }) => isArchive(name)).map(({ name }) => join(path, name)))
    }
  }
  return found
}

/** SHA-256 over names and contents: the same items in another place are the same. */
async function hashOf(folder: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(`${relative(folder, file)}\n`)
    for await (const bytes of createReadStream(file)) hash.update(bytes)
  }
  return hash.digest('hex')
}

async function* readItems(
  folder: string,
  files: readonly string[],
  taskOf: (task: string, part: string) => string,
): AsyncGenerator<BenchmarkItem> {
  const source = tarSource(folder, files)
  for (const [at, file] of files.entries()) {
    const part = dirname(relative(folder, file)) === '.' ? '' : basename(dirname(file))
    const shard = await source.open(at)
    try {
      for (let index = 0; index < shard.length; index++) {
        const [sample] = await shard.read(index)
        const id = part === '' ? shard.nameOf(index) : `${part}/${shard.nameOf(index)}`
        if (sample !== undefined) yield sampleItem(sample, { id, task: taskOf(sample.task, part) })
      }
    } finally {
      await shard.close()
    }
  }
}
