/** What test/runtime/browser.test.ts runs in a page: the runtime's promises, seen from a browser. Plain values in and out. */
import {
  add,
  compile,
  div,
  gather,
  input,
  layerNorm,
  linear,
  log,
  matmul,
  scope,
  type Tensor,
} from '../../src/graph/index.ts'
import {
  availableDevices,
  type Device,
  openRuntime,
  type Runtime,
  type RuntimeOptions,
  type TensorValue,
  tensorValue,
} from '../../src/runtime/browser.ts'

const sum = () => compile({ y: add(input('a', 'float32', ['n']), input('b', 'float32', ['n'])) })

const numbers = (value: TensorValue | undefined) => Array.from(value!.data as Float32Array, Number)

const row = (values: readonly number[]) => tensorValue('float32', [values.length], values)

export const isIsolated = (): boolean => globalThis.crossOriginIsolated

export const listDevices = (): Promise<Device[]> => availableDevices()

export async function addsNumbers(options: RuntimeOptions, a: number[], b: number[]): Promise<number[]> {
  await using runtime = await openRuntime(options)
  await using session = await runtime.openSession(sum())
  return numbers((await session.run({ a: row(a), b: row(b) }))['y'])
}

/** A gather, a norm and a product with weights, one of them large. */
export async function usesWeights(options: RuntimeOptions): Promise<number[]> {
  const [rows, width] = [40_000, 8]
  const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i))
  const model = scope()
  const x = gather(model.parameter('table', [rows, width]), input('index', 'int64', ['n']))
  const y = layerNorm(x, model.parameter('scale', [width]), undefined, 1e-5)
  await using runtime = await openRuntime(options)
  await using session = await runtime.openSession(
    compile({ y: linear(y, model.parameter('weight', [width, width])) }),
    {
      weights: {
        table: tensorValue('float32', [rows, width], wave(rows * width)),
        scale: tensorValue('float32', [width], wave(width)),
        weight: tensorValue('float32', [width, width], wave(width * width)),
      },
    },
  )
  const into = runtime.allocate([{ name: 'y', type: 'float32', shape: [2, width] }])
  await session.run({ index: tensorValue('int64', [2], [1, rows - 1]) }, { into })
  return numbers(into['y'])
}

/** How often the page got a turn while the engine computed. */
export async function turnsDuringRun(options: RuntimeOptions): Promise<number> {
  let y: Tensor = input('x', 'float32', [512, 512])
  const x = y
  for (let i = 0; i < 40; i++) y = matmul(y, x)
  await using runtime = await openRuntime(options)
  await using session = await runtime.openSession(compile({ y }))
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  await session.run({ x: tensorValue('float32', [512, 512], new Float32Array(512 * 512).fill(1 / 512)) })
  clearInterval(timer)
  return turns
}

interface Refusal {
  readonly name: string
  readonly message: string
}

/** What each kind of bad input is refused with, and whether the runtime still works afterwards. */
export async function refusals(): Promise<Record<string, Refusal | string>> {
  const told: Record<string, Refusal | string> = {}
  await using runtime = await openRuntime({ checkNumerics: true })
  const attempt = async (what: string, action: (runtime: Runtime) => Promise<unknown>) => {
    try {
      await action(runtime)
      told[what] = 'not refused'
    } catch (error) {
      told[what] = { name: (error as Error).name, message: (error as Error).message }
    }
  }
  const run = async (runtime: Runtime, a: number[], b: number[], signal = new AbortController().signal) =>
    (await runtime.openSession(sum())).run({ a: row(a), b: row(b) }, { signal })
  await attempt('device', () => openRuntime({ device: 'cuda' }))
  await attempt('profile', () => openRuntime({ profile: true }))
  await attempt('model', runtime => runtime.openSession({ ...sum(), onnx: sum().onnx.slice(0, -9) }))
  await attempt('shapes', runtime => run(runtime, [1], [1, 2]))
  await attempt('numbers', runtime => run(runtime, [1], [Number.NaN]))
  await attempt('cancelled', runtime => run(runtime, [1], [1], AbortSignal.abort()))
  await attempt('file', runtime =>
    runtime.openSession(compile({ y: scope().parameter('w', [1]) }), {
      weights: { w: { path: 'w.bin', offset: 0, length: 4 } },
    }),
  )
  await attempt('operator', async runtime => {
    const graph = compile({ y: gather(input('x', 'float32', [2, 1]), input('index', 'int64', [1])) })
    const session = await runtime.openSession(graph)
    await session.run({ x: tensorValue('float32', [2, 1], [1, 2]), index: tensorValue('int64', [1], [7]) })
  })
  await attempt('output', async runtime => {
    const session = await runtime.openSession(compile({ y: div(1, log(input('x', 'float32', [1]))) }))
    await session.run({ x: row([1]) })
  })
  await attempt('disposed', async runtime => {
    await runtime.dispose()
    await runtime.openSession(sum())
  })
  return told
}

/** What a run says once its WebGPU device was lost under it, and whether a new runtime works. */
export async function losesDevice(): Promise<{ told: string; after: number[] }> {
  const { env } = await import('onnxruntime-web/webgpu')
  const runtime = await openRuntime({ device: 'webgpu', thread: 'caller' })
  const session = await runtime.openSession(sum())
  await session.run({ a: row([1]), b: row([2]) })
  ;((await env.webgpu.device) as { destroy(): void }).destroy()
  const told = await session.run({ a: row([1]), b: row([2]) }).then(
    answer => `no error: ${numbers(answer['y'])}`,
    (error: Error) => `${error.name}: ${error.message}`,
  )
  return { told, after: await addsNumbers({ device: 'webgpu' }, [1], [2]) }
}

/** The heap of the page after some cycles of opening, running and disposing, in MB: [before, after]. */
export async function cycles(times: number): Promise<string> {
  await using runtime = await openRuntime()
  for (let i = 0; i < times; i++) {
    await using session = await runtime.openSession(sum())
    await session.run({ a: row([i]), b: row([1]) })
  }
  return 'done'
}
