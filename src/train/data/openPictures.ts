/**
 * Pictures of batches by their source: prepared by threads, or grey where one cannot be had. Knows no rows.
 */
import type { PictureSource } from '../../image/index.ts'
import type { BatchPicture } from './batch.ts'
import { DataError, type Refused, SampleError } from './errors.ts'
import type { LoadOptions } from './loader.ts'
import { PictureWorkers, UnreadablePicture } from './pictureWorkers.ts'
import { portable } from './preparePicture.ts'

/** So many pictures in a row that cannot be read end a run. */
const HOPELESS = 100

export interface OpenedPicture {
  readonly picture: Omit<BatchPicture, 'slot'>
  /** Why it is grey. */
  readonly refused?: Refused
}

export class OpenPictures {
  readonly #options: LoadOptions
  readonly #workers: PictureWorkers
  readonly #shared: boolean
  #unreadable = 0

  constructor(options: LoadOptions) {
    this.#options = options
    const { threads } = options
    this.#shared = threads instanceof PictureWorkers
    this.#workers = threads instanceof PictureWorkers ? threads : new PictureWorkers(threads)
  }

  /** Memory of so many pictures, if none has features. Bytes. */
  bytesOf(pictures: number): number {
    return pictures * 3 * (this.#options.resolution ?? 0) ** 2 * Float32Array.BYTES_PER_ELEMENT
  }

  /**
   * The picture of a sample. One that cannot be read is grey, with its reason. Rejects under `strict`, and with a
   * DataError after a hundred of them in a row.
   */
  async open(source: PictureSource, sample: string): Promise<OpenedPicture> {
    const { resolution: size = 0, allow = { files: true }, features, strict } = this.#options
    try {
      const picture = await this.#workers.prepare({ source: await portable(source), size, allow, features })
      this.#unreadable = 0
      return { picture }
    } catch (error) {
      if (error instanceof DataError) throw error
      const reason = (error as Error).message
      if (strict) throw new SampleError(sample, reason, { cause: error })
      if (!(error instanceof UnreadablePicture)) throw error
      if (++this.#unreadable >= HOPELESS) {
        throw new DataError(
          `${this.#unreadable} pictures in a row cannot be read, the last one of ${sample}: ${reason}`,
        )
      }
      return { picture: this.grey(), refused: { sample, reason } }
    }
  }

  /** Zeros: after normalising, the mean colour. Its key is its own, so that its features may be kept like others. */
  grey(): Omit<BatchPicture, 'slot'> {
    const size = this.#options.resolution ?? 0
    return { key: `grey:${size}`, pixels: new Float32Array(3 * size * size) }
  }

  /** Ends the threads if they are this one's own. */
  async dispose(): Promise<void> {
    if (!this.#shared) await this.#workers.dispose()
  }
}
