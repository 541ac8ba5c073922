/**
 * What can go wrong between a published model and its tensors: one class for each thing that a caller can do about it.
 * Every message says what, where (file, tensor, bytes) and the fix. Being cancelled is no error of this room: the
 * signal's own reason is thrown.
 */

/** The base of all of them. */
export class CheckpointError extends Error {
  override name = 'CheckpointError'
}

/** A file is damaged, cut short, or not what its name says. */
export class FormatError extends CheckpointError {
  override name = 'FormatError'
  readonly file: string
  /** The tensor concerned, if it is one tensor. */
  readonly tensor: string | undefined

  constructor(file: string, problem: string, { tensor, ...options }: ErrorOptions & { readonly tensor?: string } = {}) {
    super(`${file}: ${tensor === undefined ? '' : `tensor "${tensor}": `}${problem}`, options)
    this.file = file
    this.tensor = tensor
  }
}

/** A PyTorch file wants something called that no list of tensors needs. Nothing of it has run. */
export class UnsafePickleError extends FormatError {
  override name = 'UnsafePickleError'
  /** What the file wanted, for example `os.system`. */
  readonly refused: string

  constructor(file: string, refused: string, problem: string) {
    super(file, `${problem} It was refused, and nothing was run. Do not load this file with other programs either`)
    this.refused = refused
  }
}

/** A tensor as a list of expected or found ones has it. */
export interface NamedShape {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype?: string
}

/** The tensors are not those of the model. All differences are in the fields; the message groups them. */
export class TensorMismatchError extends CheckpointError {
  override name = 'TensorMismatchError'
  readonly missing: readonly NamedShape[]
  readonly extra: readonly NamedShape[]
  readonly wrong: readonly { readonly expected: NamedShape; readonly found: NamedShape }[]

  constructor(message: string, differences: Pick<TensorMismatchError, 'missing' | 'extra' | 'wrong'>) {
    super(message)
    this.missing = differences.missing
    this.extra = differences.extra
    this.wrong = differences.wrong
  }
}

/** There is no such folder, and no such model in the cache. */
export class ModelNotFoundError extends CheckpointError {
  override name = 'ModelNotFoundError'
}

/** A model hub refused, failed or could not be reached. */
export class HubError extends CheckpointError {
  override name = 'HubError'
  /** The HTTP status, or undefined if no answer came. */
  readonly status: number | undefined

  constructor(message: string, { status, ...options }: ErrorOptions & { readonly status?: number | undefined } = {}) {
    super(message, options)
    this.status = status
  }
}

/** A downloaded file is not the file that the hub announced. It has been removed. */
export class ChecksumError extends HubError {
  override name = 'ChecksumError'
}

/** The disk has too little room. Bytes. */
export class DiskSpaceError extends CheckpointError {
  override name = 'DiskSpaceError'
  readonly needed: number
  readonly free: number | undefined

  constructor(message: string, { needed, free, ...options }: ErrorOptions & { needed: number; free?: number }) {
    super(message, options)
    this.needed = needed
    this.free = free
  }
}
