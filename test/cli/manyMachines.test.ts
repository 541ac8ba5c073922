/** The commands of docs/many-machines.md, run as they stand, as several processes of this machine. */
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { read, root } from '../checkout.ts'
import { needs } from '../requirements.ts'
import { environment as mpiEnvironment } from '../train/parallel/job.ts'
import { ended, nodeArguments, testFolder } from './process.ts'

const blocks = [...read('docs/many-machines.md').matchAll(/^```sh\n(.*?)^```/gms)].map(match => match[1]!)

test('the page has a command to try', () => {
  expect(blocks.length).toBeGreaterThan(0)
})

const work = testFolder()

test.for(blocks)('%s', async (block, context) => {
  needs(context, 'mpirun')
  const programs = join(work, 'programs')
  mkdirSync(programs)
  cpSync(join(root, 'recipes'), join(work, 'recipes'), { recursive: true })
  cpSync(join(root, 'examples/training'), join(work, 'examples/training'), { recursive: true })
  const words = [process.execPath, ...nodeArguments()].map(word => `'${word}'`).join(' ')
  writeFileSync(join(programs, 'qwen-vl'), `#!/bin/sh\nexec ${words} "$@"\n`)
  chmodSync(join(programs, 'qwen-vl'), 0o755)
  const env = { ...mpiEnvironment(), PATH: [programs, process.env['PATH']].join(delimiter) }
  const { status, stderr } = await ended(spawn('bash', ['-euo', 'pipefail', '-c', block], { cwd: work, env }))
  expect(status, stderr).toBe(0)
  const events = readFileSync(join(work, 'runs/small/language/events.jsonl'), 'utf8').trim().split('\n')
  const told = events.map(line => JSON.parse(line) as { type: string; processes?: number; reason?: string })
  expect(told[0]).toMatchObject({ type: 'start', processes: 2 })
  expect(told.at(-1)).toMatchObject({ type: 'end', reason: 'finished' })
})
