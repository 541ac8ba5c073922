/** The pictures of test/fixtures/image, and what Pillow made of them. */
import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'

const folder = new URL('../fixtures/image/', import.meta.url)

export const bytes = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(name, folder)))
export const pathOf = (name: string): string => new URL(name, folder).pathname

const json = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), 'utf8'))

/** A picture of the reference, with checksums of its RGB bytes before and after the resize to 448×448. */
export interface Golden {
  readonly file: string
  readonly about: string
  readonly width: number
  readonly height: number
  readonly decodedCrc32: number
  readonly resizedCrc32: number
  readonly normalisedMean: readonly [number, number, number]
}

export const goldens = json('golden.json') as readonly Golden[]

/** A picture of some kind, and what Pillow decodes it to, or its error. */
export interface Kind {
  readonly mode: string
  readonly width: number
  readonly height: number
  readonly crc32: number
  readonly error?: string
}

export const kinds = Object.entries(json('formats.json') as Record<string, Kind>)

export { crc32 }
