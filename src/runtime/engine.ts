/**
 * What a worker needs of an execution engine, and nothing more: `nodeEngine.ts` and `browserEngine.ts` fill it in with
 * the two builds of ONNX Runtime. Also makes typed errors of ONNX Runtime's sentences, which both builds share.
 */
import type { ElementType, TypedArray } from '../graph/elementType.ts'
import { DeviceError, EngineError, EngineMemoryError, ExecutionError, ModelError } from './errors.ts'
import type { Profile } from './profile.ts'
import type { OpenRequest } from './protocol.ts'
import type { Device } from './runtime.ts'
import type { TensorValue } from './tensor.ts'

/** An output to be computed: into `data` if there is any, else into memory that the engine finds and gives away. */
export interface Fetch {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly number[] | undefined
  readonly data: TypedArray | undefined
}

export interface EngineSession {
  /** The outputs, in the order of `fetches`; `data` is the fetch's own where it had one, filled. */
  run(feeds: ReadonlyMap<string, TensorValue>, fetches: readonly Fetch[]): TensorValue[] | Promise<TensorValue[]>
  profile(): Profile | Promise<Profile>
  dispose(): void | Promise<void>
}

export interface Engine {
  open(request: OpenRequest): EngineSession | Promise<EngineSession>
  dispose(): void | Promise<void>
}

const NO_MEMORY =
  /failed to allocate|bad_alloc|bad allocation|out of memory|out_of_memory|allocation failed|not enough memory|can't create a session.*memory/i
const DEVICE_LOST = /device (was |is |has been )?lost|lost device|device removed|CUDA failure|instance dropped/i
const NO_DEVICE =
  /failed to load (shared )?library|failed to get a webgpu adapter|no CUDA-capable|execution provider.*(not|un)(available|supported| enabled)|webgpu is not supported|no available backend|backend not found/i
const NO_ONNX = /protobuf parsing failed|no graph was found|model data|failed to load model/i

/** `/path/onnxruntime/core/file.cc:12 type Class::function(type, type) const `, as the engine begins its sentences. */
const SOURCE =
  /\S*\/onnxruntime\S*\.(?:cc|h):\d+ (?:[^()]*\([^()]*\)(?:::<lambda\(\)>)?(?: const)?(?: \[with [^\]]*\])? )?/g

/** The operator that failed and the reason, without the paths of the engine's own sources. */
function readable(message: string): string {
  const text = message
    .replace(/^failed to call \w+\(\)\. ERROR_CODE: \d+, ERROR_MESSAGE: /, '')
    .replaceAll(SOURCE, '')
    .replaceAll(/\[ONNXRuntimeError\] : \d+ : \w+ : /g, '')
    .replaceAll(/[\w.]+ == [\w:]+ was false\. /g, '')
    .trim()
  const failed = /Non-zero status code returned while running (\w+) node\. Name:'(.*?)' Status Message: (.*)/s.exec(
    text,
  )
  if (failed === null) return text
  const [, operator, name, reason] = failed
  return `${operator}${name ? ` "${name}"` : ''}: ${reason!.trim()}`
}

/** The typed error behind something that the engine threw. */
export function engineError(error: unknown, doing: 'open' | 'run', device: Device): EngineError {
  if (error instanceof EngineError) return error
  const message = error instanceof Error ? error.message : String(error)
  const told = readable(message)
  const options = { cause: error }
  if (NO_MEMORY.test(message)) {
    const advice = 'use a smaller batch, shorter sequences or smaller weights, or give the process more memory'
    return new EngineMemoryError(`out of memory on ${device} (${told}): ${advice}`, options)
  }
  if (device !== 'cpu' && DEVICE_LOST.test(message)) {
    const advice = 'dispose of this runtime and open a new one, on this device once it is back or on "cpu"'
    return new DeviceError(`the device "${device}" went away (${told}): ${advice}`, [], options)
  }
  if (doing === 'open' && device !== 'cpu' && NO_DEVICE.test(message)) {
    return new DeviceError(`the device "${device}" is not there (${told})`, [], options)
  }
  if (doing === 'open') {
    return NO_ONNX.test(message)
      ? new ModelError(`this is no ONNX model (${told}): the bytes are truncated or of another kind`, options)
      : new ModelError(`the engine refuses the model: ${told}`, options)
  }
  return new ExecutionError(`the graph failed while running: ${told}`, options)
}
