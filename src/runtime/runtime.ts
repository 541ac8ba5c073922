/**
 * What runs a compiled graph: start reading here. A Runtime is one worker on one device; it opens Sessions (a graph with
 * its weights), and a Session maps named tensors to named tensors. `node.ts` and `browser.ts` are the two homes of this
 * one interface: both export `openRuntime` and `availableDevices`. The runtime knows nothing of models; threads,
 * profiling, logging and checks of numbers are settled here once, so that callers of sessions need not know of them.
 */
import type { CompiledGraph, TensorSpecification } from '../graph/specification.ts'
import { DeviceError } from './errors.ts'
import type { Profile } from './profile.ts'
import type { StaticSpecification, TensorValue } from './tensor.ts'

export const devices = ['cpu', 'webgpu', 'cuda'] as const

export type Device = (typeof devices)[number]

/** Throws a DeviceError for a word that names no device at all. */
export function checkDevice(device: string): asserts device is Device {
  if ((devices as readonly string[]).includes(device)) return
  throw new DeviceError(`there is no device "${device}": choose one of ${devices.join(', ')}`)
}

export const logLevels = ['silent', 'error', 'warning', 'info', 'verbose'] as const

export interface RuntimeOptions {
  /** Default `cpu`. */
  readonly device?: Device
  /**
   * Which thread computes. Default `worker`: the calling thread stays free, and feeds and outputs travel. With `caller`
   * they do not (feeds are read and outputs written where they lie), but the calling thread stands still during each
   * run: for programs and workers with nothing else to do, such as training.
   */
  readonly thread?: 'worker' | 'caller'
  /** CPU threads that one operator may use. Default: one for each physical core that the process may use. */
  readonly threads?: number
  /** Measure every operator; `profile()` gives the table. Costs a few microseconds for each operator. */
  readonly profile?: boolean
  /** What the engine writes to standard error (in browsers, the console). Default `silent`: failures are thrown anyway. */
  readonly logLevel?: (typeof logLevels)[number]
  /** Look for NaN and infinities in everything that goes into a run and comes out of it. */
  readonly checkNumerics?: boolean
}

/** A part of a file that holds a weight's bytes, little-endian and row-major, for example inside a safetensors file. */
export interface FileRegion {
  readonly path: string
  /** Bytes. */
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

/**
 * Where a weight's values come from. A file is mapped into memory, not read: it must not change while the session lives.
 * In browsers only tensors can be given.
 */
export type WeightSource = TensorValue | FileRegion

export interface SessionOptions {
  /** One source for each of `graph.weights`, by name. They can be let go of once the session is open. */
  readonly weights?: Readonly<Record<string, WeightSource>>
  /** How hard the engine may rewrite the graph. Default `all`. */
  readonly optimisation?: 'all' | 'extended' | 'basic' | 'none'
  /**
   * Whether the engine, from the second run with the same shapes on, takes all memory for what lies between operators in
   * one piece (default true). That saves 1 to 3% of a training step, and the memory of the first run is kept as well:
   * 180 to 200 MiB of 740 in a training step of 9.5 M parameters.
   */
  readonly planMemory?: boolean
  /** Gives up opening. */
  readonly signal?: AbortSignal
}

export interface RunOptions {
  /** The outputs wanted. Default: all. The engine computes the whole graph in any case; this saves handing over the rest. */
  readonly outputs?: readonly string[]
  /** Tensors to be filled, by output name: best those of `Runtime.allocate`. Saves finding fresh memory at every run. */
  readonly into?: Readonly<Record<string, TensorValue>>
  /**
   * Cancels. A run that waits for its turn is dropped. One that has begun cannot be stopped: it goes on in the worker,
   * its results are thrown away, and the promise rejects with the signal's reason at once. Tensors on shared memory are
   * then still in use until the next run of this runtime settles.
   */
  readonly signal?: AbortSignal
}

export interface Session extends AsyncDisposable {
  readonly inputs: readonly TensorSpecification[]
  readonly outputs: readonly TensorSpecification[]
  /**
   * Runs the graph. Sessions of one runtime take turns, in the order of the calls. Feeds are checked first; they and
   * the tensors of `into` belong to the run until its promise settles. After a rejection what `into` holds is undefined.
   *
   * Rejects with MismatchError, NumericsError, ExecutionError, EngineMemoryError, DeviceError, WorkerError,
   * DisposedError, or the signal's reason.
   */
  run(feeds: Readonly<Record<string, TensorValue>>, options?: RunOptions): Promise<Record<string, TensorValue>>
  /** The table of operators since the session was opened. Ends the measuring. Rejects unless the runtime profiles. */
  profile(): Promise<Profile>
  /** Frees everything, once the runs under way are done. Calling it again changes nothing. */
  dispose(): Promise<void>
}

export interface Runtime extends AsyncDisposable {
  readonly device: Device
  /**
   * Makes a graph ready to run. Rejects with ModelError (not ONNX, truncated, an unknown operator), MismatchError
   * (weights that do not fit, all of them in one message), EngineMemoryError, DeviceError, WorkerError or DisposedError.
   */
  openSession(graph: CompiledGraph, options?: SessionOptions): Promise<Session>
  /**
   * Tensors filled with zeros in memory that this runtime's runs read and write with the least copying: for parameters,
   * gradients and caches. With a worker it is shared memory, which the engine uses in place in Node 22 and 24; in Node 20
   * it cannot, so the worker keeps a copy of each such tensor and refreshes it at every run (36 MB take 3 ms). With
   * `thread: 'caller'` it is ordinary memory, used in place by all versions. Throws an EngineMemoryError.
   */
  allocate(specifications: readonly StaticSpecification[]): Record<string, TensorValue>
  /** One table for all sessions, those disposed of included. Ends the measuring. Rejects unless the runtime profiles. */
  profile(): Promise<Profile>
  /** Disposes of all sessions and ends the worker. Calling it again changes nothing. */
  dispose(): Promise<void>
}

export * from './errors.ts'
export { formatProfile, mergeProfiles, type Profile, type ProfileRow } from './profile.ts'
export { type AnyTensor, type StaticSpecification, type TensorValue, tensorValue } from './tensor.ts'
export type { CompiledGraph, TensorSpecification }
