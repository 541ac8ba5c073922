/**
 * Lets one process at a time do something with a folder. A process that is gone holds nothing: its lock is taken over.
 */
import { readFileSync } from 'node:fs'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { CheckpointError } from './errors.ts'

/** So long a process that has the lock may take to end. */
const PATIENCE_MS = 3000

/** Takes the lock, and gives what releases it. `what` is done under it: `downloading Qwen/Qwen-VL`. Throws a CheckpointError that names the process that has it. */
export async function lock(path: string, what: string): Promise<() => Promise<void>> {
  const own = `${hostname()} ${process.pid}`
  await mkdir(dirname(path), { recursive: true })
  for (let attempt = 0; ; attempt++) {
    try {
      const handle = await open(path, 'wx')
      await handle.writeFile(own)
      await handle.close()
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = await readFile(path, 'utf8').catch(() => '')
    // Another process may have made the file and not yet written its name.
    if (holder === '' && attempt === 0) {
      await new Promise(resolve => setTimeout(resolve, 200))
      continue
    }
    // A process that is being ended, with others of its job, takes a moment to be gone.
    const deadline = performance.now() + PATIENCE_MS
    while (isAlive(holder) && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 100))
    if (attempt > 2 || isAlive(holder)) {
      throw new CheckpointError(
        `another process (${holder || 'unknown'}) is ${what}: wait for it, or remove ${path} if there is none`,
      )
    }
    await rm(path, { force: true })
  }
}

/** Processes of other machines, which may share the cache, cannot be asked. */
function isAlive(holder: string): boolean {
  const [host, pid] = holder.split(' ')
  if (host !== hostname()) return host !== '' && host !== undefined
  if (isZombie(Number(pid))) return false
  try {
    return process.kill(Number(pid), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** One that has ended, and whose parent has not asked how: it still has its number. Linux only. */
function isZombie(pid: number): boolean {
  try {
    return /\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
