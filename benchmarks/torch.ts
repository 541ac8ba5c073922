/**
 * The same work in PyTorch, where the machine has it, set up at its best: Debian's default BLAS is many times slower
 * than the OpenMP build of OpenBLAS with AVX-512 kernels, and only the environment can choose that.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Contestant } from './measure.ts'

/** Debian: `apt-get install python3-torch libopenblas0-openmp`. */
const OPENBLAS = '/usr/lib/x86_64-linux-gnu/openblas-openmp/libblas.so.3'
const PYTHONS = ['/usr/bin/python3', 'python3']

/** The first line that a script says. */
interface Ready {
  /** PyTorch's version. */
  readonly ready: string
  /** What the process had in memory before there was a model, where the script says it. */
  readonly baseBytes?: number
}

export interface Torch {
  readonly version: string
  /** Of the process that runs the script. */
  readonly pid: number
  /** 0 where the script does not say it. */
  readonly baseBytes: number
  /** Runs of one kind of work: the words that the script understands. */
  contestant(work: string): Contestant
  end(): void
}

/** Starts a script of `benchmarks/torch/`, or gives undefined where no python3 has torch. */
export async function startTorch(script: string, config: object, threads: number): Promise<Torch | undefined> {
  const path = fileURLToPath(new URL(`torch/${script}`, import.meta.url))
  for (const python of PYTHONS) {
    const child = spawn(python, [path, JSON.stringify({ ...config, threads })], {
      env: environment(threads),
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child.on('error', () => {}) // no such python: its output ends at once, which is what we look at
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const ready = await answers.next()
    if (!ready.done) {
      const { ready: version, baseBytes = 0 } = JSON.parse(ready.value) as Ready
      return { ...connect(child.stdin, answers), version, baseBytes, pid: child.pid as number }
    }
  }
  return undefined
}

function environment(threads: number): NodeJS.ProcessEnv {
  return {
    ...process.env,
    OMP_NUM_THREADS: String(threads),
    OPENBLAS_NUM_THREADS: String(threads),
    OPENBLAS_CORETYPE: process.env['QWEN_VL_OPENBLAS_CORETYPE'] ?? 'SkylakeX',
    PYTHONDONTWRITEBYTECODE: '1', // no __pycache__ among the sources
    ...(existsSync(OPENBLAS) ? { LD_PRELOAD: OPENBLAS } : {}),
  }
}

function connect(stdin: Writable, answers: AsyncIterator<string>): Pick<Torch, 'contestant' | 'end'> {
  return {
    contestant: work => async runs => {
      stdin.write(`${work} ${runs}\n`)
      const answer = await answers.next()
      if (answer.done) throw new Error(`PyTorch ended during "${work}"`)
      return JSON.parse(answer.value) as number[]
    },
    end: () => stdin.end(),
  }
}
