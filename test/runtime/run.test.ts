import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { add, compile, concat, constant, input, mul, sum } from '../../src/graph/index.ts'
import { DisposedError, openRuntime, type Runtime, type TensorValue, tensorValue } from '../../src/runtime/node.ts'
import { numbers, slow, sumFeeds, sumGraph } from './graphs.ts'

let worker: Runtime
let caller: Runtime

beforeAll(async () => {
  worker = await openRuntime({ threads: 1 })
  caller = await openRuntime({ threads: 1, thread: 'caller' })
})

afterAll(async () => {
  await worker.dispose()
  await caller.dispose()
})

const runtimes = [
  { thread: 'a worker', runtime: () => worker },
  { thread: 'the calling thread', runtime: () => caller },
]

describe.each(runtimes)('in $thread', ({ runtime }) => {
  test('a graph maps named tensors to named tensors', async () => {
    await using session = await runtime().openSession(sumGraph())
    const { y } = await session.run(sumFeeds([1, 2, 3], [10, 20, 30]))
    expect(y).toEqual(tensorValue('float32', [3], [11, 22, 33]))
  })

  test('output shapes follow the named dimensions of the inputs', async () => {
    const a = input('a', 'float32', ['p', 2])
    const graph = compile({ y: concat([a, input('b', 'float32', ['q', 2])], 0) })
    await using session = await runtime().openSession(graph)
    const shapes = []
    for (const [p, q] of [
      [1, 2],
      [3, 0],
      [2, 2],
    ] as const) {
      const feeds = {
        a: tensorValue('float32', [p, 2], new Float32Array(p * 2)),
        b: tensorValue('float32', [q, 2], new Float32Array(q * 2)),
      }
      shapes.push((await session.run(feeds))['y']!.shape)
    }
    expect(shapes).toEqual([
      [3, 2],
      [3, 2],
      [4, 2],
    ])
  })

  test('every element type travels both ways', async () => {
    const values: TensorValue[] = [
      tensorValue('float32', [2], [1.5, -2]),
      tensorValue('float16', [2], Uint16Array.of(0x3c00, 0xc000)),
      tensorValue('int64', [2], [2 ** 40, -3]),
      tensorValue('int32', [2], [7, -8]),
      tensorValue('int8', [2], [127, -128]),
      tensorValue('uint8', [2], [0, 255]),
      tensorValue('bool', [2], [1, 0]),
    ]
    for (const value of values) {
      const x = input('x', value.type, [2])
      await using session = await runtime().openSession(compile({ y: concat([x, x], 0) }))
      const { y } = await session.run({ x: value })
      expect(y).toEqual({
        type: value.type,
        shape: [4],
        data: new (value.data.constructor as Float32ArrayConstructor)([
          ...(value.data as Float32Array),
          ...(value.data as Float32Array),
        ]),
      })
    }
  })

  test('scalars and empty tensors travel both ways', async () => {
    const x = input('x', 'float32', ['n'])
    await using session = await runtime().openSession(compile({ total: sum(x), twice: mul(x, 2) }))
    const { total, twice } = await session.run({ x: tensorValue('float32', [0], []) })
    expect([total!.shape, numbers(total), twice!.shape, numbers(twice)]).toEqual([[], [0], [0], []])
  })

  test('only the outputs asked for come back', async () => {
    const x = input('x', 'float32', ['n'])
    await using session = await runtime().openSession(compile({ a: add(x, 1), b: add(x, 2), c: add(x, 3) }))
    const answer = await session.run({ x: tensorValue('float32', [1], [0]) }, { outputs: ['c', 'a'] })
    expect(Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, numbers(value)]))).toEqual({
      a: [1],
      c: [3],
    })
  })

  test('the tensors of `into` are filled, whatever memory they lie on', async () => {
    await using session = await runtime().openSession(sumGraph())
    const targets = [
      runtime().allocate([{ name: 'y', type: 'float32', shape: [3] }])['y']!,
      tensorValue('float32', [3], new Float32Array(3)),
      tensorValue('float32', [3], new Float32Array(new SharedArrayBuffer(12))),
      tensorValue('float32', [3], new Float32Array(new ArrayBuffer(100), 16, 3)),
    ]
    for (const target of targets) {
      const { data } = target
      const { y } = await session.run(sumFeeds([1, 2, 3], [10, 20, 30]), { into: { y: target } })
      expect(y).toBe(target)
      expect(target.data).toBe(data)
      expect(numbers(target)).toEqual([11, 22, 33])
    }
  })

  test('feeds on shared memory are read anew at every run', async () => {
    await using session = await runtime().openSession(sumGraph())
    const { a, b } = runtime().allocate([
      { name: 'a', type: 'float32', shape: [2] },
      { name: 'b', type: 'float32', shape: [2] },
    ])
    const seen = []
    for (const value of [1, 5]) {
      a!.data.fill(value as never)
      b!.data[1] = 10
      seen.push(numbers((await session.run({ a: a!, b: b! }))['y']))
    }
    expect(seen).toEqual([
      [1, 11],
      [5, 15],
    ])
  })

  test('an output can be an input, or be computed from no input', async () => {
    const graph = compile({ same: input('x', 'float32', [2]), one: constant([1]) })
    await using session = await runtime().openSession(graph)
    const answer = await session.run({ x: tensorValue('float32', [2], [3, 4]) })
    expect([numbers(answer['same']), numbers(answer['one'])]).toEqual([[3, 4], [1]])
  })

  test('runs called at once take turns and do not mix', async () => {
    await using session = await runtime().openSession(sumGraph())
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => session.run(sumFeeds(Array(i + 1).fill(i), Array(i + 1).fill(1)))),
    )
    expect(answers.map(({ y }) => numbers(y))).toEqual(Array.from({ length: 20 }, (_, i) => Array(i + 1).fill(i + 1)))
  })
})

test('values compare equal in a worker and in the calling thread', async () => {
  const answers = []
  for (const runtime of [worker, caller]) {
    await using session = await runtime.openSession(slow.graph())
    answers.push((await session.run({ x: tensorValue('float32', [2, 2], [0.5, 0.25, 0.125, 1]) }))['y'])
  }
  expect(answers[0]).toEqual(answers[1])
})

test('the engine writes into memory given to it, and nothing is copied', async () => {
  // What nodeEngine.ts relies on: if a new version of the binding copied before it filled, the target would stay empty.
  const { openNodeEngine } = await import('../../src/runtime/nodeEngine.ts')
  const engine = openNodeEngine({ device: 'cpu', threads: 1, profile: false, logLevel: 'silent', checkNumerics: false })
  const { onnx } = sumGraph()
  const session = await engine.open({
    kind: 'open',
    session: 0,
    onnx,
    placements: {},
    root: '/',
    optimisation: 'all',
    planMemory: true,
  })
  const length = 2 ** 22
  const one = tensorValue('float32', [length], new Float32Array(length).fill(1))
  const fetch = { name: 'y', type: 'float32', shape: [length], data: new Float32Array(length) } as const
  const before = process.memoryUsage().arrayBuffers
  const [y] = await session.run(
    new Map([
      ['a', one],
      ['b', one],
    ]),
    [fetch],
  )
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(length)
  expect(y!.data).toBe(fetch.data)
  expect(fetch.data[length - 1]).toBe(2)
  await session.dispose()
})

test('the event loop stays free while a graph runs', async () => {
  await using session = await worker.openSession(slow.graph())
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const start = performance.now()
  await session.run(slow.feeds())
  const elapsedMs = performance.now() - start
  clearInterval(timer)
  expect(elapsedMs).toBeGreaterThan(40)
  expect(turns).toBeGreaterThan(10)
})

test('in the calling thread, timers still get their turn between runs', async () => {
  await using session = await caller.openSession(sumGraph())
  let fired = false
  setTimeout(() => {
    fired = true
  }, 1)
  for (let i = 0; i < 100_000 && !fired; i++) await session.run(sumFeeds([1], [2]))
  expect(fired).toBe(true)
})

describe('cancelling', () => {
  test('a run whose signal has fired already does not start', async () => {
    await using session = await worker.openSession(sumGraph())
    await expect(session.run(sumFeeds([1], [2]), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
  })

  test('a run that waits for its turn is dropped', async () => {
    await using runtime = await openRuntime({ profile: true })
    const session = await runtime.openSession(slow.graph())
    const controller = new AbortController()
    const first = session.run(slow.feeds())
    const second = session.run(slow.feeds(), { signal: controller.signal })
    const third = session.run({ x: tensorValue('float32', [1, 1], [1]) })
    controller.abort()
    await expect(second).rejects.toMatchObject({ name: 'AbortError' })
    await Promise.all([first, third])
    expect((await session.profile()).runs).toBe(2)
  })

  test('a run that has begun rejects at once, and the next one is unharmed', async () => {
    await using session = await worker.openSession(slow.graph())
    const reason = new Error('enough')
    const controller = new AbortController()
    const order: string[] = []
    const running = session.run(slow.feeds(), { signal: controller.signal }).catch(error => {
      order.push('cancelled')
      return error
    })
    await new Promise(resolve => setTimeout(resolve, 10))
    controller.abort(reason)
    const next = session.run({ x: tensorValue('float32', [1, 1], [1]) }).then(answer => {
      order.push('next')
      return answer
    })
    expect(await running).toBe(reason)
    expect(numbers((await next)['y'])).toEqual([1])
    expect(order).toEqual(['cancelled', 'next'])
  })

  test('a signal that fires after the run changes nothing', async () => {
    await using session = await worker.openSession(sumGraph())
    const controller = new AbortController()
    const { y } = await session.run(sumFeeds([1], [2]), { signal: controller.signal })
    controller.abort()
    expect(numbers(y)).toEqual([3])
  })

  test('opening a session can be given up', async () => {
    const controller = new AbortController()
    const opening = worker.openSession(slow.graph(), { signal: controller.signal })
    controller.abort()
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('disposing', () => {
  test('waits for the runs under way', async () => {
    const session = await worker.openSession(slow.graph())
    const running = session.run({ x: tensorValue('float32', [2, 2], [1, 0, 0, 1]) })
    await session.dispose()
    expect(numbers((await running)['y'])).toEqual([1, 0, 0, 1])
  })

  test('twice changes nothing', async () => {
    const session = await worker.openSession(sumGraph())
    await Promise.all([session.dispose(), session.dispose()])
    await session.dispose()
  })

  test('ends the session for later runs, and says so', async () => {
    const session = await worker.openSession(sumGraph())
    await session.dispose()
    await expect(session.run(sumFeeds([1], [2]))).rejects.toThrow(DisposedError)
  })

  test('a runtime disposes of its sessions, and opens no more', async () => {
    const runtime = await openRuntime()
    const session = await runtime.openSession(sumGraph())
    await Promise.all([runtime.dispose(), runtime.dispose()])
    await expect(session.run(sumFeeds([1], [2]))).rejects.toThrow(DisposedError)
    await expect(runtime.openSession(sumGraph())).rejects.toThrow(/the runtime is disposed of: open a new one/)
    await session.dispose()
  })
})
