/** What goes wrong with data while training. Messages say which sample or file, with the numbers, and what to do. */

/** A sample that cannot be learnt from. Left out and counted, unless the run is strict. */
export class SampleError extends Error {
  override readonly name = 'SampleError'
  /** The sample's id. */
  readonly sample: string
  /** What is wrong with it. The message has both. */
  readonly reason: string

  constructor(sample: string, reason: string, options?: ErrorOptions) {
    super(`${sample}: ${reason}`, options)
    this.sample = sample
    this.reason = reason
  }
}

/** The data as a whole cannot be used: nothing in it is usable, or it is not what the run began with. */
export class DataError extends Error {
  override readonly name = 'DataError'
}

/** A sample that was left out, and why. */
export interface Refused {
  readonly sample: string
  readonly reason: string
}
