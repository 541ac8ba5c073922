/** `qwen-vl plot`: the curves of training runs, as a picture or as a live page, and in a line where they are. */
import { extname } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { NamedRun, PlotName } from '../train/watch/panels.ts'
import type { FoundRun } from '../train/watch/runs.ts'
import type { RunSummary } from '../train/watch/summary.ts'
import { UsageError } from './failure.ts'
import { watchInterrupts } from './interrupt.ts'
import { checkOutput } from './opening.ts'
import { addOutputOptions, given, type OutputOptions, wholeNumber } from './options.ts'

interface PlotCommandOptions extends OutputOptions {
  readonly out?: string
  readonly series?: readonly PlotName[]
  readonly from?: number
  readonly to?: number
  readonly smooth?: number
  readonly log?: true
  readonly dashboard?: true
  readonly port?: number
}

/** As `panels.ts` has them; named here so that help needs no reading of it. */
const names: readonly PlotName[] = ['loss', 'tasks', 'rate', 'norm', 'speed', 'memory', 'time']

/** Most runs in one picture. */
const mostRuns = 8

/** A PNG has this many pixels for each of the SVG's, so that it is sharp on fine screens. */
const pngScale = 2

export function addPlot(program: Command): void {
  const command = program
    .command('plot')
    .description('Draw the curves of training runs, also of runs that go on, or show them on a live page.')
    .argument('<log...>', 'a run’s folder, its events.jsonl, or a folder with several runs')
    .option('--out <file>', 'where to write the picture: .svg or .png')
    .option(
      '--series <names>',
      `which curves, separated by commas: ${names.join(', ')} (default: the first five)`,
      series,
    )
    .option('--from <step>', 'the first step to show', wholeNumber(0))
    .option('--to <step>', 'the last step to show', wholeNumber(1))
    .option('--smooth <n>', 'steps to smooth over; 0 for none (default: a hundredth of the run)', wholeNumber(0))
    .option('--log', 'a logarithmic axis for losses')
    .option('--dashboard', 'serve a live page of the curves, for this machine only, until Ctrl-C')
    .option('--port <n>', 'where to serve it; the next free one if it is taken (default: 6780)', wholeNumber(0))
  addOutputOptions(command, 'print one JSON object: where each run is')
    .addHelpText(
      'after',
      `
Without --out and --dashboard it only says where the runs are.

Examples:
  qwen-vl plot runs/street
  qwen-vl plot runs/street --out curves.svg
  qwen-vl plot runs/street runs/street-lora --series loss,norm --log --out compared.png
  qwen-vl plot runs --dashboard`,
    )
    .action(plot)
}

function series(text: string): readonly PlotName[] {
  const chosen = text.split(',').map(name => name.trim())
  const unknown = chosen.find(name => !names.some(each => each === name))
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no "${unknown}": choose of ${names.join(', ')}.`)
  return chosen as PlotName[]
}

async function plot(logs: readonly string[], options: PlotCommandOptions): Promise<void> {
  const { out, from, to, dashboard, port } = options
  if (from !== undefined && to !== undefined && to < from)
    throw new UsageError(`--to ${to} lies before --from ${from}: there is no step between them`)
  if (port !== undefined && !dashboard) throw new UsageError('--port needs --dashboard: nothing else is served')
  if (port !== undefined && port > 65_535) throw new UsageError(`there is no port ${port}: the last one is 65535`)
  if (out !== undefined) await checkOutput(out, ['.svg', '.png'])
  const { findRuns } = await import('../train/watch/runs.ts')
  const found = await findRuns(logs)
  if (out !== undefined || !dashboard) await draw(found, options)
  if (dashboard) await serve(logs, options)
}

async function draw(found: readonly FoundRun[], options: PlotCommandOptions): Promise<void> {
  const { out, json } = options
  if (out !== undefined && found.length > mostRuns)
    throw new UsageError(`there are ${found.length} runs: a picture has room for ${mostRuns}, so name those to compare`)
  const { summarise, summaryLine } = await import('../train/watch/summary.ts')
  const signal = watchInterrupts()
  const runs: NamedRun[] = []
  const summaries: RunSummary[] = []
  for (const each of found) {
    const run = await read(each, signal)
    summaries.push(summarise(run))
    if (out !== undefined) runs.push(run) // the curves of many runs take memory, and are needed for a picture only
  }
  if (out !== undefined) await write(out, runs, options)
  if (json) process.stdout.write(`${JSON.stringify({ ...given({ out }), runs: summaries })}\n`)
  else for (const summary of summaries) process.stdout.write(`${summaryLine(summary)}\n`)
}

/** Reads a log. Lines that are no events are told, and left out. */
async function read({ name, path }: FoundRun, signal: AbortSignal): Promise<NamedRun> {
  const { RunCurves } = await import('../train/watch/curves.ts')
  const { readLog } = await import('../train/watch/log.ts')
  const curves = new RunCurves()
  const broken = (problem: Error) => void process.stderr.write(`left out: ${problem.message}\n`)
  for await (const event of readLog(path, { broken })) {
    signal.throwIfAborted()
    curves.add(event)
  }
  return { name, curves }
}

async function write(out: string, runs: readonly NamedRun[], options: PlotCommandOptions): Promise<void> {
  const { plotRuns } = await import('../train/watch/plot.ts')
  const { replaceFile } = await import('../checkpoint/replaceFile.ts')
  const { series, from, to, smooth: smoothing, log: isLogarithmic } = options
  const svg = plotRuns(runs, given({ series, from, to, smoothing, isLogarithmic }))
  if (extname(out).toLowerCase() === '.svg') return replaceFile(out, svg)
  const { default: sharp } = await import('sharp')
  await replaceFile(
    out,
    await sharp(Buffer.from(svg), { density: 72 * pngScale })
      .png()
      .toBuffer(),
  )
}

async function serve(logs: readonly string[], { port, json }: PlotCommandOptions): Promise<void> {
  const { openDashboard, usualPort } = await import('../train/watch/dashboard/server.ts')
  const signal = watchInterrupts()
  await using dashboard = await openDashboard({ logs }, given({ port }))
  const wanted = port ?? usualPort
  if (wanted !== 0 && dashboard.port !== wanted)
    process.stderr.write(`port ${wanted} is taken, so it is ${dashboard.port}\n`)
  const { url } = dashboard
  process.stdout.write(json ? `${JSON.stringify({ url })}\n` : `the curves are at ${url} until Ctrl-C\n`)
  // Ctrl-C is how this ends, and no failure.
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
}
