/**
 * Loaded before the command line, it makes the disk full for that process: FULL_DISK=before leaves no room from the
 * start, FULL_DISK=during lets a download write its first 20,000 bytes.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

if (process.env['FULL_DISK'] === 'before') {
  const { statfs } = fs.promises
  fs.promises.statfs = (async (path: string) => ({ ...(await statfs(path)), bavail: 1, bsize: 4096 })) as typeof statfs
} else {
  const { open } = fs.promises
  fs.promises.open = async (...given) => {
    const handle = await open(...given)
    const write = handle.write.bind(handle) as (...given: unknown[]) => Promise<{ bytesWritten: number }>
    const limited = async (bytes: Uint8Array, offset: number, length: number, position: number) => {
      if (position + length > 20_000) {
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
      }
      return write(bytes, offset, length, position)
    }
    return Object.assign(handle, { write: limited })
  }
}
syncBuiltinESMExports()
