/** Matrix products at the sizes of a 7 B language model, in the number formats that the engine has. */
import {
  type CompiledGraph,
  compile,
  input,
  int8Linear,
  matmul,
  max,
  quantisedLinear,
  scope,
} from '../src/graph/index.ts'
import { type Runtime, type TensorValue, tensorValue } from '../src/runtime/node.ts'
import { type Contestant, time } from './measure.ts'
import { randomBytes, randomValues } from './random.ts'

export interface Product {
  readonly rows: number
  readonly inner: number
  readonly columns: number
  readonly format: 'float32' | 'int8' | 'int8 blocks' | 'int4 blocks'
  /** Inputs that share a scale, for the formats in blocks. */
  readonly block?: number
}

/** Operations of a product: one multiplication and one addition for each term. */
export const operations = ({ rows, inner, columns }: Product): number => 2 * rows * inner * columns

/** Bytes of its weight, scales included: what a product of one row has to read. */
export function weightBytes({ inner, columns, format, block = 32 }: Product): number {
  const perWeight = { float32: 4, int8: 1, 'int8 blocks': 1 + 4 / block, 'int4 blocks': 0.5 + 4 / block }[format]
  return inner * columns * perWeight
}

/** Opens a product as a contestant; the weight is a constant of the session, as in inference. */
export async function openProduct(
  runtime: Runtime,
  product: Product,
): Promise<{ run: Contestant; dispose(): Promise<void> }> {
  const { graph, weights } = describe(product)
  const session = await runtime.openSession(graph, { weights })
  const shape = [product.rows, product.inner]
  const x = tensorValue('float32', shape, randomValues(product.rows * product.inner, 1))
  const into = runtime.allocate([{ name: 'y', type: 'float32', shape: [product.rows, product.columns] }])
  return { run: runs => time(() => session.run({ x }, { into }), runs, 1), dispose: () => session.dispose() }
}

function describe({ rows, inner, columns, format, block = 32 }: Product): {
  graph: CompiledGraph
  weights: Record<string, TensorValue>
} {
  const x = input('x', 'float32', [rows, inner])
  const root = scope()
  if (format === 'float32') {
    const weight = root.parameter('w', [inner, columns])
    return {
      graph: compile({ y: matmul(x, weight) }),
      weights: { w: tensorValue('float32', [inner, columns], randomValues(inner * columns, 1)) },
    }
  }
  if (format === 'int8') {
    const weight = { values: root.parameter('w', [inner, columns], 'int8'), scales: root.parameter('s', [columns]) }
    const bytes = randomBytes(inner * columns)
    return {
      graph: compile({ y: int8Linear(x, weight) }),
      weights: {
        w: tensorValue('int8', [inner, columns], new Int8Array(bytes.buffer)),
        s: tensorValue('float32', [columns], new Float32Array(columns).fill(0.01)),
      },
    }
  }
  const bits = format === 'int4 blocks' ? 4 : 8
  const blocks = inner / block
  const values = [columns, blocks, (block * bits) / 8]
  const weight = {
    bits,
    blockSize: block,
    values: root.parameter('w', values, 'uint8'),
    scales: root.parameter('s', [columns, blocks]),
  } as const
  return {
    graph: compile({ y: quantisedLinear(x, weight, undefined, { accuracy: 'int8' }) }),
    weights: {
      w: tensorValue('uint8', values, randomBytes(columns * blocks * ((block * bits) / 8))),
      s: tensorValue('float32', [columns, blocks], new Float32Array(columns * blocks).fill(0.01)),
    },
  }
}

/** Reads a quarter of a gibibyte once: far more than any cache holds. A contestant, and the bytes it reads. */
export async function openRead(
  runtime: Runtime,
): Promise<{ run: Contestant; bytes: number; dispose(): Promise<void> }> {
  const shape = [1024, 65536]
  const x = input('x', 'float32', shape)
  const session = await runtime.openSession(compile({ largest: max(x, { axes: [1] }) }))
  const feeds = runtime.allocate([{ name: 'x', type: 'float32', shape }])
  for (const { data } of Object.values(feeds)) (data as Float32Array).fill(1)
  return {
    run: runs => time(() => session.run(feeds), runs, 1),
    bytes: 4 * 1024 * 65536,
    dispose: () => session.dispose(),
  }
}
