/**
 * The folder that a corpus is written into: archives that are there whole or not at all, and the list of them. What was
 * cut off leaves whole archives behind, and the same work goes on behind them. Knows no samples.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../checkpoint/replaceFile.ts'
import { CorpusFolderError } from './errors.ts'
import { differences, type Manifest, manifestName, manifestText, readManifest, type WholeShard } from './manifest.ts'
import { beginShard, type OpenShard, recheckShard } from './shardFile.ts'

/** `shard-00012.tar.part-4711`, with the process that writes it. */
const unfinished = /^[\w-]+\.tar\.part-(\d+)$/

/** `train-00012.tar` */
export const shardName = (part: string, index: number): string => `${part}-${String(index).padStart(5, '0')}.tar`

export class ShardFolder {
  readonly path: string
  readonly #made: Manifest['made']
  /** By file, in the order in which they are to be told. */
  readonly #whole = new Map<string, WholeShard>()

  private constructor(path: string, made: Manifest['made']) {
    this.path = path
    this.#made = made
  }

  /**
   * Makes the folder, or looks at what lies there. `made` is all that decides about the bytes. `fresh` removes the
   * archives that an earlier call has listed. Throws a CorpusFolderError where something else was made.
   */
  static async open(path: string, made: Manifest['made'], { fresh = false } = {}): Promise<ShardFolder> {
    const folder = new ShardFolder(path, JSON.parse(JSON.stringify(made)))
    await mkdir(path, { recursive: true })
    const before = await readManifest(join(path, manifestName))
    const present = await readdir(path)
    if (before === undefined) {
      const foreign = present.find(name => name.endsWith('.tar'))
      if (foreign !== undefined) {
        throw new CorpusFolderError(`${path} has ${foreign}, and no ${manifestName} says of what: name another folder`)
      }
    } else if (fresh) {
      for (const { file } of before.shards) await rm(join(path, file), { force: true })
    } else {
      const different = differences(before.made, folder.#made)
      if (different.length > 0) {
        const told = `${different.slice(0, 5).join(', ')}${different.length > 5 ? `, and ${different.length - 5} more` : ''}`
        throw new CorpusFolderError(
          `${path} has another corpus: ${told}; name another folder, or add --fresh to make it anew`,
        )
      }
      for (const shard of before.shards) {
        const size = (await stat(join(path, shard.file)).catch(() => undefined))?.size
        if (size === shard.bytes) folder.#whole.set(shard.file, shard)
      }
    }
    await removeUnfinished(path, present)
    await folder.#list()
    return folder
  }

  /** Archives that are whole. */
  get shards(): readonly WholeShard[] {
    return [...this.#whole.values()]
  }

  /** The archive of that name, if it is whole. */
  whole(file: string): WholeShard | undefined {
    return this.#whole.get(file)
  }

  /** Begins an archive. The caller finishes or abandons it. */
  begin(file: string): Promise<OpenShard> {
    return beginShard(join(this.path, file), async written => {
      const shard = { file, ...written }
      this.#whole.set(file, shard)
      await this.#list()
      return shard
    })
  }

  /** As `begin`; but where the archive is whole already, only sees whether it would become the same. */
  async beginOrRecheck(file: string): Promise<OpenShard> {
    const there = this.#whole.get(file)
    return there === undefined ? this.begin(file) : recheckShard(join(this.path, file), there)
  }

  /** Writes another file into the folder. */
  write(name: string, content: string): Promise<void> {
    return replaceFile(join(this.path, name), content)
  }

  #list(): Promise<void> {
    const shards = this.shards.toSorted((a, b) => (a.file < b.file ? -1 : 1))
    return this.write(manifestName, manifestText({ made: this.#made, shards }))
  }
}

/** What processes that are gone have left. */
async function removeUnfinished(path: string, present: readonly string[]): Promise<void> {
  for (const name of present) {
    const owner = unfinished.exec(name)?.[1]
    if (owner !== undefined && !isRunning(Number(owner))) await rm(join(path, name), { force: true })
  }
}

function isRunning(process_: number): boolean {
  if (process_ === process.pid) return false
  try {
    process.kill(process_, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
