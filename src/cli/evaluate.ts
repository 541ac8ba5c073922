/** `qwen-vl evaluate`: asks a model the items of a benchmark, and prints how well it answers. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { Contestant, EvaluateOptions, Table } from '../evaluate/benchmarks/index.ts'
import { showEventsAsJson, showEventsAsLines } from './evaluateProgress.ts'
import { UsageError } from './failure.ts'
import { watchInterrupts } from './interrupt.ts'
import { engineOptions, fileOptions, modelOf } from './opening.ts'
import { addModelOptions, addOutputOptions, collect, given, type ModelOptions, wholeNumber } from './options.ts'

interface EvaluateCommandOptions extends ModelOptions {
  readonly out?: string
  readonly data?: string
  readonly limit?: number
  readonly tasks?: readonly string[]
  readonly language?: 'en' | 'zh'
  readonly batch?: number
  readonly baselines?: true
  readonly beside?: readonly string[]
  readonly worst?: number
  readonly fresh?: true
}

/** A step of a batch cannot be stopped. */
const PATIENCE_MS = 30_000

export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('Ask a model the items of a benchmark, and print how well it answers.')
    .argument('<benchmark>', 'nano-bench')
  addModelOptions(command)
    .option(
      '--out <folder>',
      'where answers, table, report and a page of the worst answers go; goes on with what is there',
    )
    .option('--data <folder>', 'where the items are (default: $QWEN_VL_BENCH, or the cache of the user)')
    .option('--limit <n>', 'at most so many items of each task and language', wholeNumber(1))
    .option('--tasks <names>', 'only these tasks, separated by commas', (text: string) =>
      text.split(',').map(name => name.trim()),
    )
    .addOption(new Option('--language <language>', 'only items in this language').choices(['en', 'zh']))
    .option('--batch <n>', 'items that are answered at one time (default: 16)', wholeNumber(1))
    .option('--baselines', 'ask once more with plain grey in the place of pictures: what the questions alone give away')
    .option(
      '--beside <model>',
      'another model, or the folder or table.json of an earlier evaluation, as a column; can be given several times',
      collect,
    )
    .option('--worst <n>', 'answers of each task and language on the page of the worst (default: 6)', wholeNumber(0))
    .option('--fresh', 'ask everything anew, whatever lies in the folder')
  addOutputOptions(command, 'print every event as one line of JSON, the table last')
    .addHelpText(
      'after',
      `
The table shows each figure in percent (CIDEr times 100) with its 95% interval, the number of items, the aim of the
benchmark, and what always giving the most frequent answer would come to.

Examples:
  qwen-vl evaluate nano-bench
  qwen-vl evaluate nano-bench --model runs/nano/model --out runs/nano/bench --baselines
  qwen-vl evaluate nano-bench --model runs/nano/model --limit 50 --tasks count,locate --language en
  qwen-vl evaluate nano-bench --model runs/instruct/model --out runs/judged --beside runs/multitask/model`,
    )
    .action(evaluateModel)
}

async function evaluateModel(name: string, options: EvaluateCommandOptions): Promise<void> {
  const { evaluate, benchmarks, writeReport } = await import('../evaluate/benchmarks/index.ts')
  const benchmark = benchmarks.find(({ id }) => id === name)
  if (benchmark === undefined) {
    const known = benchmarks.map(({ id }) => id).join(', ')
    throw new UsageError(`there is no benchmark "${name}": there is ${known}`)
  }
  const { out, data, limit, tasks, language, batch, baselines, worst, fresh, json } = options
  const signal = watchInterrupts(PATIENCE_MS)
  const show = json ? showEventsAsJson : await showEventsAsLines()
  try {
    const opened = await benchmark.open({
      ...given({ data }),
      signal,
      onNote: message => show.event({ type: 'note', message }),
    })
    const about = { benchmark: benchmark.id, data: opened.fingerprint }
    const { beside, earlier } = await besides(options, about)
    const asked: EvaluateOptions = {
      ...given({ out, limit, tasks, language, batch, fresh, blind: baselines }),
      ...{ beside, earlier, signal },
    }
    for await (const event of evaluate(benchmark, opened, contestant(modelOf(options), options), asked)) {
      show.event(event)
      if (event.type !== 'end' || out === undefined) continue
      await writeReport(out, benchmark, event, { ...given({ worst }), signal })
      if (!json) process.stdout.write(`\n${join(out, 'report.md')}\n${join(out, 'worst.html')}\n`)
    }
  } catch (error) {
    if (signal.aborted && error instanceof Error && out !== undefined) {
      error.message = `cancelled: the answers so far are in ${out}, and the same command goes on from them`
    }
    throw error
  } finally {
    show.close()
  }
}

/** A model by its name. The adapter, if one was named, belongs to the judged one. */
function contestant(name: string, options: ModelOptions): Contestant {
  return {
    name,
    open: async () => {
      const { openModelAnswerer } = await import('../evaluate/benchmarks/index.ts')
      return openModelAnswerer(name, { ...engineOptions(options), ...fileOptions(options) })
    },
  }
}

/** What `--beside` names: a table or the folder of one is read, all else is a model. */
async function besides(
  { beside = [], adapter: _adapter, ...options }: EvaluateCommandOptions,
  about: { readonly benchmark: string; readonly data: string },
): Promise<{ readonly beside: readonly Contestant[]; readonly earlier: readonly Table[] }> {
  const { parseTable } = await import('../evaluate/benchmarks/index.ts')
  const models: Contestant[] = []
  const earlier: Table[] = []
  for (const name of beside) {
    const path = name.endsWith('.json') ? name : join(name, 'table.json')
    const isTable =
      name.endsWith('.json') ||
      (await stat(path).then(
        info => info.isFile(),
        () => false,
      ))
    if (isTable) earlier.push({ ...parseTable(await readFile(path, 'utf8'), path, about), model: name })
    else models.push(contestant(name, options))
  }
  return { beside: models, earlier }
}
