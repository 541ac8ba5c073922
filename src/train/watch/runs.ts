/** Where runs have their logs: finds them in folders, and names them. Reads no log. */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { LogError } from './errors.ts'
import { logName } from './log.ts'

/** A log, under a name that tells it from the others that were found with it. */
export interface FoundRun {
  readonly name: string
  readonly path: string
  /** When it was last written, in milliseconds since 1970; 0 before it is there. */
  readonly modified: number
}

/** So deep below a folder logs are looked for, and so many of them are taken. */
const deepest = 3
const mostRuns = 500

/** Most folders that are looked into. */
const mostFolders = 20_000

/**
 * The logs at these places, without repetition: a log, a run's folder (which has `events.jsonl`), or a folder with
 * runs up to three folders deep. A path that ends in `.jsonl` is taken as a log, even before it is there. Throws a
 * LogError for a place without any log.
 */
export async function findRuns(places: readonly string[]): Promise<FoundRun[]> {
  const found = new Map<string, string>() // path → name
  const add = (path: string, name: string) => {
    if (found.size < mostRuns && !found.has(path)) found.set(path, name)
  }
  for (const place of places) {
    const path = resolve(place)
    const info = await stat(path).catch(() => undefined)
    if (!info && !path.endsWith('.jsonl')) throw new LogError(place, 'there is no such folder or log')
    if (!info?.isDirectory()) {
      add(path, basename(path) === logName ? basename(dirname(path)) : basename(path))
      continue
    }
    const logs = await logsBelow(path)
    if (logs.length === 0)
      throw new LogError(place, `there is no ${logName} in this folder, nor up to ${deepest} folders below it`)
    for (const log of logs) {
      const folder = dirname(log)
      add(log, folder === path ? basename(path) : relative(path, folder).split(sep).join('/'))
    }
  }
  const times = await Promise.all(
    [...found.keys()].map(path =>
      stat(path).then(
        info => info.mtimeMs,
        () => 0,
      ),
    ),
  )
  return distinct(found).map((run, i) => ({ ...run, modified: times[i] as number }))
}

/** A folder's own log, or else those of the folders below it. A run's own folders hold checkpoints, and no runs. */
async function logsBelow(top: string): Promise<string[]> {
  const logs: string[] = []
  let level = [top]
  let seen = 0
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const next: string[] = []
    for (const folder of level) {
      if (++seen > mostFolders || logs.length >= mostRuns) return logs.sort()
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
      if (entries.some(entry => entry.name === logName && !entry.isDirectory())) logs.push(join(folder, logName))
      else next.push(...entries.filter(entry => entry.isDirectory()).map(entry => join(folder, entry.name)))
    }
    level = next
  }
  return logs.sort()
}

/** Names that are the same get their whole paths. */
function distinct(found: ReadonlyMap<string, string>): Omit<FoundRun, 'modified'>[] {
  const times = new Map<string, number>()
  for (const name of found.values()) times.set(name, (times.get(name) ?? 0) + 1)
  return [...found].map(([path, name]) => ({ path, name: times.get(name) === 1 ? name : path }))
}
