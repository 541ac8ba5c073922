/** The command line as tests run it: a process in a folder of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, type TestContext } from 'vitest'
import { root } from '../checkout.ts'
import { needs } from '../requirements.ts'
import { builtMain } from './built.ts'

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface StartOptions {
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
  /** Programs that run before: to make the disk full, for example. */
  readonly preload?: readonly string[]
}

const main = builtMain()
const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/esm/index.mjs')).href

/** Arguments of `node` that run the command line. Programs that run before it are in TypeScript. */
export const nodeArguments = (preload: readonly string[] = []): string[] => [
  ...(preload.length > 0 ? [loader, ...preload.map(path => pathToFileURL(path).href)] : []).flatMap(url => [
    '--import',
    url,
  ]),
  main,
]

/** A folder that is gone after the tests of this file. */
export function testFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'command line ')))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Nothing of the environment says where models or tokens are. */
export function environmentOf({ folder, environment }: StartOptions): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(HF_|HUGGING|NODE_OPTIONS|VITEST)/.test(name))
  return { ...Object.fromEntries(own), HF_HOME: join(folder, 'huggingface'), ...environment }
}

/** Starts a command. */
export function start(args: readonly string[], options: StartOptions) {
  const node = [...nodeArguments(options.preload), ...args]
  return spawn(process.execPath, node, { cwd: options.folder, env: environmentOf(options) })
}

/** Starts a command in a terminal: keys go in, and what is shown comes out, all of it on standard output. */
export function startInTerminal(context: TestContext, args: readonly string[], options: StartOptions) {
  const words = [process.execPath, ...nodeArguments(options.preload), ...args].map(word => `'${word}'`).join(' ')
  const terminal = ['-qec', words, '/dev/null']
  return spawn(needs(context, 'script'), terminal, { cwd: options.folder, env: environmentOf(options) })
}

/** Waits for a command's end. */
export function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
  })
}

/** Runs a command to its end, with `input` on standard input. */
export function run(args: readonly string[], options: StartOptions, input = ''): Promise<Ended> {
  const child = start(args, options)
  child.stdin.on('error', () => {}) // a command that fails early does not read
  child.stdin.end(input)
  return ended(child)
}

/** Waits until a command has written something. */
export function written(child: ChildProcessWithoutNullStreams, wanted: RegExp): Promise<void> {
  let seen = ''
  return new Promise((resolve, reject) => {
    const look = (text: Buffer | string) => {
      seen += text
      if (wanted.test(seen)) resolve()
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.on('close', () => reject(new Error(`it ended without ${wanted}: ${seen}`)))
  })
}
