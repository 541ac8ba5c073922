/**
 * Gets the archive of a package by the user's own npm, so that their mirror, proxy and cache hold here too, and checks
 * that it is the one that was pinned. Runs nothing of what is in it.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { MaterialsError } from './errors.ts'
import type { MaterialPackage } from './packages.ts'

/** What is needed of a package to get it. */
export type PinnedPackage = Pick<MaterialPackage, 'name' | 'version' | 'integrity'>

/** Puts a package's archive into a folder, which is empty before, and gives its path. May throw anything. */
export type Download = (wanted: PinnedPackage, into: string, signal?: AbortSignal) => Promise<string>

/** On Windows npm is a script that only a shell runs; the program behind it lies beside Node.js. */
const npm: readonly [string, ...string[]] =
  process.platform === 'win32'
    ? [process.execPath, join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js')]
    : ['npm']

/** `npm pack NAME@VERSION`. Throws a MaterialsError where there is no npm, no network or no such package. */
export const npmPack: Download = async (wanted, into, signal) => {
  const name = `${wanted.name}@${wanted.version}`
  const [program, ...first] = npm
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  try {
    await promisify(execFile)(program, [...first, 'pack', name, ...options, '--pack-destination', into], {
      cwd: into,
      maxBuffer: 2 ** 24,
      ...(signal && { signal }),
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw new MaterialsError(`${name} was not fetched: ${reasonOf(error)}`, { cause: error })
  }
  const archive = (await readdir(into)).find(file => file.endsWith('.tgz'))
  if (archive !== undefined) return join(into, archive)
  throw new MaterialsError(`${name} was not fetched: npm pack left no archive behind. Try it by hand: npm pack ${name}`)
}

/** Throws a MaterialsError where the archive is not the pinned one. */
export async function checkIntegrity(archive: string, wanted: PinnedPackage): Promise<void> {
  const hash = createHash('sha512')
  for await (const chunk of createReadStream(archive)) hash.update(chunk as Buffer)
  const found = `sha512-${hash.digest('base64')}`
  if (found === wanted.integrity) return
  throw new MaterialsError(
    `${wanted.name}@${wanted.version} is not what it was: its archive has ${found}, pinned is ${wanted.integrity}. ` +
      'Either the registry that npm is set to changed it, or it was damaged on the way: nothing of it was used',
  )
}

function reasonOf(error: unknown): string {
  const { code, stderr = '' } = error as { code?: string | number; stderr?: string }
  if (code === 'ENOENT') return 'there is no npm on the PATH. It comes with Node.js: install it, or mend the PATH'
  if (/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/.test(stderr)) {
    return 'the registry that npm is set to cannot be reached. Check the network, or copy a filled materials folder here'
  }
  if (/\bE404\b/.test(stderr)) return 'the registry that npm is set to does not have it. See npm config get registry'
  const said = stderr.split('\n').filter(line => line.startsWith('npm error') && !line.includes('complete log'))
  return said.length === 0 ? String(error) : `npm says: ${said.map(line => line.slice(10)).join(' ')}`
}
