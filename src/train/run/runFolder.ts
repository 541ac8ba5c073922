/**
 * What runs leave in their folder besides what they are for: removed before a run begins or goes on. Knows names, and
 * nothing of what the files hold.
 */
import { lstat, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** All that a run makes. Features of pictures stay: they are named by what they depend on. */
const MADE = ['checkpoints', 'model', 'adapter', 'events.jsonl', 'frozen.safetensors', 'recipe.yaml']

/** What a killed run was writing, or replacing. Names with `.tmp-12-0a1b2c3d` are of `checkpoint/`, which writes so. */
const UNFINISHED =
  /^(\.?(model|adapter)\.(partial(\.tmp-.*)?|removed)|recipe\.yaml\.partial|frozen\.safetensors\.tmp-.*)$/

/** Removes an earlier run. A folder without `recipe.yaml` is none of a run, and left alone. */
export async function clearRun(folder: string): Promise<void> {
  const known = await readFile(join(folder, 'recipe.yaml'), 'utf8').catch(() => undefined)
  if (known === undefined) return
  for (const name of MADE) await rm(join(folder, name), { recursive: true, force: true })
}

/**
 * Removes what a killed run left half-done; and where no run `goesOn`, frozen weights of one that came to no snapshot:
 * the next run may have others.
 */
export async function removeLeftovers(folder: string, goesOn: boolean): Promise<void> {
  for (const name of await readdir(folder)) {
    const isLeft = UNFINISHED.test(name) || (name === 'frozen.safetensors' && !goesOn)
    if (isLeft) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** Bytes that a run has written into its folder so far; a file of several names counts once. */
export async function runBytes(folder: string): Promise<number> {
  const files = new Map<number, number>()
  for (const name of MADE) await measure(join(folder, name), files)
  return [...files.values()].reduce((sum, bytes) => sum + bytes, 0)
}

/** Adds the files at and under a path, by their inodes. */
async function measure(path: string, files: Map<number, number>): Promise<void> {
  const about = await lstat(path).catch(() => undefined)
  if (about?.isFile()) files.set(about.ino, about.size)
  if (!about?.isDirectory()) return
  for (const name of await readdir(path).catch(() => [])) await measure(join(path, name), files)
}
