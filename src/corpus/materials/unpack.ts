/**
 * Takes what is wanted out of a package's archive, and nothing that would lie elsewhere or is larger than anything
 * asked for. Knows not what the files are.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { readTarMembers } from '../sources/tar.ts'
import { MaterialsError } from './errors.ts'

/** The largest archive, unpacked, and the largest file of one. Bytes. */
const largestArchive = 2 ** 30
const largestFile = 2 ** 28

/**
 * Writes the members of a .tgz that `files` names, with what the licence says, below `into`, without the folder that
 * npm puts all in. Throws a MaterialsError for an archive that is damaged, too large or lacks one, and for a member that
 * would lie outside.
 */
export async function unpack(archive: string, files: readonly string[], into: string): Promise<void> {
  const tar = `${archive}.tar`
  try {
    await pipeline(createReadStream(archive), createGunzip(), atMost(largestArchive, archive), createWriteStream(tar))
    await unpackTar(tar, files, into)
  } catch (error) {
    if (error instanceof MaterialsError) throw error
    throw new MaterialsError(`${archive} cannot be unpacked: ${(error as Error).message}`, { cause: error })
  } finally {
    await rm(tar, { force: true })
  }
}

async function unpackTar(tar: string, files: readonly string[], into: string): Promise<void> {
  const missing = new Set(files)
  const file = await open(tar)
  try {
    for (const { name, offset, size } of await readTarMembers(file, tar)) {
      const path = name.slice(name.indexOf('/') + 1)
      const asked = files.find(wanted => path === wanted || (wanted.endsWith('/') && path.startsWith(wanted)))
      if (asked === undefined && !/^licen[cs]e[\w.]*$/i.test(path)) continue
      if (!staysInside(path)) throw new MaterialsError(`"${name}" in ${tar} would lie outside its folder: not unpacked`)
      if (size > largestFile)
        throw new MaterialsError(`"${name}" in ${tar} has ${size} bytes, more than ${largestFile}`)
      if (asked !== undefined) missing.delete(asked)
      const content = Buffer.alloc(size)
      await file.read(content, 0, size, offset)
      await mkdir(dirname(join(into, path)), { recursive: true })
      await writeFile(join(into, path), content)
    }
  } finally {
    await file.close()
  }
  if (missing.size > 0) throw new MaterialsError(`${tar} lacks ${[...missing].join(', ')}`)
}

/** Relative, with plain names only: no `..`, no drive, no backslash. */
const staysInside = (path: string) =>
  path.split('/').every(part => part !== '' && part !== '.' && part !== '..' && !/[\\:\0]/.test(part))

/** Fails once more bytes than that have passed, so that a small archive cannot fill the disk. */
function atMost(bytes: number, archive: string): Transform {
  let passed = 0
  return new Transform({
    transform(chunk: Buffer, _, done) {
      passed += chunk.length
      if (passed <= bytes) done(null, chunk)
      else done(new MaterialsError(`${archive} unpacks to more than ${bytes} bytes: not unpacked`))
    },
  })
}
