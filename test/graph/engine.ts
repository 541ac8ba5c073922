/** One runtime for the tests of a file, and what they do with it. Node only. */
import { afterAll, beforeAll } from 'vitest'
import type { CompiledGraph } from '../../src/graph/index.ts'
import {
  openRuntime,
  type Runtime,
  type Session,
  type SessionOptions,
  type TensorValue,
} from '../../src/runtime/node.ts'
import { feedsOf, type Values, weightsOf } from './instance.ts'

let runtime: Runtime | undefined

/** Call once at the top of a test file: opens a CPU runtime for it. The graphs are tiny, so one thread is the fastest. */
export function useEngine(): void {
  beforeAll(async () => {
    runtime = await openRuntime({ thread: 'caller', threads: 1 })
  })
  afterAll(() => runtime?.dispose())
}

/** Opens a session on the file's runtime. */
export function open(graph: CompiledGraph, weights: Values = {}, options: SessionOptions = {}): Promise<Session> {
  if (!runtime) throw new Error('call useEngine() at the top of the test file')
  return runtime.openSession(graph, { ...options, weights: weightsOf(graph, weights) as Record<string, TensorValue> })
}

/** Opens, runs once, and disposes. Feeds that the graph does not take are left out. */
export async function evaluate(
  graph: CompiledGraph,
  feeds: Values = {},
  weights: Values = {},
  options: SessionOptions = {},
): Promise<Values> {
  await using session = await open(graph, weights, options)
  return (await session.run(feedsOf(graph, feeds) as Record<string, TensorValue>)) as Values
}
