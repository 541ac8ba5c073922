/**
 * `npm run bench -- NAME [--json] [--threads N] [--rounds N] [--runs N]`: runs one benchmark. Each is one file here and
 * one line in the table below.
 */

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { engine, printEngine } from './engine.ts'
import { printTraining, training } from './training.ts'

export interface BenchmarkOptions {
  readonly threads: number
  /** Turns that count. */
  readonly rounds: number
  /** Runs in a turn. */
  readonly runs: number
  readonly log: (message: string) => void
}

interface Benchmark {
  readonly about: string
  run(options: BenchmarkOptions): Promise<{ json: object; text: string }>
}

/** Ties the two halves of a benchmark together without losing the type of what passes between them. */
const benchmark = <Result extends object>(
  about: string,
  run: (options: BenchmarkOptions) => Promise<Result>,
  print: (result: Result) => string,
): Benchmark => ({
  about,
  run: async options => {
    const json = await run(options)
    return { json, text: print(json) }
  },
})

const benchmarks: Readonly<Record<string, Benchmark>> = {
  engine: benchmark('matrix products and a training step, beside PyTorch', engine, printEngine),
  training: benchmark('a step of each training stage, beside PyTorch, and on two processes', training, printTraining),
}

const usage = `usage: npm run bench -- NAME [options]

${Object.entries(benchmarks)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join('\n')}

  --json       one JSON object on standard output; benchmarks/README.md explains its keys
  --threads N  threads of the engine (default: all cores)
  --rounds N   turns that count (default 7)
  --runs N     runs in a turn (default 3)`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      threads: { type: 'string', default: String(availableParallelism()) },
      rounds: { type: 'string', default: '7' },
      runs: { type: 'string', default: '3' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return 0
  }
  const chosen = benchmarks[positionals[0] ?? '']
  if (!chosen || positionals.length > 1)
    throw new TypeError(
      positionals.length === 0 ? 'name a benchmark' : `there is no benchmark "${positionals.join(' ')}"`,
    )
  const { json, text } = await chosen.run({
    threads: count('threads', values.threads),
    rounds: count('rounds', values.rounds),
    runs: count('runs', values.runs),
    log: message => console.error(message),
  })
  console.log(values.json ? JSON.stringify(json) : text)
  return 0
}

function count(flag: string, value: string): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 1)
    throw new TypeError(`--${flag} must be a whole number above 0, not "${value}"`)
  return number
}

try {
  process.exitCode = await main()
} catch (error) {
  const isUsage = error instanceof TypeError
  console.error(`bench: ${(error as Error).message}${isUsage ? `\n\n${usage}` : ''}`)
  process.exitCode = isUsage ? 2 : 1
}
