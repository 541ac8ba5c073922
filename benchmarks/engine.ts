/**
 * `npm run bench -- engine`: what the engine makes of this machine. Matrix products in every number format as a share of
 * the machine's float32 rate and memory bandwidth, and the training step of a 9 M-parameter transformer beside PyTorch.
 * Everything is measured in one run, in turns.
 */
import { openRuntime, type Runtime } from '../src/runtime/node.ts'
import { describeMachine, type Machine, machineLine } from './machine.ts'
import { inTurn, medianOf, medianRatio, summarise, type Timing } from './measure.ts'
import { openProduct, openRead, operations, type Product, weightBytes } from './products.ts'
import type { BenchmarkOptions } from './run.ts'
import { startTorch } from './torch.ts'
import { openStep, stepArithmetic, stepConfig } from './transformerStep.ts'

/** Products of many rows are bound by arithmetic, those of one row by reading the weight. */
const PRODUCTS: readonly Product[] = [
  { rows: 512, inner: 4096, columns: 4096, format: 'float32' },
  { rows: 512, inner: 4096, columns: 22016, format: 'int8' },
  { rows: 512, inner: 4096, columns: 22016, format: 'int8 blocks' },
  { rows: 512, inner: 4096, columns: 22016, format: 'int4 blocks', block: 32 },
  { rows: 512, inner: 4096, columns: 22016, format: 'int4 blocks', block: 128 },
  { rows: 1, inner: 4096, columns: 22016, format: 'float32' },
  { rows: 1, inner: 4096, columns: 22016, format: 'int8 blocks' },
  { rows: 1, inner: 4096, columns: 22016, format: 'int4 blocks', block: 32 },
]

/** What the machine can do: the best float32 rate and the fastest reading that were seen in this run. */
interface Limits {
  readonly float32PerSecond: number
  readonly bytesPerSecond: number
}

interface ProductResult extends Product {
  readonly milliseconds: Timing
  /** Of many rows: operations per second, and that over the machine's float32 rate. */
  readonly operationsPerSecond: number
  readonly shareOfFloat32: number
  /** Of one row: bytes of weight per second, and that over the machine's bandwidth. */
  readonly bytesPerSecond: number
  readonly shareOfBandwidth: number
}

interface StepResult {
  readonly parameters: number
  readonly arithmetic: number
  readonly milliseconds: Timing
  /** Arithmetic over time, over the float32 rate. */
  readonly shareOfFloat32: number
  readonly torch?: {
    readonly version: string
    readonly float32: Timing
    readonly bfloat16: Timing
    /** PyTorch's time over ours, the median over rounds: above 1 we are faster. */
    readonly speedOverFloat32: number
    readonly speedOverBfloat16: number
  }
}

export interface EngineResult {
  readonly machine: Machine
  readonly threads: number
  readonly rounds: number
  readonly runsPerRound: number
  readonly limits: Limits
  readonly products: readonly ProductResult[]
  readonly step: StepResult
}

/** Runs the benchmark. `options.log` is told what is being measured. */
export async function engine({ threads, rounds, runs, log }: BenchmarkOptions): Promise<EngineResult> {
  await using runtime = await openRuntime({ threads, thread: 'caller' })
  log(`products: ${rounds} rounds of ${runs} runs each, in turns`)
  const timings = await timeProducts(runtime, rounds, runs)
  log(`training step: ${rounds} rounds of ${runs} steps each, in turns with PyTorch where there is one`)
  const step = await timeStep(runtime, threads, rounds, runs)
  const limits = machineLimits(timings, step)
  return {
    machine: describeMachine(),
    threads,
    rounds,
    runsPerRound: runs,
    limits,
    products: PRODUCTS.map((product, i) => productResult(product, timings.products[i] as number[], limits)),
    step: stepResult(step, limits),
  }
}

async function timeProducts(runtime: Runtime, rounds: number, runs: number) {
  const products: number[][] = []
  const read = await openRead(runtime)
  const reads: number[] = []
  for (const product of PRODUCTS) {
    // One weight at a time: all of them together would not fit into a small machine.
    const opened = await openProduct(runtime, product)
    const figures = await inTurn({ product: opened.run, read: read.run }, rounds, runs)
    products.push(figures.product)
    reads.push(...figures.read)
    await opened.dispose()
  }
  await read.dispose()
  return { products, bytesPerSecond: (read.bytes / Math.min(...reads)) * 1e3 }
}

async function timeStep(runtime: Runtime, threads: number, rounds: number, runs: number) {
  const ours = await openStep(runtime)
  const torch = await startTorch('transformer.py', stepConfig, threads)
  try {
    const figures: Record<'ours' | 'float32' | 'bfloat16' | 'product', number[]> = torch
      ? await inTurn(
          {
            ours: ours.run,
            float32: torch.contestant('float32'),
            bfloat16: torch.contestant('bfloat16'),
            product: torch.contestant('product'),
          },
          rounds,
          runs,
        )
      : { ...(await inTurn({ ours: ours.run }, rounds, runs)), float32: [], bfloat16: [], product: [] }
    return { figures, parameters: ours.parameters, version: torch?.version }
  } finally {
    torch?.end()
  }
}

type TimedProducts = Awaited<ReturnType<typeof timeProducts>>
type TimedStep = Awaited<ReturnType<typeof timeStep>>

/** PyTorch's product is 2048³. The best of any engine counts: a share of one's own slowness would mean nothing. */
function machineLimits({ products, bytesPerSecond }: TimedProducts, { figures }: TimedStep): Limits {
  const rates = PRODUCTS.flatMap((product, i) =>
    product.format === 'float32' && product.rows > 1
      ? [(operations(product) / medianOf(products[i] as number[])) * 1e3]
      : [],
  )
  if (figures.product.length > 0) rates.push(((2 * 2048 ** 3) / medianOf(figures.product)) * 1e3)
  const oneRow = PRODUCTS.map((product, i) =>
    product.rows === 1 ? (weightBytes(product) / Math.min(...(products[i] as number[]))) * 1e3 : 0,
  )
  return { float32PerSecond: Math.max(...rates), bytesPerSecond: Math.max(bytesPerSecond, ...oneRow) }
}

function productResult(product: Product, milliseconds: readonly number[], limits: Limits): ProductResult {
  const timing = summarise(milliseconds)
  const operationsPerSecond = (operations(product) / timing.median) * 1e3
  const bytesPerSecond = (weightBytes(product) / timing.median) * 1e3
  return {
    ...product,
    milliseconds: timing,
    operationsPerSecond,
    shareOfFloat32: operationsPerSecond / limits.float32PerSecond,
    bytesPerSecond,
    shareOfBandwidth: bytesPerSecond / limits.bytesPerSecond,
  }
}

function stepResult({ figures, parameters, version }: TimedStep, limits: Limits): StepResult {
  const milliseconds = summarise(figures.ours)
  const arithmetic = stepArithmetic()
  const own = {
    parameters,
    arithmetic,
    milliseconds,
    shareOfFloat32: arithmetic / (milliseconds.median / 1e3) / limits.float32PerSecond,
  }
  if (version === undefined) return own
  return {
    ...own,
    torch: {
      version,
      float32: summarise(figures.float32),
      bfloat16: summarise(figures.bfloat16),
      speedOverFloat32: medianRatio(figures.float32, figures.ours),
      speedOverBfloat16: medianRatio(figures.bfloat16, figures.ours),
    },
  }
}

/** The result as a person reads it. */
export function printEngine({ machine, threads, limits, products, step, rounds, runsPerRound }: EngineResult): string {
  const percent = (share: number) => `${Math.round(100 * share)}%`
  const spread = ({ median, fastest, slowest }: Timing) =>
    `${median.toFixed(2)} ms (${fastest.toFixed(2)}–${slowest.toFixed(2)})`
  const rows = products.map(({ rows, inner, columns, format, block, milliseconds, ...rates }) => {
    const name = `${format}${block ? ` of ${block}` : ''} ${rows}×${inner}×${columns}`.padEnd(36)
    const rate =
      rows > 1
        ? `${(rates.operationsPerSecond / 1e9).toFixed(0)} Gop/s, ${percent(rates.shareOfFloat32)} of the float32 rate`
        : `${(rates.bytesPerSecond / 1e9).toFixed(1)} GB/s, ${percent(rates.shareOfBandwidth)} of the bandwidth`
    return `  ${name} ${spread(milliseconds).padEnd(34)} ${rate}`
  })
  const torch = step.torch
    ? [
        `  ${`PyTorch ${step.torch.version} float32`.padEnd(36)} ${spread(step.torch.float32)}`,
        `  ${'PyTorch bfloat16 autocast'.padEnd(36)} ${spread(step.torch.bfloat16)}`,
        `  speed: ${step.torch.speedOverFloat32.toFixed(2)}× PyTorch float32, ${step.torch.speedOverBfloat16.toFixed(2)}× its bfloat16 autocast`,
      ]
    : ['  PyTorch: no python3 with torch on this machine']
  return [
    machineLine(machine),
    `${threads} threads; medians of ${rounds} rounds (fastest–slowest), each the median of ${runsPerRound} runs; contestants in turns`,
    '',
    `this machine: ${(limits.float32PerSecond / 1e9).toFixed(0)} GFLOP/s in float32 products, ${(limits.bytesPerSecond / 1e9).toFixed(1)} GB/s read from memory`,
    '',
    'matrix products, weights constant',
    ...rows,
    '',
    `training step: loss and all gradients, ${(step.parameters / 1e6).toFixed(1)} M parameters, ${(step.arithmetic / 1e9).toFixed(0)} GFLOP of products`,
    `  ${'this project'.padEnd(36)} ${spread(step.milliseconds)}, ${percent(step.shareOfFloat32)} of the float32 rate`,
    ...torch,
  ].join('\n')
}
