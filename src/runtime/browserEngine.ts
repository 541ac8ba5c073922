/**
 * ONNX Runtime in browsers, as an Engine: WebAssembly with SIMD (and threads, where the page is cross-origin isolated),
 * or WebGPU. The engine keeps its own copy of everything: WebAssembly sees only its own memory, which ends at 4 GB.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-web'
import type { TypedArray } from '../graph/elementType.ts'
import { type Engine, type EngineSession, engineError, type Fetch } from './engine.ts'
import { DeviceError, EngineError } from './errors.ts'
import { parseModel, placeWeights, probeModel, writeModel } from './model.ts'
import type { Profile } from './profile.ts'
import type { EngineOptions, OpenRequest, Placement } from './protocol.ts'
import { logLevels } from './runtime.ts'
import { bytesOf, type TensorValue } from './tensor.ts'

type Library = typeof import('onnxruntime-web')

/** Up to this size a weight is written into the model itself. Bytes. */
const SMALL = 64 * 2 ** 10

const severity = (level: EngineOptions['logLevel']) => (4 - logLevels.indexOf(level)) as 0 | 1 | 2 | 3 | 4

/** Starts the engine and its device. Throws a DeviceError when it is not there. */
export async function openBrowserEngine(options: EngineOptions): Promise<Engine> {
  const { device } = options
  if (device === 'cuda') throw new DeviceError('the device "cuda" is not there: browsers have none')
  // The build with WebGPU is three times as large: fetched only by those who asked for it.
  const library: Library = await (device === 'webgpu'
    ? import('onnxruntime-web/webgpu')
    : import('onnxruntime-web/wasm'))
  library.env.logLevel = options.logLevel === 'silent' ? 'fatal' : options.logLevel
  if (options.threads !== undefined) library.env.wasm.numThreads = globalThis.crossOriginIsolated ? options.threads : 1
  if (device === 'webgpu') await probe(library)
  return {
    async open(request) {
      const { bytes, externalData } = prepare(request)
      const session = await library.InferenceSession.create(bytes, {
        executionProviders: [device === 'webgpu' ? 'webgpu' : 'wasm'],
        graphOptimizationLevel: request.optimisation === 'none' ? 'disabled' : request.optimisation,
        enableMemPattern: request.planMemory,
        logSeverityLevel: severity(options.logLevel),
        externalData,
      })
      return new BrowserSession(library, session)
    },
    dispose() {},
  }
}

async function probe(library: Library): Promise<void> {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu
  if (!(await gpu?.requestAdapter())) {
    throw new DeviceError('the device "webgpu" is not there: this browser offers no WebGPU adapter here')
  }
  try {
    await (await library.InferenceSession.create(probeModel(), { executionProviders: ['webgpu'] })).release()
  } catch (error) {
    throw engineError(error, 'open', 'webgpu')
  }
}

function prepare({ onnx, placements }: OpenRequest) {
  const model = parseModel(onnx)
  const inside: Record<string, Placement> = {}
  const externalData: { path: string; data: Uint8Array }[] = []
  for (const [name, placement] of Object.entries(placements)) {
    if (!('bytes' in placement)) throw new EngineError(`weight "${name}" lies in a file: browsers take tensors only`)
    const { bytes } = placement
    if (bytes.byteLength <= SMALL) inside[name] = { bytes: bytes.slice() }
    else {
      inside[name] = { location: name, offset: 0, length: bytes.byteLength }
      externalData.push({ path: name, data: bytes })
    }
  }
  placeWeights(model, inside)
  return { bytes: writeModel(model), externalData }
}

class BrowserSession implements EngineSession {
  readonly #library: Library
  readonly #session: InferenceSession

  constructor(library: Library, session: InferenceSession) {
    this.#library = library
    this.#session = session
  }

  async run(feeds: ReadonlyMap<string, TensorValue>, fetches: readonly Fetch[]): Promise<TensorValue[]> {
    const inputs: Record<string, Tensor> = {}
    for (const [name, { type, shape, data }] of feeds) {
      inputs[name] = new this.#library.Tensor(type, data as Float32Array, shape)
    }
    const answer = await this.#session.run(
      inputs,
      fetches.map(({ name }) => name),
    )
    return fetches.map(({ name, type, data }) => {
      const { dims, data: found } = answer[name]! as { dims: readonly number[]; data: unknown }
      const values = found as TypedArray
      if (data === undefined) return { type, shape: dims, data: values } as TensorValue
      bytesOf(data).set(bytesOf(values))
      return { type, shape: dims, data } as TensorValue
    })
  }

  profile(): Profile {
    throw new EngineError('browsers keep the profile to themselves: measure in Node, on the same graph')
  }

  async dispose(): Promise<void> {
    await this.#session.release()
  }
}
