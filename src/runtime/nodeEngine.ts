/**
 * ONNX Runtime in Node, as an Engine. It is synchronous: the thread that it computes in stands still.
 *
 * It speaks to the native binding of onnxruntime-node (an exact version is pinned) and not to its public `run`, for one
 * reason. The public way copies every output into a new array, even one that was passed in to be filled: 36 MB of
 * gradients cost 18 to 27 ms of page faults and copying, every step. The binding fills such an array in place first and
 * copies it afterwards, when it builds its answer by calling a constructor that we give it. So the model gets one more
 * output, a constant scalar before all others, and our constructor throws when it is called with that one: by then all
 * outputs are where we want them, and nothing is copied. `test/runtime/run.test.ts` fails if this ever changes.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { arrayConstructors, type ElementType, type TypedArray } from '../graph/elementType.ts'
import { type Engine, type EngineSession, engineError, type Fetch } from './engine.ts'
import { DeviceError, EngineError } from './errors.ts'
import { addFirstOutput, parseModel, placeWeights, probeModel, writeModel } from './model.ts'
import { type Profile, readProfile } from './profile.ts'
import type { EngineOptions, OpenRequest } from './protocol.ts'
import { logLevels } from './runtime.ts'
import { bytesOf, countElements, isShared, type TensorValue } from './tensor.ts'

/** A tensor as the binding reads it, by property names. */
interface NativeTensor {
  readonly type: ElementType
  readonly dims: readonly number[]
  readonly data: TypedArray
  readonly location: 'cpu'
}

interface NativeSession {
  loadModel(memory: ArrayBufferLike, offset: number, length: number, options: object): void
  run(feeds: Record<string, NativeTensor>, fetches: Record<string, NativeTensor | null>): Record<string, TensorValue>
  endProfiling(): string | undefined
  dispose(): void
}

interface Binding {
  readonly InferenceSession: new () => NativeSession
  initOrtOnce(logLevel: number, tensor: unknown, isMainThread: boolean): void
}

/** Thrown through the binding to end a run before it copies. */
const finished = new Error('finished')

/** Whether every output of the run under way has a place, so that building the answer may stop at its first tensor. */
let stopAtFirst = true

class AnswerTensor {
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly data: TypedArray

  constructor(type: ElementType, data: TypedArray, shape: readonly number[]) {
    if (stopAtFirst) throw finished
    this.type = type
    this.data = data
    this.shape = shape
  }
}

let loaded: Binding | undefined

function loadBinding(logLevel: number): Binding {
  if (loaded !== undefined) return loaded
  try {
    const require = createRequire(import.meta.url)
    loaded = (require('onnxruntime-node/dist/binding.js') as { binding: Binding }).binding
  } catch (cause) {
    const advice = `onnxruntime-node has no engine for ${process.platform} ${process.arch}, or its installation is broken`
    throw new DeviceError(`${advice}: ${(cause as Error).message}`, [], { cause })
  }
  loaded.initOrtOnce(logLevel, AnswerTensor, isMainThread)
  return loaded
}

/**
 * Whether the binding can use shared memory in place. The native interface of Node 20 refuses it; that of 24.9, 22.23 and
 * later does not. Asking is surer than comparing versions.
 */
let readsSharedMemory: boolean | undefined

function tryShared(binding: Binding): boolean {
  const session = new binding.InferenceSession()
  const bytes = probeModel()
  session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, { logSeverityLevel: severity('silent') })
  const x = new Float32Array(new SharedArrayBuffer(4)).fill(1)
  try {
    stopAtFirst = false
    return session.run({ x: { type: 'float32', dims: [1], data: x, location: 'cpu' } }, { y: null })['y']?.data[0] === 2
  } catch {
    return false
  } finally {
    session.dispose()
  }
}

/** The severity from which ONNX Runtime speaks: 4 is fatal, 0 is everything. */
const severity = (level: EngineOptions['logLevel']): number => 4 - logLevels.indexOf(level)

/** Starts the engine and its device. Throws a DeviceError when it is not there. */
export function openNodeEngine(options: EngineOptions): Engine {
  const binding = loadBinding(severity(options.logLevel))
  readsSharedMemory ??= tryShared(binding)
  if (options.device !== 'cpu') probe(binding, options)
  const profiles = options.profile ? mkdtempSync(join(tmpdir(), 'qwen-vl-profile-')) : undefined
  let count = 0
  return {
    open(request) {
      const model = parseModel(request.onnx)
      placeWeights(model, request.placements)
      const first = addFirstOutput(model)
      const bytes = writeModel(model)
      const session = new binding.InferenceSession()
      session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, {
        executionProviders: [options.device],
        graphOptimizationLevel: request.optimisation === 'none' ? 'disabled' : request.optimisation,
        logSeverityLevel: severity(options.logLevel),
        enableMemPattern: request.planMemory,
        ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
        ...(profiles ? { enableProfiling: true, profileFilePrefix: join(profiles, `${count++}`) } : {}),
        extra: { session: externalFolder(request) },
      })
      return new NodeSession(session, first, profiles !== undefined)
    },
    dispose() {
      if (profiles !== undefined) rmSync(profiles, { recursive: true, force: true })
    },
  }
}

function probe(binding: Binding, { device }: EngineOptions): void {
  const session = new binding.InferenceSession()
  const bytes = probeModel()
  try {
    session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, {
      executionProviders: [device],
      logSeverityLevel: severity('silent'),
    })
    session.dispose()
  } catch (error) {
    throw engineError(error, 'open', device)
  }
}

/** From a model given as bytes, ONNX Runtime looks for files in the current folder unless told otherwise. */
const externalFolder = ({ root }: OpenRequest) => ({ model_external_initializers_file_folder_path: root })

class NodeSession implements EngineSession {
  readonly #native: NativeSession
  readonly #first: string
  /** Stand-ins for shared memory, kept for the next run: fresh memory would cost more than the copying. */
  readonly #copies = new Map<string, TypedArray>()
  #profiling: boolean

  constructor(native: NativeSession, first: string, profiling: boolean) {
    this.#native = native
    this.#first = first
    this.#profiling = profiling
  }

  run(feeds: ReadonlyMap<string, TensorValue>, fetches: readonly Fetch[]): TensorValue[] {
    const inputs: Record<string, NativeTensor> = {}
    for (const [name, { type, shape, data }] of feeds) {
      inputs[name] = { type, dims: shape, data: this.#usable(name, data, 'input'), location: 'cpu' }
    }
    const outputs: Record<string, NativeTensor | null> = { [this.#first]: null }
    stopAtFirst = true
    for (const { name, type, shape, data } of fetches) {
      // Without a shape, known from the inputs', the engine has to find the memory.
      if (shape === undefined) {
        outputs[name] = null
        stopAtFirst = false
      } else {
        const target = data ? this.#usable(name, data, 'output') : new arrayConstructors[type](countElements(shape))
        outputs[name] = { type, dims: shape, data: target, location: 'cpu' }
      }
    }
    let answer: Record<string, TensorValue> = {}
    try {
      answer = this.#native.run(inputs, outputs)
    } catch (error) {
      if (error !== finished) throw error
    }
    return fetches.map(({ name, type, shape, data }) => {
      const found = outputs[name] ? ({ type, shape, data: outputs[name].data } as TensorValue) : answer[name]!
      if (data === undefined || found.data === data) return found
      bytesOf(data).set(bytesOf(found.data))
      return { ...found, data } as TensorValue
    })
  }

  profile(): Profile {
    if (!this.#profiling) throw new EngineError('nothing was measured: open the runtime with { profile: true }')
    this.#profiling = false
    const path = this.#native.endProfiling()
    if (!path) throw new EngineError('the engine wrote no profile')
    const profile = readProfile(readFileSync(path, 'utf8'))
    rmSync(path, { force: true })
    return profile
  }

  dispose(): void {
    this.#copies.clear()
    this.#native.dispose()
  }

  /** The array itself, or where the binding cannot use it a stand-in: with its contents, if it is an input. */
  #usable(name: string, data: TypedArray, kind: 'input' | 'output'): TypedArray {
    if (readsSharedMemory || !isShared(data)) return data
    const key = `${kind} ${name}`
    let copy = this.#copies.get(key)
    if (copy?.length !== data.length || copy.constructor !== data.constructor) {
      copy = new (data.constructor as new (length: number) => TypedArray)(data.length)
      this.#copies.set(key, copy)
    }
    if (kind === 'input') bytesOf(copy).set(bytesOf(data))
    return copy
  }
}
