/**
 * A program of its own, so that its peak memory can be told: the gradients of 12 wide layers, with their activations
 * `keep`-ed or `recompute`-d. Prints the peak in MiB above where it stood when the graph was ready, and one number of a
 * gradient.
 */
import * as graph from '../../src/graph/index.ts'
import { openRuntime, tensorValue } from '../../src/runtime/node.ts'

const [ROWS, WIDTH, HIDDEN, LAYERS] = [2048, 32, 2048, 12]

const wrap = process.argv[2] === 'recompute' ? graph.recompute : <Result>(build: () => Result) => build()
const at = graph.scope()
let h: graph.Tensor = graph.input('x', 'float32', [ROWS, WIDTH])
for (let layer = 0; layer < LAYERS; layer++) {
  const part = at.at(layer)
  const entry = h
  h = wrap(() => {
    const wide = graph.gelu(graph.linear(entry, part.parameter('up', [HIDDEN, WIDTH]))) // [ROWS, HIDDEN]
    return graph.add(entry, graph.linear(wide, part.parameter('down', [WIDTH, HIDDEN])))
  })
}
const parameters = [...at.parameters.keys()]
const gradients = graph.gradient(graph.mean(graph.mul(h, h)), [...at.parameters.values()])
const compiled = graph.compile(Object.fromEntries(gradients.map((g, i) => [`gradient.${i}`, g])), { trained: 'all' })

const values = (count: number, scale: number) =>
  Float32Array.from({ length: count }, (_, i) => scale * Math.sin(i * 12.9898))
const feeds = Object.fromEntries(
  compiled.inputs.map(({ name, shape }) => {
    const sizes = shape as readonly number[]
    return [
      name,
      tensorValue(
        'float32',
        sizes,
        values(
          sizes.reduce((a, b) => a * b, 1),
          0.05,
        ),
      ),
    ]
  }),
)

await using runtime = await openRuntime({ thread: 'caller', threads: 2 })
await using session = await runtime.openSession(compiled)
const before = process.resourceUsage().maxRSS
const outputs = await session.run(feeds)
const peakMiB = (process.resourceUsage().maxRSS - before) / 1024
const first = outputs[`gradient.${parameters.indexOf('0.up')}`]!
console.log(
  JSON.stringify({ peakMiB, slope: (first.data as Float32Array).reduce((sum, value) => sum + Math.abs(value), 0) }),
)
