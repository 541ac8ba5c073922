/** What a benchmark ran on, in words and numbers. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly node: string
  readonly onnxruntime: string
  /** Commit that was measured; `+` marks a working tree with changes. */
  readonly commit: string
  readonly date: string
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    onnxruntime: packageVersion('onnxruntime-node'),
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
  }
}

export function machineLine(machine: Machine): string {
  const { processor, cores, memoryGiB, node, onnxruntime, commit, date } = machine
  return `${processor}, ${cores} cores, ${memoryGiB} GiB; Node ${node}, ONNX Runtime ${onnxruntime}; ${date}, commit ${commit}`
}

function packageVersion(name: string): string {
  const path = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}

function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
