/** `qwen-vl corpus mix`: several sources as one shuffled corpus, with some samples held out. */
import type { Command } from 'commander'
import { formatBytes } from '../checkpoint/storedType.ts'
import type { MixEvent, MixReport } from '../corpus/mix/mixCorpus.ts'
import { openBar } from './corpusBar.ts'
import { watchInterrupts } from './interrupt.ts'
import { addOutputOptions, given, type OutputOptions } from './options.ts'
import { printable } from './printing.ts'
import { print, type Show, showJson, shownWork } from './shownWork.ts'

interface MixCommandOptions extends OutputOptions {
  readonly out: string
  readonly fresh?: true
}

/** Reasons for leaving something out that are told one by one. */
const MOST_TOLD = 10

export function addCorpusMix(corpus: Command): void {
  const command = corpus
    .command('mix')
    .description('Mix sources by weight into archives: shuffled, each sample once, some of them held out.')
    .argument('<recipe>', 'a YAML file: the sources as training recipes have them, count, split, seed')
    .requiredOption('--out <folder>', 'where to write train-*.tar and held-out-*.tar')
    .option('--fresh', 'begin anew where an earlier call has written something')
  addOutputOptions(command, 'print every event as one line of JSON, the report last')
    .addHelpText(
      'after',
      `
The same recipe and data give the same bytes. Archives that an earlier call has written are looked at and kept.

Examples:
  qwen-vl corpus mix mix.yaml --out corpus/mixed
  qwen-vl corpus mix mix.yaml --out corpus/mixed --fresh --json`,
    )
    .action(mix)
}

async function mix(recipe: string, { out, fresh, json }: MixCommandOptions): Promise<void> {
  const { mixCorpus } = await import('../corpus/mix/mixCorpus.ts')
  const signal = watchInterrupts()
  const show = json ? showJson : await showLines()
  await shownWork(`cancelled: the same command goes on with what is in ${out}`, show, () =>
    mixCorpus({ recipe, out, signal, ...given({ fresh }), onEvent: show.event }),
  )
}

/** A bar and what is left out on standard error, and the report on standard output. */
async function showLines(): Promise<Show<MixEvent>> {
  const bar = await openBar('samples')
  let told = 0
  return {
    event(event) {
      switch (event.type) {
        case 'plan':
          return bar.start(event.samples, 0)
        case 'progress':
          return bar.update(event.done)
        case 'refused':
          if (told++ < MOST_TOLD) bar.say(`left out: ${printable(event.reason)}`)
          return
        case 'shard':
          return
        case 'done':
          bar.stop()
          return reportLines(event.report).forEach(print)
        default:
          return event satisfies never
      }
    },
    end: () => bar.stop(),
  }
}

function reportLines({
  out,
  train,
  heldOut,
  shards,
  bytes,
  tasks,
  duplicates,
  refused,
  exhausted,
}: MixReport): string[] {
  const counted = tasks.map(({ task, language, train: learnt, heldOut: held }) => {
    const name = [task, language].filter(part => part !== '').join(' ')
    return `  ${printable(name).padEnd(28)}${String(learnt).padStart(9)}${String(held).padStart(9)}`
  })
  const through = exhausted.map(({ source, entries }) => `${source}: all ${entries} entries were drawn`)
  return [
    `  ${''.padEnd(28)}${'train'.padStart(9)}${'held out'.padStart(9)}`,
    ...counted,
    ...through,
    ...(duplicates > 0 ? [`${duplicates} left out that were there before`] : []),
    ...(refused > 0 ? [`${refused} left out that cannot be read`] : []),
    `${train + heldOut} samples in ${shards} ${shards === 1 ? 'archive' : 'archives'}, ${formatBytes(bytes)}: ${out}`,
  ]
}
