/** `qwen-vl corpus stats`: counts what is in a corpus. */
import type { Command } from 'commander'
import { formatBytes } from '../checkpoint/storedType.ts'
import type { CorpusCount, Spread } from '../corpus/look/countCorpus.ts'
import { watchInterrupts } from './interrupt.ts'
import { showWaiting } from './opening.ts'
import { addOutputOptions, type OutputOptions } from './options.ts'
import { printable } from './printing.ts'

/** Kinds of objects that a table names. */
const MOST_KINDS = 40

export function addCorpusStats(corpus: Command): void {
  const command = corpus
    .command('stats')
    .description('Count what is in a corpus: tasks, languages, sizes, what is shown.')
    .argument('<data...>', 'a folder of archives, an archive, or any other data that training takes')
  addOutputOptions(command, 'print one JSON object with all counts')
    .addHelpText(
      'after',
      `
Examples:
  qwen-vl corpus stats corpus/scenes
  qwen-vl corpus stats corpus/mixed --json`,
    )
    .action(stats)
}

async function stats(data: readonly string[], { json }: OutputOptions): Promise<void> {
  const { countCorpus } = await import('../corpus/look/countCorpus.ts')
  const signal = watchInterrupts()
  let told = 0
  const done = showWaiting('counting …')
  const count = await countCorpus(data, {
    signal,
    onRefused: reason => void (told++ < 10 && process.stderr.write(`cannot be read: ${printable(reason)}\n`)),
  }).finally(done)
  if (json) process.stdout.write(`${JSON.stringify(count)}\n`)
  else for (const line of countLines(count)) process.stdout.write(`${line}\n`)
}

const spread = ({ least, median, most }: Spread) => `${least} to ${most}, half of them up to ${median}`

function countLines(count: CorpusCount): string[] {
  const { samples, refused, tasks, pictures, pictureBytes, picturesOfSamples, width, height, turns, learnt } = count
  const row = (name: string, number: string, characters: string) =>
    `  ${printable(name).padEnd(34)}${number.padStart(9)}${characters.padStart(12)}`
  const kinds = Object.entries(count.objects)
  const shown = kinds.slice(0, MOST_KINDS).map(([kind, number]) => `${printable(kind)} ${number}`)
  const more = kinds.length > MOST_KINDS ? `, and ${kinds.length - MOST_KINDS} more kinds` : ''
  const perSample = Object.entries(picturesOfSamples).map(([number, of]) => `${of} with ${number}`)
  return [
    row('', 'samples', 'characters'),
    ...tasks.map(({ task, language, format, ...of }) =>
      row([task, language, format].filter(part => part !== '').join(' '), String(of.samples), String(of.learnt)),
    ),
    row('all', String(samples), String(learnt)),
    `pictures: ${pictures}, ${formatBytes(pictureBytes)}; samples by pictures: ${perSample.join(', ')}`,
    ...(width && height ? [`width: ${spread(width)}`, `height: ${spread(height)}`] : []),
    `turns: ${spread(turns)}`,
    ...(kinds.length > 0 ? [`${kinds.length} kinds of objects: ${shown.join(', ')}${more}`] : []),
    ...(refused > 0 ? [`${refused} cannot be read`] : []),
  ]
}
