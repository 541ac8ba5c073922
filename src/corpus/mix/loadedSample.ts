/**
 * A sample with the bytes of its pictures, and the names of its content: what says that two samples are the same, and what
 * decides on which side of a split it lies. Decodes no pixels.
 */
import { createHash } from 'node:crypto'
import { formatOf } from '../../image/format.ts'
import { defaultLimits, ownMachine, PictureError, type PictureSource } from '../../image/index.ts'
import { bytesOf } from '../../image/source.ts'
import type { Sample } from '../sample.ts'
import type { MadePicture, MadeSample } from '../shards/maker.ts'

export interface LoadedSample {
  readonly sample: MadeSample
  /** 48 bits of the SHA-256 of its pictures and all that is said: equal for samples that are the same. */
  readonly content: number
  /**
   * 0 ≤ x < 1, from the SHA-256 of its first picture, or of its text where there is none: samples that begin with the same
   * picture are never on both sides of a split.
   */
  readonly place: number
}

/** Reads the pictures of a sample as they are stored. Throws a PictureError for one that is none. */
export async function loadSample({ id: _id, pictures: sources, ...sample }: Sample): Promise<LoadedSample> {
  const pictures: MadePicture[] = []
  for (const source of sources) pictures.push(await loadPicture(source))
  const [first, ...others] = pictures.map(({ data }) => sha256(data))
  const said = sample.turns.map(({ role, parts }) => [role, ...parts.map(part => ('text' in part ? part.text : 0))])
  const text = sha256(JSON.stringify(said))
  return {
    sample: { ...sample, pictures },
    content: bits(sha256(Buffer.concat([text, ...(first === undefined ? [] : [first]), ...others]))),
    place: bits(first ?? text) / 2 ** 48,
  }
}

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest()
const bits = (hash: Buffer) => hash.readUIntBE(0, 6)

async function loadPicture(source: PictureSource): Promise<MadePicture> {
  if (typeof source === 'object' && 'width' in source && 'height' in source) {
    throw new PictureError('unsupported', 'raw pixels are no file: save the picture as PNG first')
  }
  const { bytes, name } = await bytesOf(source, ownMachine, defaultLimits)
  const format = formatOf(bytes, name)
  return { data: bytes, extension: format === 'jpeg' ? 'jpg' : format }
}
