/** `qwen-vl chat`: a conversation in the terminal, or with lines from a pipe. */
import { createInterface, type Interface } from 'node:readline'
import type { Command } from 'commander'
import type { QwenVL } from '../generate/qwenVL.ts'
import { commandHelp } from './chatHelp.ts'
import { runLine, type Session } from './chatLine.ts'
import { Conversation } from './conversation.ts'
import { InterruptedError, messageOf, ReportedError } from './failure.ts'
import { leaveBy, PATIENCE_MS } from './interrupt.ts'
import { modelOf, openModelFor, openPictures } from './opening.ts'
import {
  addGenerationOptions,
  addModelOptions,
  addOutputOptions,
  askOptions,
  type GenerationOptions,
  given,
  type ModelOptions,
} from './options.ts'

interface ChatOptions extends ModelOptions, GenerationOptions {
  readonly system?: string
}

export function addChat(program: Command): void {
  const command = program
    .command('chat')
    .description('Talk with a model about pictures. Reads lines: questions, pictures and commands.')
    .argument('[pictures...]', 'what the first question is about: files or addresses')
    .option('--system <text>', 'the system message (default: that of the model’s training)')
  addModelOptions(command)
  addGenerationOptions(command)
  addOutputOptions(command, 'print one JSON object for each answer, in one line')
    .addHelpText(
      'after',
      `
In the conversation:
${commandHelp}
Ctrl-C stops an answer; pressed twice, it ends the conversation.

Examples:
  qwen-vl chat --model Qwen/Qwen-VL-Chat
  qwen-vl chat street.jpg --temperature 0.7 --model Qwen/Qwen-VL-Chat
  printf '/picture street.jpg\\nWhat is this?\\n' | qwen-vl chat --json --model Qwen/Qwen-VL-Chat`,
    )
    .action(chat)
}

async function chat(paths: string[], options: ChatOptions): Promise<void> {
  const name = modelOf(options)
  const pictures = await openPictures(paths, new AbortController().signal)
  await using model = await openModelFor(options)
  const conversation = new Conversation(model, { ...askOptions(options), ...given({ system: options.system }) })
  for (const [i, picture] of pictures.entries()) conversation.add({ name: paths[i] as string, picture })
  const terminal = process.stdin.isTTY === true
  const lines = createInterface({
    input: process.stdin,
    ...(terminal ? { output: options.json ? process.stderr : process.stdout, prompt: '> ' } : { terminal: false }),
  })
  const say = (text: string) => void (options.json ? process.stderr : process.stdout).write(text)
  const interrupts = new Interrupts(lines, say)
  if (terminal) greet(model, name, say)
  const during: Session['during'] = work => interrupts.during(work)
  const session: Session = { conversation, name, json: options.json === true, say, during }
  const failures = await converse(lines, session, () => {
    if (terminal && !interrupts.left) lines.prompt()
  })
  if (interrupts.left) throw new InterruptedError('SIGINT')
  // Whoever types has seen them; a script should see that not all went well.
  if (failures > 0 && !terminal) throw new ReportedError('not every line could be answered')
}

function greet(model: QwenVL, name: string, say: (text: string) => void): void {
  say(`${name}. Give a picture with /picture PATH, or drop it into a question; /help lists more.\n`)
  if (model.format === 'raw') say('(a base model: it goes on with texts, and was not taught to converse)\n')
}

/** Runs line after line until the input or the person ends it. Gives the number of lines that failed. */
async function converse(lines: Interface, session: Session, prompt: () => void): Promise<number> {
  let failures = 0
  let isOpen = true
  lines.on('close', () => {
    isOpen = process.stdin.readableEnded // what a pipe gave before its end is still to be answered
  })
  prompt()
  for await (const line of lines) {
    if (!isOpen) break
    try {
      if ((await runLine(line, session)) === 'quit') break
    } catch (error) {
      failures++
      process.stderr.write(`qwen-vl: ${messageOf(error)}\n`)
    }
    prompt()
  }
  lines.close()
  return failures
}

/** Ctrl-C in a conversation: it stops the answer, or, when pressed twice with nothing typed between, ends everything. */
class Interrupts {
  readonly #lines: Interface
  readonly #say: (text: string) => void
  #running: AbortController | undefined
  #pressed = 0
  /** The person left with Ctrl-C. */
  left = false

  constructor(lines: Interface, say: (text: string) => void) {
    this.#lines = lines
    this.#say = say
    const press = () => this.#press()
    lines.on('SIGINT', press) // a terminal in raw mode gives Ctrl-C as a key
    process.on('SIGINT', press)
    lines.on('line', () => {
      this.#pressed = 0
    })
  }

  /** Does something that Ctrl-C stops. */
  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#running = new AbortController()
    try {
      return await work(this.#running.signal)
    } finally {
      this.#running = undefined
    }
  }

  #press(): void {
    this.#pressed++
    const running = this.#running
    running?.abort(new InterruptedError('SIGINT'))
    if (this.#pressed > 1) this.#leave()
    else if (!running) {
      this.#say('\n(Ctrl-C once more, or /quit, ends the conversation)\n')
      if (process.stdin.isTTY) this.#lines.prompt()
    }
  }

  #leave(): void {
    if (this.left) leaveBy('SIGINT')
    this.left = true
    this.#lines.close()
    // An engine in the middle of a step would keep the process.
    setTimeout(() => leaveBy('SIGINT'), PATIENCE_MS).unref()
  }
}
