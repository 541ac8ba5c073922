/**
 * The runtime in browsers: ONNX Runtime's WebAssembly engine in a module worker, so that the page stays responsive. Same
 * interface and same errors as in Node. Threads and shared memory need a cross-origin isolated page (the headers
 * `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`).
 */
import { CallerChannel } from './callerChannel.ts'
import { type Channel, Client, type PlaceWeights } from './client.ts'
import { DeviceError, EngineError, fromPlainError, WorkerError } from './errors.ts'
import type { Answer, EngineOptions, Placement } from './protocol.ts'
import { checkDevice, type Device, devices, type Runtime, type RuntimeOptions } from './runtime.ts'
import { bytesOf, isShared } from './tensor.ts'

export * from './runtime.ts'

/**
 * Opens a runtime on one device. Rejects with a DeviceError that lists the devices that are there, when this one is not.
 * `profile` is not available in browsers.
 */
export async function openRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  checkDevice(options.device ?? 'cpu')
  try {
    return await start(options)
  } catch (error) {
    if (!(error instanceof DeviceError) || options.device === 'cpu') throw error
    const available = await probe(devices.filter(device => device !== options.device))
    const message = `${error.message}. Available here: ${available.join(', ')}.`
    throw new DeviceError(message, available, { cause: error })
  }
}

/** The devices that `openRuntime` can open here. */
export const availableDevices = (): Promise<Device[]> => probe(devices)

async function probe(candidates: readonly Device[]): Promise<Device[]> {
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu
  const adapter = candidates.includes('webgpu') ? await gpu?.requestAdapter().catch(() => undefined) : undefined
  return candidates.filter(device => device === 'cpu' || (device === 'webgpu' && adapter))
}

async function start(options: RuntimeOptions): Promise<Runtime> {
  const complete: EngineOptions = {
    device: options.device ?? 'cpu',
    threads: options.threads,
    profile: false,
    logLevel: options.logLevel ?? 'silent',
    checkNumerics: options.checkNumerics ?? false,
  }
  if (options.profile) throw new EngineError('browsers keep the profile to themselves: measure in Node instead')
  if (options.thread === 'caller') {
    const { openBrowserEngine } = await import('./browserEngine.ts')
    return new Client(new CallerChannel(await openBrowserEngine(complete), complete), placeWeights, complete)
  }
  const channel = new WorkerChannel(complete)
  try {
    await channel.ready
  } catch (error) {
    await channel.end()
    throw error
  }
  return new Client(channel, placeWeights, complete)
}

class WorkerChannel implements Channel {
  readonly sameThread = false
  onAnswer: Channel['onAnswer'] = () => {}
  onDeath: Channel['onDeath'] = () => {}
  readonly ready: Promise<void>
  readonly #worker: Worker

  constructor(options: EngineOptions) {
    // Bundlers look for exactly this form, and find the source file behind the compiled one's name.
    this.#worker = new Worker(new URL('./browserWorker.js', import.meta.url), { type: 'module' })
    this.#worker.onerror = event => {
      event.preventDefault()
      this.#worker.terminate()
      const why = event.message ? `failed: ${event.message}` : 'could not be loaded'
      this.onDeath(new WorkerError(`the worker of the engine ${why}; its sessions are gone: open a new runtime`))
    }
    this.ready = new Promise((resolve, reject) => {
      this.onDeath = reject
      this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.onAnswer(data)
        if (data.error) reject(fromPlainError(data.error))
        else resolve()
      }
    })
    this.#worker.postMessage(options)
  }

  post(...[request, transfer]: Parameters<Channel['post']>): void {
    this.#worker.postMessage(request, transfer)
  }

  keepAlive(): void {}

  async end(): Promise<void> {
    this.#worker.terminate()
  }
}

const placeWeights: PlaceWeights = async (specifications, sources) => {
  const placements: Record<string, Placement> = {}
  const transfer: ArrayBuffer[] = []
  for (const { name } of specifications) {
    const source = sources[name]!
    if ('path' in source) throw new EngineError(`weight "${name}" lies in a file: browsers take tensors only`)
    const bytes = bytesOf(source.data)
    // A copy of exactly the weight: the array may be a window on a whole checkpoint, which would travel with it.
    placements[name] = { bytes: isShared(source.data) ? bytes : bytes.slice() }
    if (!isShared(source.data)) transfer.push((placements[name] as { bytes: Uint8Array<ArrayBuffer> }).bytes.buffer)
  }
  return { root: '', placements, transfer, dispose: async () => {} }
}
