/** The commands, and what calling one comes to: an exit status. Runs in the caller's process and never ends it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { addAsk } from './ask.ts'
import { addCaption } from './caption.ts'
import { addChat } from './chat.ts'
import { addCorpus } from './corpus.ts'
import { addEvaluate } from './evaluate.ts'
import { explain, statusOf } from './failure.ts'
import { addInspect } from './inspect.ts'
import { addLocate } from './locate.ts'
import { addMerge } from './merge.ts'
import { addPlot } from './plot.ts'
import { addPull } from './pull.ts'
import { addQuantize } from './quantize.ts'
import { addRead } from './read.ts'
import { addScore } from './score.ts'
import { addTrace } from './trace.ts'
import { addTrain } from './train.ts'

/** In the order of `qwen-vl --help`. */
const commands = [
  addCaption,
  addAsk,
  addLocate,
  addRead,
  addChat,
  addScore,
  addPull,
  addInspect,
  addTrace,
  addTrain,
  addPlot,
  addMerge,
  addQuantize,
  addCorpus,
  addEvaluate,
]

/** The program with all its commands, which throw instead of ending the process. */
export function buildProgram(): Command {
  const program = new Command('qwen-vl')
    .description('Qwen-VL on your own machine: caption, ask, locate, read and chat about pictures.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ outputError: () => {} }) // said once, in one line, by `run`
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  qwen-vl pull Qwen/Qwen-VL-Chat
  qwen-vl caption street.jpg --model Qwen/Qwen-VL-Chat
  qwen-vl ask street.jpg "How many people are there?" --model Qwen/Qwen-VL-Chat
  qwen-vl help locate

Exit status: 0 success, 1 a failure that the message explains, 2 wrong usage, 130 cancelled.`,
    )
  for (const add of commands) add(program)
  return program
}

/** Runs the program on arguments, without the program's own name, and gives the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  const debug = args.includes('--debug')
  try {
    await buildProgram().parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    const line = explain(error, debug)
    if (line !== undefined) process.stderr.write(`${line}\n`)
    return statusOf(error)
  }
}

/** Of the package, whose root is two folders up from here and from the built file alike. */
function version(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
