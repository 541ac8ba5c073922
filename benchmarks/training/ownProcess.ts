/** Starts this project's side of the training benchmark in processes of its own. Knows lines of JSON, and no model. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Contestant } from '../measure.ts'
import type { StepOptions, StepParts } from './step.ts'

const program = fileURLToPath(new URL('contestant.ts', import.meta.url))

/** As this process was started: with what lets it read TypeScript. */
const node = (options: object) => [...process.execArgv, program, JSON.stringify(options)]

export interface OwnProcess {
  readonly pid: number
  /** What the process had in memory before there was a model. */
  readonly baseBytes: number
  /** `note` is told the parts of each step. */
  contestant(note: (steps: readonly StepParts[]) => void): Contestant
  end(): void
}

/** Starts one process, and waits until its model is open. */
export async function startOwn(options: StepOptions): Promise<OwnProcess> {
  const child = spawn(process.execPath, node(options), { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => {
    const answer = await answers.next()
    if (answer.done) throw new Error('the process that trains ended early: its message stands above')
    return JSON.parse(answer.value)
  }
  const { baseBytes } = (await next()) as { baseBytes: number }
  return {
    pid: child.pid as number,
    baseBytes,
    contestant: note => async runs => {
      child.stdin.write(`step ${runs}\n`)
      const steps = (await next()) as StepParts[]
      note(steps)
      return steps.map(({ whole }) => whole)
    },
    end: () => child.stdin.end(),
  }
}

export interface Launch extends StepOptions {
  readonly warmUp: number
  readonly steps: number
}

/** What mpirun asks of those who run as root, as in a container. */
const allowRoot = { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' }

/**
 * Lets mpirun start so many processes, each bound to a core of its own, and gives the steps of the first. Rejects with an
 * Error that tells what mpirun or the processes said.
 */
export function launchOwn(count: number, options: Launch): Promise<StepParts[]> {
  const words = ['-n', String(count), '--bind-to', 'core', process.execPath, ...node(options)]
  const child = spawn('mpirun', words, { env: { ...process.env, ...allowRoot }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', () => reject(new Error('there is no mpirun on this machine (Debian: openmpi-bin)')))
    child.on('close', status => {
      if (status === 0) resolve(JSON.parse(stdout) as StepParts[])
      else reject(new Error(firstLine(stderr) ?? `mpirun ended with status ${status}`))
    })
  })
}

const firstLine = (text: string): string | undefined =>
  text
    .split('\n')
    .find(line => /\w/.test(line))
    ?.trim()
