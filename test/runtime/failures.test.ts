import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compile, div, input, log } from '../../src/graph/index.ts'
import { Client } from '../../src/runtime/client.ts'
import { engineError } from '../../src/runtime/engine.ts'
import {
  DeviceError,
  EngineMemoryError,
  ExecutionError,
  fromPlainError,
  MismatchError,
  ModelError,
  NumericsError,
  openRuntime,
  type Runtime,
  tensorValue,
  toPlainError,
  WorkerError,
} from '../../src/runtime/node.ts'
import { startWorker, WorkerChannel } from '../../src/runtime/nodeChannel.ts'
import { placeWeights } from '../../src/runtime/weights.ts'
import { indices, numbers, operatorGraph, sumFeeds, sumGraph, tableGraph } from './graphs.ts'

let runtime: Runtime

beforeAll(async () => {
  runtime = await openRuntime()
})

afterAll(() => runtime.dispose())

/** Whatever went wrong before, the runtime works. */
async function expectUsable(): Promise<void> {
  await using session = await runtime.openSession(sumGraph())
  expect(numbers((await session.run(sumFeeds([1], [2])))['y'])).toEqual([3])
}

describe('a file that is no ONNX model', () => {
  const { onnx } = sumGraph()
  const foreign = [
    { what: 'empty', bytes: new Uint8Array(0) },
    { what: 'an image', bytes: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82) },
    { what: 'text', bytes: new TextEncoder().encode('{"model_type": "qwen"}') },
    { what: 'zeros', bytes: new Uint8Array(1000) },
    { what: 'all ones', bytes: new Uint8Array(1000).fill(255) },
    { what: 'cut off after the header', bytes: onnx.slice(0, 20) },
    { what: 'cut off in the middle', bytes: onnx.slice(0, onnx.length >> 1) },
    { what: 'cut off before the end', bytes: onnx.slice(0, -1) },
  ]
  test.each(foreign)('is refused: $what', async ({ bytes }) => {
    const opening = runtime.openSession({ ...sumGraph(), onnx: bytes })
    await expect(opening).rejects.toThrow(ModelError)
    await expect(opening).rejects.toThrow(/truncated/)
  })

  test('leaves the runtime usable', expectUsable)
})

test('a model with an operator that the engine does not know is refused by its name', async () => {
  const x = { name: 'x', type: 'float32', shape: [1] } as const
  const opening = runtime.openSession(operatorGraph('Frobnicate', [x], [{ ...x, name: 'y' }]))
  await expect(opening).rejects.toThrow(ModelError)
  await expect(opening).rejects.toThrow(/Frobnicate/)
  await expectUsable()
})

test('a model that is not the one of its compiled graph is refused', async () => {
  const opening = runtime.openSession({ ...tableGraph(2, 2), weights: [] })
  await expect(opening).rejects.toThrow(/weight "table" that its compiled graph does not list/)
  await using session = await runtime.openSession({ ...sumGraph(), inputs: tableGraph(1, 1).inputs })
  await expect(session.run(indices(1))).rejects.toThrow(ExecutionError)
})

test('feeds that do not fit are refused before anything runs', async () => {
  await using session = await runtime.openSession(sumGraph())
  await expect(session.run(sumFeeds([1, 2], [1]))).rejects.toThrow(MismatchError)
})

test('an operator that fails is named, with its reason', async () => {
  await using session = await runtime.openSession(tableGraph(4, 2), {
    weights: { table: tensorValue('float32', [4, 2], new Float32Array(8)) },
  })
  const running = session.run(indices(44))
  await expect(running).rejects.toThrow(ExecutionError)
  await expect(running).rejects.toThrow(/the graph failed while running: Gather.*idx=44/)
  await expect(running).rejects.not.toThrow(/onnxruntime_src/)
  expect((await session.run(indices(3)))['rows']!.shape).toEqual([1, 2])
})

test('running out of memory is told, and the session goes on', async () => {
  const graph = operatorGraph(
    'Expand',
    [
      { name: 'x', type: 'float32', shape: [1] },
      { name: 'size', type: 'int64', shape: [1] },
    ],
    [{ name: 'y', type: 'float32', shape: ['large'] }],
  )
  await using session = await runtime.openSession(graph)
  const feeds = (size: number) => ({ x: tensorValue('float32', [1], [7]), size: tensorValue('int64', [1], [size]) })
  await expect(session.run(feeds(2 ** 44))).rejects.toThrow(EngineMemoryError)
  await expect(session.run(feeds(2 ** 44))).rejects.toThrow(/out of memory on cpu.*smaller batch/)
  expect(numbers((await session.run(feeds(2)))['y'])).toEqual([7, 7])
})

test('memory that cannot be allocated is told', () => {
  expect(() => runtime.allocate([{ name: 'x', type: 'float32', shape: [2 ** 50] }])).toThrow(EngineMemoryError)
})

describe('with checkNumerics', () => {
  let checking: Runtime
  beforeAll(async () => {
    checking = await openRuntime({ checkNumerics: true })
  })
  afterAll(() => checking.dispose())

  test('NaN and infinite inputs are named, with the first index and the count', async () => {
    await using session = await checking.openSession(sumGraph())
    const running = session.run(sumFeeds([1, 2, 3, 4], [0, Number.NaN, 0, Number.NEGATIVE_INFINITY]))
    await expect(running).rejects.toThrow(NumericsError)
    await expect(running).rejects.toMatchObject({ tensor: 'b', index: 1, count: 2 })
    await expect(running).rejects.toThrow(/input "b" holds 2 NaN or infinite values of 4, the first at index 1/)
    expect(numbers((await session.run(sumFeeds([1], [2])))['y'])).toEqual([3])
  })

  test('so are outputs', async () => {
    const graph = compile({ y: div(1, log(input('x', 'float32', [3]))) })
    await using session = await checking.openSession(graph)
    const running = session.run({ x: tensorValue('float32', [3], [2, 3, 1]) })
    await expect(running).rejects.toMatchObject({ tensor: 'y', index: 2, count: 1 })
    await expect(running).rejects.toThrow(/output "y" holds 1 NaN or infinite value of 3.*division/)
  })

  test('so are float16 values', async () => {
    await using session = await checking.openSession(compile({ y: input('x', 'float16', [2]) }))
    const running = session.run({ x: tensorValue('float16', [2], Uint16Array.of(0x7bff, 0x7c00)) })
    await expect(running).rejects.toMatchObject({ tensor: 'x', index: 1, count: 1 })
  })
})

test('without checkNumerics NaN passes', async () => {
  await using session = await runtime.openSession(sumGraph())
  expect(numbers((await session.run(sumFeeds([Number.NaN], [1])))['y'])).toEqual([Number.NaN])
})

describe('a worker that dies', () => {
  const options = {
    device: 'cpu',
    threads: 1,
    profile: false,
    logLevel: 'silent',
    checkNumerics: false,
  } as const

  async function open() {
    const started = startWorker(options)
    const channel = new WorkerChannel(started)
    await channel.ready
    return { worker: started.worker, runtime: new Client(channel, placeWeights, options) }
  }

  /** Nothing that the protocol knows, and so nothing that the worker is ready for: it throws. */
  const poison = null

  test('rejects what it was asked, what waits, and everything later, and disposing still works', async () => {
    const { worker, runtime } = await open()
    const session = await runtime.openSession(sumGraph())
    worker.postMessage(poison)
    const asked = [session.run(sumFeeds([1], [2])), session.run(sumFeeds([1], [2])), runtime.openSession(sumGraph())]
    for (const result of await Promise.allSettled(asked)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'WorkerError' } })
    }
    await expect(session.run(sumFeeds([1], [2]))).rejects.toThrow(WorkerError)
    await expect(runtime.openSession(sumGraph())).rejects.toThrow(/threw ".*null.*"; its sessions are gone: open a new/)
    await session.dispose()
    await runtime.dispose()
  })

  test('between two runs is noticed at the next call', async () => {
    const { worker, runtime } = await open()
    const session = await runtime.openSession(sumGraph())
    await session.run(sumFeeds([1], [2]))
    await worker.terminate()
    await expect(session.run(sumFeeds([1], [2]))).rejects.toThrow(/exited with status 1.*open a new runtime/)
    await runtime.dispose()
  })
})

test('a word that names no device is refused with those that do', async () => {
  await expect(openRuntime({ device: 'tpu' as 'cpu' })).rejects.toThrow(
    /no device "tpu": choose one of cpu, webgpu, cuda/,
  )
  await expect(openRuntime({ threads: 0 })).rejects.toThrow(RangeError)
})

test('what the engine says of a lost or missing device becomes a DeviceError that says what to do', () => {
  const lost = engineError(new Error('WebGPU device lost (2): reason'), 'run', 'webgpu')
  expect(lost).toBeInstanceOf(DeviceError)
  expect(lost.message).toMatch(/the device "webgpu" went away.*open a new one/)
  expect(engineError(new Error('CUDA failure 2: out of memory'), 'run', 'cuda')).toBeInstanceOf(EngineMemoryError)
  expect(engineError(new Error('CUDA failure 700: illegal access'), 'run', 'cuda')).toBeInstanceOf(DeviceError)
})

test('what the engine says is told without the paths and signatures of its sources', () => {
  const told = (message: string) => engineError(new Error(message), 'run', 'cpu').message
  const path = '/onnxruntime_src/onnxruntime/core/framework'
  expect(
    told(
      `Non-zero status code returned while running Add node. Name:'h.0' Status Message: ${path}/op_kernel.cc:83 virtual OrtValue* onnxruntime::OpKernelContext::OutputMLValue(int, const onnxruntime::TensorShape&) [ONNXRuntimeError] : 2 : INVALID_ARGUMENT : shapes differ`,
    ),
  ).toBe('the graph failed while running: Add "h.0": shapes differ')
  expect(
    told(
      `${path}/webgpu_context.cc:136 onnxruntime::webgpu::WebGpuContext::Initialize(const onnxruntime::webgpu::WebGpuContextConfig&)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. No adapter`,
    ),
  ).toBe('the graph failed while running: No adapter')
  expect(told('failed to call OrtRun(). ERROR_CODE: 1, ERROR_MESSAGE: the reason')).toBe(
    'the graph failed while running: the reason',
  )
})

test('errors keep their class, message and evidence on their way out of a worker', () => {
  const errors = [
    new DeviceError('gone', ['cpu']),
    new MismatchError('unfit', ['a', 'b']),
    new NumericsError('NaN', { tensor: 'x', index: 3, count: 4 }),
    new ModelError('model'),
    new ExecutionError('run'),
    new EngineMemoryError('memory'),
  ]
  for (const error of errors) {
    const copy = fromPlainError(structuredClone(toPlainError(error)))
    expect(copy).toBeInstanceOf(error.constructor)
    expect({ ...copy, message: copy.message }).toEqual({ ...error, message: error.message })
  }
})
