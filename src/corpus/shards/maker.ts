/**
 * What makes samples out of nothing but a recipe and a number. Knows no files: shards are written by others, in as many
 * threads as there are cores, each with a maker of its own.
 */
import type { Sample } from '../sample.ts'

export interface MadePicture {
  /** The file as it is stored. */
  readonly data: Uint8Array
  readonly extension: 'jpg' | 'png' | 'webp' | 'gif' | 'bmp' | 'tiff' | 'avif'
}

/** A sample whose pictures are at hand, and what they show. */
export interface MadeSample extends Omit<Sample, 'id' | 'pictures'> {
  readonly pictures: readonly MadePicture[]
}

export interface Maker {
  /** Sample `index` of the recipe, 0 or more: the same one each time, on every machine. */
  make(index: number): Promise<MadeSample>
}
