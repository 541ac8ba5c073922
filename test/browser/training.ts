/** Trains the example's transformer for some steps: the same code for a page and for Node, given a runtime of either. */
import { LENGTH, type Sum, sumBatch } from '../../examples/sums.ts'
import { transformer } from '../../examples/transformer.ts'
import { compile, gradient, input, linearCrossEntropy, scope, type Tensor } from '../../src/graph/index.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { tensorValue } from '../../src/runtime/tensor.ts'

const config = { vocabulary: 13, length: LENGTH, width: 32, heads: 2, layers: 2 }
const sums: readonly Sum[] = Array.from({ length: 16 }, (_, i) => ({ a: 7 * i, b: 3 * i + 1 }))

/** The loss before each of some steps of plain gradient descent, from weights that are the same everywhere. */
export async function train(runtime: Runtime, steps: number): Promise<number[]> {
  const root = scope()
  const shape = [sums.length, LENGTH]
  const hidden = transformer(root, input('tokens', 'int64', shape), config)
  const head = root.parameter('head', [config.vocabulary, config.width])
  const loss = linearCrossEntropy(hidden, head, input('labels', 'int64', shape), { rowsAtOnce: 48 })
  const parameters = [...root.parameters]
  const derivatives = gradient(
    loss,
    parameters.map(([, tensor]) => tensor),
  )
  const outputs = Object.fromEntries(parameters.map(([name], i) => [`d.${name}`, derivatives[i] as Tensor]))
  await using session = await runtime.openSession(
    compile({ loss, ...outputs }, { trained: 'all', device: runtime.device }),
  )

  const weights = Object.fromEntries(
    parameters.map(([name, tensor]) => [name, initial(name, tensor.shape as number[])]),
  )
  const { tokens, labels } = sumBatch(sums)
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const feeds = {
      ...weights,
      tokens: tensorValue('int64', shape, tokens),
      labels: tensorValue('int64', shape, labels),
    }
    const answer = await session.run(feeds)
    losses.push(Number(answer['loss']?.data[0]))
    for (const [name, { data }] of Object.entries(weights)) {
      const slope = answer[`d.${name}`]?.data as Float32Array
      for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) - 0.05 * (slope[i] as number)
    }
  }
  return losses
}

function initial(name: string, shape: readonly number[]) {
  const count = shape.reduce((product, size) => product * size, 1)
  const isNorm = name.includes('ln_') && name.endsWith('weight')
  const value = (i: number) => (isNorm ? 1 : shape.length === 1 ? 0 : 0.2 * Math.sin(12.9 * i + name.length))
  return tensorValue(
    'float32',
    shape,
    Float32Array.from({ length: count }, (_, i) => value(i)),
  )
}
