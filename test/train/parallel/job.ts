/** Starts a program of these tests as several processes, as a person does with mpirun. Knows no operation. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { TestContext } from 'vitest'
import { root } from '../../checkout.ts'
import { needs } from '../../requirements.ts'

const loader = pathToFileURL(`${root}/node_modules/tsx/dist/esm/index.mjs`).href

export interface Job {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** Short lines of JSON that the processes printed, in any order. */
  readonly lines: readonly { readonly rank: number; readonly pid: number }[]
}

export interface JobOptions {
  readonly size: number
  readonly program: string
  readonly words?: readonly string[]
  readonly mpirun?: readonly string[]
  /** Called once every process has printed a line, with the process id of mpirun. */
  readonly onStarted?: (mpirun: number, lines: Job['lines']) => void
}

/**
 * The environment: root is allowed to (containers), and a process may start more of them than there are cores, which
 * then make room for each other. Without the last one, a container that may not read other processes' memory gets a warning at each start.
 */
export const environment = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_OPTIONS|VITEST)/.test(name))),
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  OMPI_MCA_rmaps_base_oversubscribe: '1',
  OMPI_MCA_mpi_yield_when_idle: '1',
  OMPI_MCA_btl_vader_single_copy_mechanism: 'none',
})

export function runJob(context: TestContext, options: JobOptions): Promise<Job> {
  const program = fileURLToPath(new URL(options.program, import.meta.url))
  const node = [process.execPath, '--import', loader, program, ...(options.words ?? [])]
  const words = ['-n', String(options.size), ...(options.mpirun ?? ['--bind-to', 'none']), ...node]
  return collect(spawn(needs(context, 'mpirun'), words, { env: environment() }), options)
}

/** The same program, started alone. */
export function runAlone(program: string, words: readonly string[], extra: NodeJS.ProcessEnv = {}): Promise<Job> {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const env = { ...environment(), ...extra }
  return collect(spawn(process.execPath, ['--import', loader, path, ...words], { env }), { size: 1 })
}

function collect(
  child: ReturnType<typeof spawn>,
  { size, onStarted }: Pick<JobOptions, 'size' | 'onStarted'>,
): Promise<Job> {
  let [stdout, stderr, isStarted] = ['', '', false]
  const lines = (): Job['lines'] =>
    stdout.split('\n').flatMap(line => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line)] : []))
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    if (isStarted || lines().length < size) return
    isStarted = true
    onStarted?.(child.pid!, lines())
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', status => resolve({ status, stdout, stderr, lines: lines() }))
  })
}

/** Linux: neither gone nor a zombie, which waits for whoever adopted it. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
