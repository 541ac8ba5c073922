/** Files that are there whole or not at all. */
import { rename, rm, writeFile } from 'node:fs/promises'

/** Writes a file under a temporary name beside it and renames it. What was there stays until then. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.partial`
  try {
    await writeFile(temporary, content)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
