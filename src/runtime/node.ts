/**
 * The runtime in Node: ONNX Runtime's native engine in a worker thread, so that the event loop never waits for it. The
 * thread shares the process, so a fault that the system ends with a signal ends the whole process; everything short of
 * that (the worker exits, throws, runs out of its heap) rejects what was asked of it.
 */
import { availableParallelism, cpus } from 'node:os'
import { CallerChannel } from './callerChannel.ts'
import { Client } from './client.ts'
import { DeviceError, WorkerError } from './errors.ts'
import { startWorker, WorkerChannel } from './nodeChannel.ts'
import type { EngineOptions } from './protocol.ts'
import { checkDevice, type Device, devices, type Runtime, type RuntimeOptions } from './runtime.ts'
import { placeWeights } from './weights.ts'

export * from './errors.ts'
export { formatProfile, mergeProfiles, type ProfileRow } from './profile.ts'
export * from './runtime.ts'
export { type AnyTensor, allocateTensors, tensorValue } from './tensor.ts'

/**
 * Opens a runtime on one device. An idle runtime does not keep the process alive, disposed of or not.
 * Rejects with a DeviceError that lists the devices that are there, when this one is not.
 *
 *     await using runtime = await openRuntime({ threads: 4 })
 *     const session = await runtime.openSession(compile({ sum: add(a, b) }))
 *     const { sum } = await session.run({ a: tensorValue('float32', [2], [1, 2]), b })
 */
export async function openRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const device = options.device ?? 'cpu'
  checkDevice(device)
  try {
    return await start(options)
  } catch (error) {
    if (!(error instanceof DeviceError) || device === 'cpu') throw error
    const available = await probe(devices.filter(other => other !== device))
    const advice = remedies[device]
    const message = `${error.message}. Available here: ${available.join(', ')}. ${advice}`
    throw new DeviceError(message, available, { cause: error })
  }
}

/** The devices that `openRuntime` can open here. Starts the engine on each to find out: some 100 ms. */
export const availableDevices = (): Promise<Device[]> => probe(devices)

const remedies: Readonly<Record<Device, string>> = {
  cpu: '',
  webgpu:
    'WebGPU needs a graphics driver (on Linux, Vulkan). Without a graphics card SwiftShader serves, slowly: set ' +
    'VK_ICD_FILENAMES to its vk_swiftshader_icd.json before the first use of the device in the process.',
  cuda:
    "CUDA needs an NVIDIA card, CUDA 12 with cuDNN 9, and ONNX Runtime's libraries for it, which no install fetches by " +
    'itself: run "node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12" once.',
}

async function probe(candidates: readonly Device[]): Promise<Device[]> {
  const found: Device[] = []
  for (const device of candidates) {
    if (device !== 'cpu') {
      try {
        await (await start({ device })).dispose()
      } catch (error) {
        if (error instanceof DeviceError || error instanceof WorkerError) continue
        throw error
      }
    }
    found.push(device)
  }
  return found
}

async function start(options: RuntimeOptions): Promise<Runtime> {
  const complete: EngineOptions = {
    device: options.device ?? 'cpu',
    threads: options.threads ?? defaultThreads(),
    profile: options.profile ?? false,
    logLevel: options.logLevel ?? 'silent',
    checkNumerics: options.checkNumerics ?? false,
  }
  if (complete.threads !== undefined && !(Number.isInteger(complete.threads) && complete.threads > 0)) {
    throw new RangeError(`threads must be a whole number above 0, not ${complete.threads}`)
  }
  if (options.thread === 'caller') {
    const { openNodeEngine } = await import('./nodeEngine.ts')
    return new Client(new CallerChannel(openNodeEngine(complete), complete), placeWeights, complete)
  }
  const channel = new WorkerChannel(startWorker(complete))
  try {
    await channel.ready
  } catch (error) {
    await channel.end()
    throw error
  }
  return new Client(channel, placeWeights, complete)
}

/** The engine's own choice (physical cores) is best, but it does not see that a process may use only some of them. */
function defaultThreads(): number | undefined {
  const usable = availableParallelism()
  return usable < cpus().length ? usable : undefined
}
