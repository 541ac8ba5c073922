#!/usr/bin/env node
/**
 * The command `qwen-vl`: start reading here. This file runs the program on this process's arguments and ends with its
 * status; `program.ts` lists the commands, each in a file of its own name. `options.ts` has the options that commands
 * share, `failure.ts` what is said when something goes wrong, `answering.ts` the way of every command that asks a model.
 */
import { run } from './program.ts'

// A reader that has had enough, such as `head`, is no failure.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await run(process.argv.slice(2))
