/**
 * One picture of a batch: its file's bytes, the name of their content, and its pixels as the model takes them, or the
 * features that were kept of it. Runs in a thread of its own.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ArchivedPicture, type FileRange } from '../../corpus/sources/archivedPicture.ts'
import { type Allow, decode, defaultLimits, type PictureSource, preprocess } from '../../image/index.ts'
import { bytesOf } from '../../image/source.ts'
import { type FeatureFolder, featurePath } from './featureFiles.ts'

/** A picture as threads can be told of it. */
export type PortableSource =
  | { readonly address: string }
  | { readonly range: FileRange; readonly member: string }
  | { readonly bytes: Uint8Array }
  | { readonly data: Uint8Array | Uint8ClampedArray; readonly width: number; readonly height: number }

export interface PictureOrder {
  readonly source: PortableSource
  /** Pixels a side. */
  readonly size: number
  readonly allow: Allow
  readonly features?: FeatureFolder | undefined
}

export interface PreparedPicture {
  /** SHA-256 of the file and the size: `abcdef…:448`. */
  readonly key: string
  /** [3, size, size] */
  readonly pixels?: Float32Array<ArrayBuffer>
  readonly features?: Float32Array<ArrayBuffer>
}

/** A picture in a form that can be sent to a thread. Blobs other than those of archives are read here. */
export async function portable(source: PictureSource): Promise<PortableSource> {
  if (typeof source === 'string') return { address: source }
  if (source instanceof URL) return { address: source.href }
  if (source instanceof ArchivedPicture) return { range: source.range, member: source.member }
  if (source instanceof Blob) return { bytes: new Uint8Array(await source.arrayBuffer()) }
  if (source instanceof ArrayBuffer) return { bytes: new Uint8Array(source) }
  return source instanceof Uint8Array ? { bytes: source } : source
}

/** Throws a PictureError for what cannot be read or is no picture. */
export async function preparePicture({ source, size, allow, features }: PictureOrder): Promise<PreparedPicture> {
  if ('data' in source) {
    const picture = await decode(source)
    return { key: `${picture.sha256}:${size}`, pixels: preprocess(picture, size) }
  }
  const { bytes, name } = await bytesOf(opened(source), allow, defaultLimits)
  const key = `${createHash('sha256').update(bytes).digest('hex')}:${size}`
  const kept = features === undefined ? undefined : await readFeatures(features, key)
  if (kept !== undefined) return { key, features: kept }
  const file = new File([new Uint8Array(bytes)], name) // bytes with a name, for messages
  return { key, pixels: preprocess(await decode(file), size) }
}

function opened(source: Exclude<PortableSource, { data: unknown }>): string | Uint8Array | Blob {
  if ('address' in source) return source.address
  return 'bytes' in source ? source.bytes : new ArchivedPicture(source.range, source.member)
}

/** Nothing where there is no file, or one of another length. */
async function readFeatures(
  { folder, length }: FeatureFolder,
  key: string,
): Promise<Float32Array<ArrayBuffer> | undefined> {
  let bytes: Buffer
  try {
    bytes = await readFile(featurePath(folder, key))
  } catch {
    return undefined
  }
  if (bytes.length !== length * 4) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float32Array.from({ length }, (_, i) => view.getFloat32(i * 4, true))
}
