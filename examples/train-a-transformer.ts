/**
 * Trains a small causal transformer to add numbers written as text, on the CPU, and then asks it sums that it has never
 * seen. About a minute on two cores.
 *
 *     npx tsx examples/train-a-transformer.ts [--steps 800] [--threads 2] [--seed 1] [--profile]
 *
 * The model is the description in `transformer.ts`. It is differentiated, compiled twice (a training step, and a model
 * that answers), and both are run by ONNX Runtime on the same parameters.
 */
import { parseArgs } from 'node:util'
import { SingleBar } from 'cli-progress'
import {
  type CompiledGraph,
  compile,
  gradient,
  input,
  linear,
  linearCrossEntropy,
  scope,
  type Tensor,
} from '../src/graph/index.ts'
import { formatProfile, openRuntime, type Session, type TensorValue, tensorValue } from '../src/runtime/node.ts'
import { AdamW } from './adamw.ts'
import { ALPHABET, answer, decode, encode, LENGTH, question, type Sum, splitSums, sumBatch } from './sums.ts'
import { type TransformerConfig, transformer } from './transformer.ts'

const config: TransformerConfig = { vocabulary: ALPHABET.length, length: LENGTH, width: 96, heads: 4, layers: 2 }
const BATCH = 256

const { values: flags } = parseArgs({
  options: {
    steps: { type: 'string', default: '800' },
    threads: { type: 'string' },
    seed: { type: 'string', default: '1' },
    profile: { type: 'boolean', default: false },
  },
})
const steps = wholeNumber('steps', flags.steps)
const random = generator(wholeNumber('seed', flags.seed))

const { step, answering, shapes } = describe()
const { training, asked } = splitSums(random)

await using runtime = await openRuntime({
  ...(flags.threads && { threads: wholeNumber('threads', flags.threads) }),
  profile: flags.profile,
  thread: 'caller', // nothing else waits for this one
})
const parameters = runtime.allocate(shapes.map(({ name, shape }) => ({ name, type: 'float32', shape })))
const gradients = runtime.allocate(shapes.map(({ name, shape }) => ({ name: `d.${name}`, type: 'float32', shape })))
for (const { name, shape } of shapes) initialise(name, shape, parameters[name]?.data as Float32Array)

console.log(`${countParameters()} parameters, ${steps} steps of ${BATCH} sums`)
await train(await runtime.openSession(step))
await examine(await runtime.openSession(answering))
if (flags.profile) console.log(formatProfile(await runtime.profile()))

/** The same description, differentiated for training and as it is for answering. */
function describe(): { step: CompiledGraph; answering: CompiledGraph; shapes: { name: string; shape: number[] }[] } {
  const root = scope()
  const tokens = input('tokens', 'int64', ['batch', LENGTH])
  const labels = input('labels', 'int64', ['batch', LENGTH])
  const hidden = transformer(root, tokens, config)
  const head = root.parameter('head', [config.vocabulary, config.width])
  const loss = linearCrossEntropy(hidden, head, labels)
  const names = [...root.parameters.keys()]
  const derivatives = gradient(loss, [...root.parameters.values()])
  const outputs = Object.fromEntries(names.map((name, i) => [`d.${name}`, derivatives[i] as Tensor]))
  return {
    step: compile({ loss, ...outputs }, { trained: 'all' }),
    answering: compile({ logits: linear(hidden, head) }, { trained: 'all' }),
    shapes: [...root.parameters].map(([name, { shape }]) => ({ name, shape: shape as number[] })),
  }
}

async function train(session: Session): Promise<void> {
  const bar = new SingleBar({
    format: '{bar} {percentage}% | step {value}/{total} | loss {loss} | {eta_formatted} left',
  })
  const optimiser = new AdamW()
  let smooth = Math.log(config.vocabulary)
  bar.start(steps, 0, { loss: smooth.toFixed(3) })
  for (let done = 1; done <= steps; done++) {
    const batch = sumBatch(Array.from({ length: BATCH }, () => training[Math.floor(random() * training.length)] as Sum))
    const { loss } = await session.run(
      {
        ...parameters,
        tokens: tensorValue('int64', [BATCH, LENGTH], batch.tokens),
        labels: tensorValue('int64', [BATCH, LENGTH], batch.labels),
      },
      { into: gradients },
    )
    optimiser.step(arrays(parameters), arrays(gradients, 'd.'), learningRate(done))
    smooth = 0.95 * smooth + 0.05 * Number(loss?.data[0])
    bar.update(done, { loss: smooth.toFixed(3) })
    if (!process.stdout.isTTY && done % 100 === 0) console.log(`step ${done}/${steps}  loss ${smooth.toFixed(3)}`)
  }
  bar.stop()
}

/** Linear warm-up, then a cosine down to nothing. */
function learningRate(done: number): number {
  const warm = Math.min(1, done / 50)
  return 2e-3 * warm * 0.5 * (1 + Math.cos((Math.PI * done) / steps))
}

async function examine(session: Session): Promise<void> {
  const answers = await complete(session, asked.map(question))
  const right = asked.filter((sum, i) => answers[i] === answer(sum)).length
  asked.slice(0, 8).forEach((sum, i) => {
    console.log(`  ${question(sum)}${answers[i]}${answers[i] === answer(sum) ? '' : `   (it is ${answer(sum)})`}`)
  })
  console.log(
    `${right} of ${asked.length} sums that it never saw are right (${((100 * right) / asked.length).toFixed(1)}%)`,
  )
}

/** Goes on from each prompt, character by character, with the likeliest one, until all have ended. */
async function complete(session: Session, prompts: readonly string[]): Promise<string[]> {
  const lines = prompts.map(encode)
  for (let i = 0; i < LENGTH; i++) {
    const tokens = BigInt64Array.from(
      lines.flatMap(line => [...line, ...Array<number>(LENGTH - line.length).fill(0)]),
      BigInt,
    )
    const { logits } = await session.run({
      ...parameters,
      tokens: tensorValue('int64', [lines.length, LENGTH], tokens),
    })
    lines.forEach((line, row) => {
      if (line.length >= LENGTH || line.at(-1) === 0) return
      const at = (row * LENGTH + line.length - 1) * config.vocabulary
      line.push(likeliest(logits?.data.subarray(at, at + config.vocabulary) as Float32Array))
    })
  }
  return lines.map((line, i) => decode(line.slice(prompts[i]?.length)).trim())
}

function likeliest(scores: Float32Array): number {
  return scores.indexOf(Math.max(...scores))
}

function arrays(tensors: Readonly<Record<string, TensorValue>>, prefix = ''): Map<string, Float32Array> {
  return new Map(Object.entries(tensors).map(([name, { data }]) => [name.slice(prefix.length), data as Float32Array]))
}

/** Normal of deviation 0.02 for matrices, as GPT-2; 1 for the weights of norms; 0 for biases. */
function initialise(name: string, shape: readonly number[], values: Float32Array): void {
  if (shape.length === 1) values.fill(name.includes('ln_') && name.endsWith('weight') ? 1 : 0)
  else for (let i = 0; i < values.length; i++) values[i] = 0.02 * normal()
}

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Numbers in [0, 1) from a seed: mulberry32. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function countParameters(): number {
  return shapes.reduce((total, { shape }) => total + shape.reduce((product, size) => product * size, 1), 0)
}

function wholeNumber(flag: string, value: string): number {
  const number = Number(value)
  if (Number.isInteger(number) && number > 0) return number
  console.error(`--${flag} must be a whole number above 0, not "${value}"`)
  process.exit(2)
}
