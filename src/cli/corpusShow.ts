/** `qwen-vl corpus show`: a page with some samples of a corpus, as they are learnt. */
import { open, rename, rm } from 'node:fs/promises'
import type { Command } from 'commander'
import { watchInterrupts } from './interrupt.ts'
import { checkOutput } from './opening.ts'
import { addOutputOptions, given, type OutputOptions, wholeNumber } from './options.ts'
import { printable } from './printing.ts'

interface ShowCommandOptions extends OutputOptions {
  readonly n: number
  readonly out: string
  readonly task?: string
  readonly language?: string
  readonly seed?: number
}

export function addCorpusShow(corpus: Command): void {
  const command = corpus
    .command('show')
    .description('Write a page that shows samples: pictures with the places that are named, what is given and learnt.')
    .argument('<data...>', 'a folder of archives, an archive, or any other data that training takes')
    .option('-n, --n <n>', 'so many samples', wholeNumber(1), 50)
    .requiredOption('--out <file>', 'where to write the page: .html')
    .option('--task <task>', 'only samples of this task')
    .option('--language <language>', 'only samples in this language')
    .option('--seed <n>', 'another number shows others', wholeNumber(0))
  addOutputOptions(command, 'print one JSON object: out, samples, refused')
    .addHelpText(
      'after',
      `
Examples:
  qwen-vl corpus show corpus/scenes --out page.html
  qwen-vl corpus show corpus/mixed -n 200 --task vqa --language zh --seed 2 --out page.html`,
    )
    .action(show)
}

async function show(data: readonly string[], options: ShowCommandOptions): Promise<void> {
  const { out, n, task, language, seed, json } = options
  await checkOutput(out, ['.html', '.htm'])
  const { chosenSamples } = await import('../corpus/look/chosenSamples.ts')
  const { samplePage } = await import('../corpus/look/samplePage.ts')
  const signal = watchInterrupts()
  let refused = 0
  let samples = 0
  const onRefused = (reason: string) => {
    refused++
    process.stderr.write(`left out: ${printable(reason)}\n`)
  }
  const chosen = chosenSamples(data, { count: n, ...given({ task, language, seed }), signal, onRefused })
  async function* counted() {
    for await (const sample of chosen) {
      samples++
      yield sample
    }
  }
  // The page may be large: it goes to the disk piece by piece, and is there whole or not at all.
  const unfinished = `${out}.part-${process.pid}`
  const file = await open(unfinished, 'w')
  try {
    for await (const piece of samplePage(data.join(', '), counted(), { onRefused })) await file.write(piece)
    await file.close()
    if (samples === 0) {
      const which = [task, language].filter(each => each !== undefined).join(', ')
      throw new Error(`${data.join(', ')} has no samples${which === '' ? '' : ` of ${which}`}: nothing was written`)
    }
    await rename(unfinished, out)
  } finally {
    await file.close().catch(() => {})
    await rm(unfinished, { force: true })
  }
  process.stdout.write(json ? `${JSON.stringify({ out, samples, refused })}\n` : `${samples} samples: ${out}\n`)
}
