/** The training step that is measured: loss and all gradients of a causal transformer of 9 M parameters. */
import { transformer } from '../examples/transformer.ts'
import { compile, gradient, input, linearCrossEntropy, scope, type Tensor } from '../src/graph/index.ts'
import { type Runtime, type TensorValue, tensorValue } from '../src/runtime/node.ts'
import { type Contestant, time } from './measure.ts'
import { randomValues } from './random.ts'

export const stepConfig = { batch: 8, length: 256, width: 256, layers: 6, heads: 4, vocabulary: 8192 } as const

/** Multiplications and additions of the matrix products in one step: forward once, backward twice that. */
export function stepArithmetic(): number {
  const { batch, length, width, layers, heads, vocabulary } = stepConfig
  const tokens = batch * length
  const linears = 2 * tokens * (layers * 12 * width ** 2 + vocabulary * width)
  const attentions = layers * batch * heads * 2 * (2 * length * length * (width / heads))
  return 3 * (linears + attentions)
}

/** The step as a contestant, ready to run on `runtime`. */
export async function openStep(runtime: Runtime): Promise<{ run: Contestant; parameters: number }> {
  const { batch, length, width, vocabulary } = stepConfig
  const root = scope()
  const tokens = input('tokens', 'int64', [batch, length])
  const labels = input('labels', 'int64', [batch, length])
  const hidden = transformer(root, tokens, stepConfig)
  const loss = linearCrossEntropy(hidden, root.parameter('head', [vocabulary, width]), labels)
  const derivatives = gradient(loss, [...root.parameters.values()])
  const names = [...root.parameters.keys()]
  const outputs = Object.fromEntries(names.map((name, i) => [`d.${name}`, derivatives[i] as Tensor]))
  const session = await runtime.openSession(compile({ loss, ...outputs }, { trained: 'all' }))

  const shapes = [...root.parameters].map(([name, { shape }]) => ({
    name,
    type: 'float32' as const,
    shape: shape as number[],
  }))
  const parameters = runtime.allocate(shapes)
  const gradients = runtime.allocate(shapes.map(({ name, ...rest }) => ({ name: `d.${name}`, ...rest })))
  for (const { name, data } of Object.entries(parameters).map(([name, value]) => ({
    name,
    data: value.data as Float32Array,
  }))) {
    if (name.includes('ln_') && name.endsWith('weight')) data.fill(1)
    else data.set(randomValues(data.length, 0.02))
  }
  const feeds: Record<string, TensorValue> = { ...parameters, tokens: randomTokens(1), labels: randomTokens(2) }
  return {
    run: runs => time(() => session.run(feeds, { into: gradients }), runs, 0),
    parameters: Object.values(parameters).reduce((total, { data }) => total + data.length, 0),
  }
}

function randomTokens(seed: number): TensorValue {
  const { batch, length, vocabulary } = stepConfig
  const values = Array.from(randomValues(batch * length, 1, seed), value => Math.floor(((value + 1) / 2) * vocabulary))
  return tensorValue('int64', [batch, length], values)
}
