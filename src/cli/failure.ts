/**
 * What is said when something goes wrong: one line on standard error and an exit status. Knows no command.
 */
import { constants } from 'node:os'
import { CommanderError } from 'commander'
import { TensorMismatchError } from '../checkpoint/errors.ts'
import { RecipeError } from '../corpus/recipe/faults.ts'
import { PromptTooLongError } from '../text/errors.ts'

/** A command was called in a way that it cannot be meant: status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A person, or the system, ended the command: status 130 for Ctrl-C, as shells have it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  readonly status: number

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('cancelled')
    this.status = 128 + constants.signals[signal]
  }
}

/** A failure that has been told already, line by line: nothing more is said. */
export class ReportedError extends Error {
  override readonly name = 'ReportedError'
}

/** 0 where help was asked for, 2 for wrong usage, 130 when cancelled, else 1. */
export function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof InterruptedError) return error.status
  return error instanceof UsageError ? 2 : 1
}

/** What to print on standard error: one line (of a recipe, one for each fault), or with `debug` all that is known; nothing where nothing is to be said. */
export function explain(error: unknown, debug: boolean): string | undefined {
  if (error instanceof ReportedError) return undefined
  // Help that was asked for went to standard output; help for want of a command, to standard error.
  if (error instanceof CommanderError && /^commander\.(help|version)/.test(error.code)) return undefined
  if (debug && error instanceof Error) return `qwen-vl: ${stackOf(error)}`
  return `qwen-vl: ${messageOf(error)}`
}

/** The stack, and those of its causes. */
function stackOf(error: Error): string {
  const stack = error.stack?.includes(error.message) ? error.stack : `${error.message}\n${error.stack}`
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack
}

/** The message of anything that was thrown, in one line; the faults of a recipe have one each, with their places. */
export function messageOf(error: unknown): string {
  if (error instanceof CommanderError) return oneLine(error.message.replace(/^error: /, ''))
  if (error instanceof PromptTooLongError) return error.message.replace('raise the window', 'raise it with --window')
  if (error instanceof RecipeError) return error.message
  if (error instanceof TensorMismatchError) return oneLine(shortened(error.message))
  if (!(error instanceof Error)) return oneLine(String(error))
  return oneLine(systemMessage(error) ?? (error.message || error.name))
}

/** Tensors of one kind that a line names. */
const NAMED = 3

/** Of each indented list of a message, the beginning. */
function shortened(message: string): string {
  let inList = 0
  let isCut = false
  const kept = message.split('\n').flatMap(line => {
    inList = line.startsWith('    ') ? inList + 1 : 0
    if (inList <= NAMED) return [line]
    isCut = true
    return inList === NAMED + 1 ? ['and more'] : []
  })
  return isCut ? `${kept.join('\n')}\n--debug lists them` : kept.join('\n')
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'there is no such file or folder',
  EACCES: 'this user may not do that there',
  EPERM: 'this user may not do that there',
  EROFS: 'nothing can be written there: the disk is read-only',
  EISDIR: 'it is a folder, not a file',
  ENOSPC: 'the disk is full: free some space',
  EDQUOT: 'the disk quota is used up: free some space',
  ENAMETOOLONG: 'the name is too long',
}

/** What the system refused, in words: `out/a.png: there is no such file or folder`. */
function systemMessage(error: Error): string | undefined {
  const { code, path } = error as NodeJS.ErrnoException
  const reason = reasons[code ?? '']
  if (reason === undefined || !(error as NodeJS.ErrnoException).syscall) return undefined
  return path === undefined ? reason : `${path}: ${reason}`
}

/** Lists become sentences: the lines of a message, joined by semicolons, or by nothing after a colon. */
export function oneLine(text: string): string {
  const lines = text
    .split(/\r?\n/)
    .map(line => line.replace(/^\s*(- )?/, '').trimEnd())
    .filter(line => line !== '')
  return lines.reduce((all, line) => `${all}${/[:;,(]$/.test(all) || line.startsWith('(') ? ' ' : '; '}${line}`)
}
