/**
 * What a checkpoint is: start reading here. Names → tensors, read lazily, whatever the files are (safetensors, PyTorch,
 * one file or many). A tensor's values stay on disk until they are asked for, and a tensor that lies in one piece in a
 * file also says where, so that an engine can map it. This file knows no file format and no file system.
 */
import type { ElementType, TypedArrays } from '../graph/elementType.ts'
import type { StoredType } from './storedType.ts'

/** A part of a file that holds a tensor's bytes, little-endian and row-major. */
export interface FileRegion {
  readonly path: string
  /** Bytes. */
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

/** What the writer writes and every conversion takes and gives: a tensor whose bytes can be read, whole or in part. */
export interface ReadableTensor {
  readonly name: string
  readonly dtype: StoredType
  readonly shape: readonly number[]
  /**
   * The bytes, little-endian and row-major, in memory that belongs to the caller. `offset` and `length` choose a part,
   * in bytes; default: all.
   */
  read(offset?: number, length?: number): Promise<Uint8Array<ArrayBuffer>>
}

/** A tensor of a checkpoint. */
export interface CheckpointTensor extends ReadableTensor {
  /** Size of all values, in bytes. */
  readonly bytes: number
  /** Where the values lie in a file, if they lie there as `read` gives them. */
  readonly region?: FileRegion
  /**
   * The values as floats, converted exactly, or to the nearest with ties to even. float16 comes as bit patterns.
   * At most 32 MiB more than the result is in memory at once. Throws a CheckpointError for integers.
   */
  readAs(type: 'float32'): Promise<Float32Array<ArrayBuffer>>
  readAs(type: 'float16'): Promise<Uint16Array<ArrayBuffer>>
}

/**
 * A tensor as an engine takes it: in memory or as a part of a file. It has the form of the runtime's `WeightSource`,
 * so that it can be handed to a session as it is.
 */
export type TensorSource =
  | { readonly type: ElementType; readonly shape: readonly number[]; readonly data: TypedArrays[ElementType] }
  | FileRegion

/** A model as it was published: tensors, and the JSON files beside them. */
export interface Checkpoint extends AsyncDisposable {
  /** The folder or file, as errors name it. */
  readonly origin: string
  readonly format: 'safetensors' | 'pytorch'
  /** In the order of the files. */
  readonly names: readonly string[]
  has(name: string): boolean
  /** Throws a CheckpointError that names the most similar tensors if there is none of this name. */
  get(name: string): CheckpointTensor
  /** All tensors, in the order of `names`. */
  readonly tensors: readonly CheckpointTensor[]
  /** `config.json` as it stands there, unchecked; undefined if there is none. */
  readonly config: Readonly<Record<string, unknown>> | undefined
  /** `generation_config.json` as it stands there, unchecked; undefined if there is none. */
  readonly generationConfig: Readonly<Record<string, unknown>> | undefined
  /** What the safetensors files say of themselves. */
  readonly metadata: Readonly<Record<string, string>>
  /** The files that hold tensors, and their sizes in bytes. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
  /** Size of all tensors, in bytes. */
  readonly totalBytes: number
  /** Closes the files. Calling it again changes nothing. */
  dispose(): Promise<void>
}
