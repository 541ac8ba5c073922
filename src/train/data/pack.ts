/**
 * Samples into rows: several share a row, first come, first fitting. Knows lengths and tasks of samples, not what is in
 * them. No sample is lost, cut or repeated.
 */

/** What packing has to know of a sample. */
export interface Packable {
  readonly task: string
  readonly ids: { readonly length: number }
}

/**
 * - `same-task`: a row holds samples of one task, as in the paper.
 * - `mixed`: a row holds whatever fits.
 * - `none`: one sample to a row.
 */
export type Packing = 'same-task' | 'mixed' | 'none'

/** Rows that wait for samples that fit. More fill rows better, and wait longer. */
const OPEN_ROWS = 32

export class Packer<Sample extends Packable> {
  readonly #length: number
  readonly #packing: Packing
  readonly #most: number
  /** Oldest first. */
  #open: Sample[][]

  /** `open` are the rows that wait, as `open` of another packer gave them. */
  constructor(length: number, packing: Packing, open: readonly (readonly Sample[])[] = [], most = OPEN_ROWS) {
    this.#length = length
    this.#packing = packing
    this.#most = most
    this.#open = open.map(row => [...row])
  }

  /** The rows that wait for samples, oldest first. */
  get open(): readonly (readonly Sample[])[] {
    return this.#open
  }

  /**
   * Adds a sample of at most `length` tokens, and gives the rows that are done: full ones, and the oldest where too many
   * wait. At most two.
   */
  add(sample: Sample): (readonly Sample[])[] {
    if (this.#packing === 'none') return [[sample]]
    const fits = (row: readonly Sample[]) =>
      this.#free(row) >= sample.ids.length && (this.#packing === 'mixed' || row[0]?.task === sample.task)
    let row = this.#open.find(fits)
    if (row === undefined) {
      row = []
      this.#open.push(row)
    }
    row.push(sample)
    const done: Sample[][] = []
    // A rest of a few tokens will hardly ever be used.
    if (this.#free(row) < this.#length / 64) {
      this.#open.splice(this.#open.indexOf(row), 1)
      done.push(row)
    }
    if (this.#open.length > this.#most) done.push(this.#open.shift() as Sample[])
    return done
  }

  /** The rows that wait, done as they are. */
  flush(): (readonly Sample[])[] {
    const rest = this.#open
    this.#open = []
    return rest
  }

  #free(row: readonly Sample[]): number {
    return this.#length - row.reduce((sum, sample) => sum + sample.ids.length, 0)
  }
}
