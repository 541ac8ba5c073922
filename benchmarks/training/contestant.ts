/**
 * This project in a process of its own, so that its memory can be seen: `contestant.ts OPTIONS`, with StepOptions as JSON.
 * Says `{"ready": ...}` first, reads lines `step N`, takes N steps and answers with their StepParts as a JSON list. With
 * `steps` and `warmUp` among the options it takes so many unasked, answers once and ends: under mpirun, where only the
 * first process has an input, and the only one to answer.
 */
import { createInterface } from 'node:readline'
import { openProcesses } from '../../src/train/parallel/open.ts'
import { residentBytes } from '../memory.ts'
import { openStep, type StepOptions, type StepParts } from './step.ts'

interface Options extends StepOptions {
  readonly steps?: number
  readonly warmUp?: number
}

const options = JSON.parse(process.argv[2] ?? '') as Options
const baseBytes = residentBytes('self', 'now') ?? 0
await using processes = await openProcesses()
const step = await openStep(options, processes)

async function take(count: number): Promise<StepParts[]> {
  const steps: StepParts[] = []
  for (let i = 0; i < count; i++) steps.push(await step())
  return steps
}

if (options.steps !== undefined) {
  await take(options.warmUp ?? 0)
  const steps = await take(options.steps)
  if (processes.rank === 0) console.log(JSON.stringify(steps))
} else {
  console.log(JSON.stringify({ ready: true, baseBytes }))
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await take(Number(line.split(' ')[1]))))
  }
}
