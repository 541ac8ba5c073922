/** How much memory a process has and had at most, by one measure for everybody: resident pages, as Linux counts them. */
import { readFileSync } from 'node:fs'

/**
 * Bytes; undefined where the system has no /proc. Not `getrusage`: what that tells of a young process begins with the size
 * of the one that started it.
 */
export function residentBytes(pid: number | 'self', kind: 'now' | 'most'): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const line = new RegExp(`^${kind === 'now' ? 'VmRSS' : 'VmHWM'}:\\s+(\\d+) kB`, 'm').exec(status)
    return line ? Number(line[1]) * 1024 : undefined
  } catch {
    return undefined
  }
}
