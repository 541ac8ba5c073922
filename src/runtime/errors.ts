/**
 * What can go wrong in a runtime: one class for each thing that a caller can do about it. Every message says what to do.
 * Errors arise in a worker and are thrown in the caller's thread, so this file also turns them into plain objects and
 * back. Being cancelled is no error of the runtime: the signal's own reason is thrown (an AbortError by default).
 */

/** The base of all of them. */
export class EngineError extends Error {
  override name = 'EngineError'
}

/** The device asked for is not there, or went away. `available` lists the devices that are. */
export class DeviceError extends EngineError {
  override name = 'DeviceError'
  readonly available: readonly string[]

  constructor(message: string, available: readonly string[] = [], options?: ErrorOptions) {
    super(message, options)
    this.available = available
  }
}

/** The bytes are no ONNX model, or one that this engine cannot run. */
export class ModelError extends EngineError {
  override name = 'ModelError'
}

/** Names, element types or shapes do not fit the graph. `mismatches` holds every one; the message lists them all. */
export class MismatchError extends EngineError {
  override name = 'MismatchError'
  readonly mismatches: readonly string[]

  constructor(what: string, mismatches: readonly string[]) {
    super(`${what}:\n${mismatches.map(line => `  - ${line}`).join('\n')}`)
    this.mismatches = mismatches
  }
}

/** `checkNumerics` found a NaN or an infinity. */
export class NumericsError extends EngineError {
  override name = 'NumericsError'
  /** Input or output. */
  readonly tensor: string
  /** Row-major index of the first one, and how many there are. */
  readonly index: number
  readonly count: number

  constructor(message: string, evidence: { readonly tensor: string; readonly index: number; readonly count: number }) {
    super(message)
    this.tensor = evidence.tensor
    this.index = evidence.index
    this.count = evidence.count
  }
}

/** An operator failed while the graph ran, for example an index beyond the end of a table. */
export class ExecutionError extends EngineError {
  override name = 'ExecutionError'
}

/** Memory of the host or of the device ran out. The session stays usable. */
export class EngineMemoryError extends EngineError {
  override name = 'EngineMemoryError'
}

/** The worker that holds the sessions ended by itself. Its runtime and all its sessions are gone. */
export class WorkerError extends EngineError {
  override name = 'WorkerError'
}

/** A session or a runtime was used after it was given up. */
export class DisposedError extends EngineError {
  override name = 'DisposedError'
}

/** An error as it crosses from a worker. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly available?: readonly string[]
  readonly mismatches?: readonly string[]
  readonly evidence?: { readonly tensor: string; readonly index: number; readonly count: number }
}

export function toPlainError(error: unknown): PlainError {
  if (error instanceof DeviceError) return { name: error.name, message: error.message, available: error.available }
  if (error instanceof MismatchError) return { name: error.name, message: error.message, mismatches: error.mismatches }
  if (error instanceof NumericsError) {
    const { tensor, index, count } = error
    return { name: error.name, message: error.message, evidence: { tensor, index, count } }
  }
  if (error instanceof Error) return { name: error.name, message: error.message }
  return { name: 'EngineError', message: String(error) }
}

export function fromPlainError(plain: PlainError): EngineError {
  switch (plain.name) {
    case 'DeviceError':
      return new DeviceError(plain.message, plain.available)
    case 'ModelError':
      return new ModelError(plain.message)
    case 'MismatchError': {
      const [what, ...rest] = plain.message.split(':\n')
      return new MismatchError(what ?? '', plain.mismatches ?? rest)
    }
    case 'NumericsError':
      return new NumericsError(plain.message, plain.evidence ?? { tensor: '', index: 0, count: 0 })
    case 'ExecutionError':
      return new ExecutionError(plain.message)
    case 'EngineMemoryError':
      return new EngineMemoryError(plain.message)
    case 'DisposedError':
      return new DisposedError(plain.message)
    default:
      return new EngineError(plain.message)
  }
}
