/**
 * Snapshots of a run, which its users know as checkpoints: folders from which it goes on as if nothing had happened, each a whole model that can be asked
 * questions too. A snapshot is there entirely or not at all: it is written under another name, brought to the disk and
 * renamed. What is trained is written each time; what is frozen is written once per run and linked.
 *
 *     runs/mine/checkpoints/step-000500/
 *       config.json, qwen.tiktoken, model-*.safetensors …   the model in the published layout
 *       training/state.json                                 step, place in the data, recipe
 *       training/optimiser-00001-of-00001.safetensors       moments, one file for each process
 */
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { explainFullDisk, requireSpace } from '../../checkpoint/disk.ts'
import type { Processes } from '../parallel/processes.ts'
import type { Companions } from './origin.ts'

const FOLDER = 'checkpoints'
const PARTIAL = '.partial'
const REMOVED = '.removed'
/** What is written elsewhere first, as adapters are, ends in `.partial.tmp-12-0a1b2c3d`. */
const UNFINISHED = /\.(partial(\.tmp-.*)?|removed)$/
const ADVICE = 'keep fewer checkpoints (checkpoints.keep)'

const stateSchema = z.object({
  version: z.literal(1),
  step: z.int().nonnegative(),
  /** Of the whole run. */
  steps: z.int().positive(),
  /** Where the data stands: opaque here. */
  position: z.unknown(),
  /** The recipe as it was run, in YAML. */
  recipe: z.string(),
  /** Samples that were left out so far. */
  refused: z.int().nonnegative(),
  /** Lowest evaluation loss so far, and its step. */
  best: z.object({ loss: z.number(), step: z.int() }).optional(),
})

export type RunState = z.infer<typeof stateSchema>

/** A snapshot that cannot be used: what is wrong with it, and where. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError'
}

export interface Snapshot {
  readonly path: string
  readonly step: number
}

/** What a snapshot is made of. Every process calls `save` with the same step. */
export interface SnapshotContents {
  readonly state: RunState
  readonly companions: Companions
  /** Writes the trained weights into a folder. Called by the first process only. */
  readonly writeWeights: (folder: string) => Promise<void>
  /** Writes this process's part of the optimiser's state into a folder. */
  readonly writeOptimiser: (folder: string) => Promise<void>
  /** About how many bytes all processes will write. */
  readonly bytes: number
}

export class Snapshots {
  readonly #folder: string
  readonly #processes: Processes

  constructor(run: string, processes: Processes) {
    this.#folder = join(run, FOLDER)
    this.#processes = processes
  }

  /** Removes what a killed run left half-written or half-removed. For the first process, before anything else. */
  async tidy(): Promise<void> {
    for (const name of await listed(this.#folder)) {
      if (UNFINISHED.test(name)) await rm(join(this.#folder, name), { recursive: true, force: true })
    }
  }

  /** The snapshots that are there, the latest first. */
  async list(): Promise<Snapshot[]> {
    const found = (await listed(this.#folder)).flatMap(name => {
      const match = /^step-(\d+)$/.exec(name)
      return match ? [{ path: join(this.#folder, name), step: Number(match[1]) }] : []
    })
    return found.sort((a, b) => b.step - a.step)
  }

  /**
   * Writes a snapshot, together with the other processes. Gives its path. Whatever goes wrong (a full disk, a kill), the
   * snapshots before it stay as they are.
   */
  async save(contents: SnapshotContents): Promise<string> {
    const { rank } = this.#processes
    const path = join(this.#folder, `step-${String(contents.state.step).padStart(6, '0')}`)
    const partial = path + PARTIAL
    const training = join(partial, 'training')
    try {
      if (rank === 0) {
        await rm(partial, { recursive: true, force: true })
        await mkdir(training, { recursive: true })
        await requireSpace(this.#folder, contents.bytes, ADVICE)
        await contents.writeWeights(partial)
        for (const [name, content] of Object.entries(contents.companions)) await writeDown(join(partial, name), content)
        await writeDown(join(training, 'state.json'), `${JSON.stringify(contents.state)}\n`)
      }
      await this.#processes.barrier()
      await this.#checkShared(training)
      await contents.writeOptimiser(training)
      await this.#processes.barrier()
      if (rank === 0) {
        await syncFolder(training)
        await replaceFolder(partial, path)
      }
      await this.#processes.barrier()
      return path
    } catch (error) {
      await rm(partial, { recursive: true, force: true }).catch(() => {})
      throw explainFullDisk(error, path, contents.bytes, ADVICE)
    }
  }

  async #checkShared(training: string): Promise<void> {
    const isHere = await stat(join(training, 'state.json')).catch(() => undefined)
    if (isHere) return
    throw new SnapshotError(
      `process ${this.#processes.rank} does not see ${training}, which process 0 has made: the folder of a run must be shared by all machines`,
    )
  }

  /** Removes snapshots that the policy does not keep. For the first process. */
  async prune({ keep, keepEvery, also }: RetentionPolicy): Promise<void> {
    const all = await this.list()
    for (const [age, { path, step }] of all.entries()) {
      const isKept = age < keep || (keepEvery !== undefined && step % keepEvery === 0) || also.includes(step)
      if (isKept) continue
      // Renamed first: half a snapshot must not look like one.
      await rename(path, path + REMOVED)
      await rm(path + REMOVED, { recursive: true, force: true })
    }
  }
}

export interface RetentionPolicy {
  /** The latest so many. */
  readonly keep: number
  /** And those whose step is a multiple of this. */
  readonly keepEvery?: number
  /** And these steps. */
  readonly also: readonly number[]
}

/** Reads a snapshot's state. Throws a SnapshotError that says what is missing or damaged. */
export async function readState({ path }: Snapshot): Promise<RunState> {
  const file = join(path, 'training', 'state.json')
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new SnapshotError(`${file} cannot be read (${cause.code})`, { cause })
  })
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new SnapshotError(`${file} is damaged: remove ${path}, and the run goes on from the snapshot before`, {
      cause,
    })
  }
}

async function listed(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

/** Writes a file and brings it to the disk. */
export async function writeDown(path: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'w')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Puts a folder in the place of another. The names in it reach the disk before the new name does. */
export async function replaceFolder(from: string, to: string): Promise<void> {
  await syncFolder(from)
  const isThere = await stat(to).catch(() => undefined)
  if (isThere) {
    await rm(to + REMOVED, { recursive: true, force: true })
    await rename(to, to + REMOVED)
  }
  await rename(from, to)
  await syncFolder(join(to, '..'))
  await rm(to + REMOVED, { recursive: true, force: true })
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return // folders cannot be opened there
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A second name for a file; a copy where the file system has no links. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch {
    await copyFile(from, to)
  }
}

/** Writes a file under a temporary name and renames it. */
export async function writeWhole(path: string, content: string): Promise<void> {
  await writeFile(path + PARTIAL, content)
  await rename(path + PARTIAL, path)
}
