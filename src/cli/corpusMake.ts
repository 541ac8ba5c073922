/** `qwen-vl corpus make`: makes pictures and what is said about them, by a recipe. */
import { Argument, type Command } from 'commander'
import { formatBytes } from '../checkpoint/storedType.ts'
import type { MakeEvent, MakeReport } from '../corpus/shards/events.ts'
import { type CorpusKind, corpusKinds } from '../corpus/shards/makers.ts'
import { openBar } from './corpusBar.ts'
import { watchInterrupts } from './interrupt.ts'
import { addOutputOptions, given, type OutputOptions, wholeNumber } from './options.ts'
import { print, type Show, showJson, shownWork } from './shownWork.ts'

interface MakeCommandOptions extends OutputOptions {
  readonly out: string
  readonly count?: number
  readonly workers?: number
  readonly fresh?: true
  readonly materials?: string
}

/** Threads finish the samples under way. */
const PATIENCE_MS = 20_000

export function addCorpusMake(corpus: Command): void {
  const command = corpus
    .command('make')
    .description('Make pictures and what is said about them, by a recipe. The same recipe makes the same bytes.')
    .addArgument(new Argument('<kind>', 'what is shown').choices(corpusKinds))
    .argument('<recipe>', 'a YAML file: how many, of what, in which languages')
    .requiredOption('--out <folder>', 'where to write archives of samples')
    .option('--count <n>', 'so many samples, in place of what the recipe says', wholeNumber(1))
    .option('--workers <n>', 'threads (default: one for each core)', wholeNumber(1))
    .option('--fresh', 'begin anew where an earlier call has made something')
    .option('--materials <folder>', 'where materials are kept (default: QWEN_VL_MATERIALS, else the cache of the user)')
  addOutputOptions(command, 'print every event as one line of JSON, the report last')
    .addHelpText(
      'after',
      `
What a call that was ended has left is gone on with, archive by archive. More samples of the same recipe are added to
those that are there.

Examples:
  qwen-vl corpus make scenes scenes.yaml --out corpus/scenes
  qwen-vl corpus make documents documents.yaml --out corpus/documents --count 100 --workers 2`,
    )
    .action(make)
}

async function make(kind: CorpusKind, recipe: string, options: MakeCommandOptions): Promise<void> {
  const { makeCorpus } = await import('../corpus/shards/makeCorpus.ts')
  const { out, count, workers, fresh, materials, json } = options
  const signal = watchInterrupts(PATIENCE_MS)
  const show = json ? showJson : await showLines()
  await shownWork(`cancelled: the same command goes on with what is in ${out}`, show, () =>
    makeCorpus({
      ...{ kind, recipe, out, signal },
      ...given({ count, workers, fresh, materials }),
      onEvent: show.event,
    }),
  )
}

/** A bar or lines on standard error, and the report on standard output. */
async function showLines(): Promise<Show<MakeEvent>> {
  const bar = await openBar('samples')
  return {
    event(event) {
      switch (event.type) {
        case 'materials':
          return bar.say(event.message)
        case 'plan':
          if (event.kept > 0) bar.say(`${event.kept} of ${event.samples} samples are there already`)
          return bar.start(event.samples, event.kept)
        case 'progress':
          return bar.update(event.done)
        case 'shard':
          return
        case 'done':
          bar.stop()
          return print(reportLine(event.report))
        default:
          return event satisfies never
      }
    },
    end: () => bar.stop(),
  }
}

function reportLine({ samples, shards, bytes, kept, seconds, out }: MakeReport): string {
  const made = samples - kept
  const rate = made > 0 ? `, ${made} made in ${seconds.toFixed(0)} s (${(made / seconds).toFixed(0)} a second)` : ''
  return `${samples} samples in ${shards} ${shards === 1 ? 'archive' : 'archives'}, ${formatBytes(bytes)}${rate}: ${out}`
}
