/** `qwen-vl train`: runs a recipe, or says what it would do: its plan, its data, whether it can learn at all. */
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { type Device, devices } from '../runtime/runtime.ts'
import type { EndEvent } from '../train/events.ts'
import type { Processes } from '../train/parallel/processes.ts'
import type { FileOverrides, Recipe } from '../train/recipe/index.ts'
import { InterruptedError, UsageError } from './failure.ts'
import { watchInterrupts } from './interrupt.ts'
import { addOutputOptions, collect, given, type OutputOptions, wholeNumber } from './options.ts'

export interface TrainCommandOptions extends OutputOptions {
  readonly model?: string
  readonly data?: string
  readonly out?: string
  readonly steps?: number
  readonly batch?: number
  readonly seed?: number
  readonly set?: readonly string[]
  readonly device: Device
  readonly threads?: number
  readonly fresh?: true
  readonly force?: true
  readonly plan?: true
  readonly checkData?: number
  readonly selfTest?: true
  readonly dashboard?: number | true
}

/** A step under way is finished, and a checkpoint written, before a cancelled run ends. */
const PATIENCE_MS = 15 * 60_000

export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .description('Train by a recipe. A run that was ended in any way goes on when it is started again.')
    .argument('<recipe>', 'a YAML file, such as recipes/lora.yaml')
    .option('-m, --model <model>', 'begin with this model, in place of what the recipe says')
    .option('--data <file>', 'learn from this, in place of what the recipe says')
    .option('--out <folder>', 'the folder of the run (default: runs/NAME)')
    .option('--steps <n>', 'so many steps', wholeNumber(1))
    .option('--batch <n>', 'rows of a step, over all processes', wholeNumber(1))
    .option('--seed <n>', 'the same seed gives the same run', wholeNumber(0))
    .option('--set <key=value>', 'any key of the recipe, such as optimiser.learningRate=1e-4; several times', collect)
    .option('--plan', 'only say what the run would need')
    .option('--check-data <n>', 'only show the first n samples as they would be learnt, and draw them', wholeNumber(1))
    .option('--self-test', 'only see whether the loss of one batch can be brought down')
    .option('--fresh', 'begin anew where an earlier run has left a checkpoint')
    .option('--force', 'begin even if memory or disk seem too small')
    .option('--dashboard [port]', 'show the curves on a page of this machine', portNumber)
    .addOption(new Option('--device <device>', 'what computes').choices(devices).default('cpu'))
    .option('--threads <n>', 'threads of the processor (default: one for each core)', wholeNumber(1))
  addOutputOptions(command, 'print every event as one line of JSON')
    .addHelpText(
      'after',
      `
A run is a folder: recipe.yaml, events.jsonl, checkpoints/, and at its end model/ or adapter/. Ctrl-C ends it after the
step under way; the same command goes on. With several processes (mpirun -n 4 qwen-vl train …) each computes a part.

Examples:
  qwen-vl train recipes/lora.yaml --model Qwen/Qwen-VL-Chat --data my.json --plan
  qwen-vl train recipes/lora.yaml --model Qwen/Qwen-VL-Chat --data my.json --check-data 20
  qwen-vl train recipes/lora.yaml --model Qwen/Qwen-VL-Chat --data my.json --dashboard
  qwen-vl train recipes/small/multitask.yaml --steps 20 --set optimiser.learningRate=1e-3`,
    )
    .action(trainByRecipe)
}

function portNumber(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('It must be a port: a whole number up to 65535.')
}

async function trainByRecipe(file: string, options: TrainCommandOptions): Promise<void> {
  const only = [options.plan, options.checkData, options.selfTest].filter(chosen => chosen !== undefined)
  if (only.length > 1) throw new UsageError('--plan, --check-data and --self-test are each for themselves: choose one')
  const { readRecipe } = await import('../train/recipe/index.ts')
  const { openProcesses } = await import('../train/parallel/open.ts')
  await using processes = await openProcesses()
  try {
    const recipe = await readRecipe(file, overridesOf(options))
    if (options.plan) await showPlan(recipe, processes, options)
    else if (options.checkData !== undefined) await showData(recipe, options.checkData, options)
    else if (options.selfTest) await showSelfTest(recipe, processes, options)
    else await runTraining(recipe, processes, options)
  } catch (error) {
    if (processes.size > 1) await leaveTogether(error, processes)
    throw error
  }
}

/** What one process cannot do none can: the others would wait for it. */
async function leaveTogether(error: unknown, processes: Processes): Promise<void> {
  if (error instanceof InterruptedError) return
  process.stderr.write(`process ${processes.rank}: ${(error as Error).message}\n`)
  processes.abort()
}

function overridesOf({ model, data, out, steps, batch, seed, set }: TrainCommandOptions): FileOverrides {
  return given({ model, data, out, steps, batch, seed, set })
}

async function runTraining(recipe: Recipe, processes: Processes, options: TrainCommandOptions): Promise<void> {
  const { train } = await import('../train/train.ts')
  const { openProgress } = await import('../train/watch/progress.ts')
  const { describeRecipe } = await import('../train/recipe/index.ts')
  const { device, threads, fresh, force, json } = options
  const signal = watchInterrupts(PATIENCE_MS)
  const isFirst = processes.rank === 0
  if (isFirst && !json) for (const line of describeRecipe(recipe, { processes: processes.size })) say(line)
  let dashboard: Awaited<ReturnType<typeof openPage>> | undefined
  const progress = isFirst
    ? openProgress({ stream: json ? process.stdout : process.stderr, ...(json && { json }) })
    : undefined
  let end: EndEvent | undefined
  try {
    const events = train(recipe, { ...given({ threads, fresh, force }), device, processes, signal })
    for (;;) {
      const { value, done } = await events.next()
      if (value.type === 'start' && isFirst && options.dashboard !== undefined)
        dashboard = await openPage(recipe, options.dashboard)
      // Why a run failed is said once, as of every command.
      const isToldElsewhere = value.type === 'end' && value.reason === 'failed' && !json
      if (!isToldElsewhere) progress?.on(value)
      if (done) {
        end = value
        break
      }
    }
  } finally {
    progress?.close()
    await dashboard?.close()
  }
  if (end.reason === 'cancelled') {
    const interrupted = signal.reason instanceof InterruptedError ? signal.reason : new InterruptedError('SIGINT')
    interrupted.message = `cancelled at step ${end.step}: the same command goes on from there`
    throw interrupted
  }
  if (isFirst && !json && end.model !== undefined) process.stdout.write(`${end.model}\n`)
}

const say = (line: string) => void process.stderr.write(`${line}\n`)

async function openPage(recipe: Recipe, port: number | true) {
  const { openDashboard } = await import('../train/watch/dashboard/server.ts')
  const dashboard = await openDashboard({ logs: [recipe.out] }, port === true ? {} : { port })
  const isMoved = port !== true && port !== 0 && dashboard.port !== port
  say(`curves: ${dashboard.url}${isMoved ? ` (port ${port} is taken)` : ''}`)
  return dashboard
}

async function showPlan(recipe: Recipe, { size }: Processes, { json }: TrainCommandOptions): Promise<void> {
  const { formatPlan, PlanError, planRun } = await import('../train/plan.ts')
  const plan = await planRun(recipe, size)
  process.stdout.write(`${json ? JSON.stringify(plan) : formatPlan(plan)}\n`)
  if (plan.problems.length > 0) throw new PlanError(`the run does not fit into this machine`)
}

async function showData(recipe: Recipe, samples: number, options: TrainCommandOptions): Promise<void> {
  const { checkRecipeData } = await import('../train/checkRecipeData.ts')
  const signal = watchInterrupts()
  const colour = process.stdout.isTTY === true && !options.json
  for await (const shown of checkRecipeData(recipe, { samples, colour, signal })) {
    if (options.json) process.stdout.write(`${JSON.stringify(shown)}\n`)
    else if (shown.kind === 'sample') {
      const drawn = shown.files.length > 0 ? `\n  ${shown.files.join('\n  ')}` : ''
      const share = `${shown.tokens} tokens, ${shown.supervised} learnt`
      process.stdout.write(`${shown.id} (${shown.task}; ${share})\n${shown.text}${drawn}\n\n`)
    } else if (shown.kind === 'refused') process.stdout.write(`left out: ${shown.reason}\n\n`)
    else {
      for (const [task, { samples: count, tokens, supervised, pictures }] of Object.entries(shown.tasks))
        process.stdout.write(
          `${task}: ${count} samples, ${pictures} pictures, ${tokens} tokens, ${supervised} learnt\n`,
        )
      if (shown.refused > 0) process.stdout.write(`${shown.refused} left out\n`)
    }
  }
}

async function showSelfTest(recipe: Recipe, processes: Processes, options: TrainCommandOptions): Promise<void> {
  const { selfTest } = await import('../train/selfTest.ts')
  const { device, threads, json } = options
  const signal = watchInterrupts()
  const result = await selfTest(recipe, { ...given({ threads }), device, processes, signal })
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else process.stdout.write(`${result.losses.map(loss => loss.toFixed(4)).join(' ')}\n${result.verdict}\n`)
  if (!result.learns) throw new Error('the loss of one batch does not come down: see above')
}
