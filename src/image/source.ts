/**
 * Where a picture can come from in Node, and what a call allows: a file, an address, bytes in memory. Ends with bytes and
 * a name for messages. Knows no picture format.
 *
 * What is allowed is written at the call. Without it, bytes and public addresses work and files are refused, so that a
 * server that hands on what strangers sent cannot be made to read its own files or its neighbours.
 */
import { open, realpath } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { download, type Network, shown } from './address.ts'
import { fromDataUri, shortened } from './dataUri.ts'
import { PictureError } from './errors.ts'
import { checkBytes, type Limits, type RawPixels } from './picture.ts'

/**
 * A path, an `http:`, `https:`, `file:` or `data:` address, the bytes of a file, or raw pixels.
 * A string that begins with one of these schemes is an address, any other a path.
 */
export type PictureSource = string | URL | Uint8Array | ArrayBuffer | Blob | RawPixels

/** What one call may touch beside what it was given in memory. */
export interface Allow {
  /** Files: none (unless told), all, or only those inside one folder, symbolic links followed before checking. */
  readonly files?: boolean | string
  /** Hosts: `'public'` unless told. */
  readonly network?: Network
}

/** For a person's own programs on their own machine: every file and every address. Not for what strangers send. */
export const ownMachine: Allow = { files: true, network: 'any' }

/** Bytes and what messages call them. */
export interface Named {
  readonly bytes: Uint8Array
  readonly name: string
}

/** Reads a source into memory within the limits. Throws a PictureError: missing, refused, too large, not a picture. */
export async function bytesOf(
  source: Exclude<PictureSource, RawPixels>,
  allow: Allow,
  limits: Limits,
  signal?: AbortSignal,
): Promise<Named> {
  signal?.throwIfAborted()
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    checkBytes(source.byteLength, limits, 'the picture')
    return { bytes: source instanceof Uint8Array ? source : new Uint8Array(source), name: 'the picture' }
  }
  if (source instanceof Blob) {
    const name = 'name' in source && source.name ? String(source.name) : 'the picture'
    checkBytes(source.size, limits, name)
    return { bytes: new Uint8Array(await source.arrayBuffer()), name }
  }
  const url = urlOf(source)
  if (url === undefined) return readPath(String(source), allow, limits, signal)
  switch (url.protocol) {
    case 'data:':
      return { bytes: fromDataUri(url.href, limits), name: shortened(url.href) }
    case 'file:':
      return readPath(fileURLToPath(url), allow, limits, signal)
    case 'http:':
    case 'https:':
      return { bytes: await download(url, allow.network ?? 'public', limits, signal), name: shown(url) }
    default:
      throw new PictureError('refused', `${shortened(url.href)}: only http, https, file and data addresses are read`)
  }
}

/** Strings count as addresses only with a scheme of two letters or more: `C:\pictures` is a path. */
function urlOf(source: string | URL): URL | undefined {
  if (source instanceof URL) return source
  if (!/^(https?|file|data|ftp|blob|s3|gs):/i.test(source)) return undefined
  if (URL.canParse(source)) return new URL(source)
  throw new PictureError('missing', `${shortened(source)} is not a valid address`)
}

async function readPath(path: string, allow: Allow, limits: Limits, signal?: AbortSignal): Promise<Named> {
  const files = allow.files ?? false
  if (files === false) {
    const message = `${shortened(path)} is a path, and this call allows no files: pass { allow: { files: true } } or a folder`
    throw new PictureError('refused', message)
  }
  try {
    const real = await realpath(path)
    if (typeof files === 'string') {
      const folder = await realpath(resolve(files))
      if (real !== folder && !real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
        throw new PictureError('refused', `${path} lies outside ${files}, the folder that this call allows`)
      }
    }
    return { bytes: await readWhole(real, path, limits, signal), name: path }
  } catch (error) {
    if (error instanceof PictureError) throw error
    signal?.throwIfAborted()
    const code = (error as NodeJS.ErrnoException).code
    const reasons: Record<string, string> = {
      ENOENT: `there is no file ${shortened(path)}`,
      ENOTDIR: `there is no file ${shortened(path)}`,
      ENAMETOOLONG: `there is no file ${shortened(path)}: the name is too long for a path`,
      EACCES: `${path} may not be read by this user`,
      ERR_INVALID_ARG_VALUE: `${JSON.stringify(shortened(path))} is no path`,
    }
    const message = reasons[code ?? ''] ?? `${path} cannot be read: ${error instanceof Error ? error.message : error}`
    throw new PictureError('missing', message, { cause: error })
  }
}

async function readWhole(real: string, path: string, limits: Limits, signal?: AbortSignal): Promise<Uint8Array> {
  const file = await open(real, 'r')
  try {
    const about = await file.stat()
    if (about.isDirectory())
      throw new PictureError('not a picture', `${path} is a directory: give the path of one picture`)
    if (!about.isFile()) throw new PictureError('not a picture', `${path} is a device or a pipe, not a file`)
    checkBytes(about.size, limits, path)
    return await file.readFile(signal ? { signal } : {})
  } finally {
    await file.close()
  }
}
