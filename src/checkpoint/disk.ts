/**
 * Room on a disk: how much is left, and errors that say how much is missing and what helps. Knows no downloads.
 */
import { stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DiskSpaceError } from './errors.ts'
import { formatBytes } from './storedType.ts'

/** Left free beside what is written: file systems need some room for themselves. Bytes. */
const MARGIN = 32 * 2 ** 20

/** Bytes that a user may still write under a folder, which need not exist yet; undefined where systems do not tell. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    try {
      await stat(at)
    } catch {
      if (dirname(at) === at) return undefined
      continue
    }
    try {
      const { bavail, bsize } = await statfs(at)
      return bavail * bsize
    } catch {
      return undefined
    }
  }
}

/** Throws a DiskSpaceError unless there is room. `advice` says what else can be done than to make room. */
export async function requireSpace(
  folder: string,
  needed: number,
  advice: string,
  free: (folder: string) => Promise<number | undefined> = freeBytes,
): Promise<void> {
  if (needed === 0) return
  const left = await free(folder)
  if (left === undefined || left >= needed + MARGIN) return
  throw new DiskSpaceError(
    `${folder} has room for ${formatBytes(left)}, but ${formatBytes(needed)} are needed: free ${formatBytes(needed + MARGIN - left)}, or ${advice}`,
    { needed, free: left },
  )
}

const codes = ['ENOSPC', 'EDQUOT']

/** Turns the error of a full disk into a DiskSpaceError, and leaves others as they are. */
export function explainFullDisk(error: unknown, file: string, needed: number, advice: string): unknown {
  if (!codes.includes((error as NodeJS.ErrnoException)?.code ?? '')) return error
  return new DiskSpaceError(
    `the disk was full before ${file} (${formatBytes(needed)}) was written: free some space, or ${advice}`,
    { needed, cause: error },
  )
}
