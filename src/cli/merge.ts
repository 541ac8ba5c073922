/** `qwen-vl merge`: puts an adapter into the weights of its base, and says how much that changed. */
import { type Command, Option } from 'commander'
import { formatBytes } from '../checkpoint/storedType.ts'
import type { MergeEvent, MergeReport } from '../train/merge/events.ts'
import { watchInterrupts } from './interrupt.ts'
import { addOutputOptions, given, type OutputOptions, wholeNumber } from './options.ts'
import { print, type Show, showJson, shownWork, wait } from './shownWork.ts'

interface MergeCommandOptions extends OutputOptions {
  readonly into: string
  readonly out: string
  readonly dtype?: 'float32' | 'float16' | 'bfloat16'
  readonly compare: boolean
  readonly force?: true
  readonly cache?: string
  readonly threads?: number
}

export function addMerge(program: Command): void {
  const command = program
    .command('merge')
    .description('Put a LoRA adapter into the weights of its base model, and say how much that changed.')
    .argument('<adapter>', 'a folder with adapter_config.json and adapter_model.safetensors')
    .requiredOption('--into <model>', 'the base: a folder, or the name of a model that was pulled; it stays as it is')
    .requiredOption('--out <folder>', 'where to write the merged model')
    .addOption(
      new Option('--dtype <type>', 'how floats are stored (default: as in the base)').choices([
        'float32',
        'float16',
        'bfloat16',
      ]),
    )
    .option('--no-compare', 'do not run both models to see how far their logits are apart')
    .option('--force', 'replace the model that lies in the folder')
    .option('--cache <folder>', 'where pulled models are (default: the cache of Hugging Face tools)')
    .option('--threads <n>', 'threads of the processor (default: one for each core)', wholeNumber(1))
  addOutputOptions(command, 'print every event as one line of JSON, the report last')
    .addHelpText(
      'after',
      `
Into an int4 base (GPTQ) the matrices are dequantised, changed, and quantised again; --dtype makes a model of floats of
it instead. The folder appears when it is complete, with the report in merge.json.

Examples:
  qwen-vl merge runs/lora/adapter --into Qwen/Qwen-VL-Chat --out models/mine
  qwen-vl merge runs/lora/adapter --into models/base --out models/mine --dtype float32 --no-compare`,
    )
    .action(mergeAdapter)
}

async function mergeAdapter(adapter: string, options: MergeCommandOptions): Promise<void> {
  const { merge } = await import('../train/merge/merge.ts')
  const { into, out, dtype, compare, force, cache, threads, json } = options
  const signal = watchInterrupts()
  const show = json ? showJson : showLines()
  await shownWork('cancelled: nothing was written', show, () =>
    merge(adapter, into, out, {
      ...given({ dtype, force, cache, threads }),
      compare,
      signal,
      onEvent: show.event,
    }),
  )
}

/** Progress on a terminal, warnings on standard error, and the report on standard output. */
function showLines(): Show<MergeEvent> {
  return {
    event(event) {
      switch (event.type) {
        case 'plan':
          return wait(`merging ${event.matrices} matrices …`)
        case 'progress':
          return wait(`${formatBytes(event.done)} of ${formatBytes(event.total)} written …`)
        case 'comparing':
          return wait('comparing …')
        case 'warning':
          wait('')
          return void process.stderr.write(`${event.message}\n`)
        case 'done':
          wait('')
          return reportLines(event.report).forEach(print)
        case 'matrix':
          return
        default:
          return event satisfies never
      }
    },
    end: () => wait(''),
  }
}

const percent = (part: number) => `${(100 * part).toPrecision(3)}%`
const number = (value: number) => value.toPrecision(3)

/** The report as people read it. */
function reportLines({ logits, requantisation, saved, ...report }: MergeReport): string[] {
  const { out, matrices, changed, relative, most, largest, kept, stored } = report
  const lines = [`${changed} of ${matrices} matrices changed: ${out}`]
  if (changed > 0) {
    lines.push(
      `by ${percent(relative)} as a whole, most by ${percent(most.relative)} (${most.path}); one value by up to ${number(largest.value)} (${largest.path})`,
      `${percent(kept)} of the changed values are others as ${stored}`,
    )
  }
  if (requantisation) {
    const { mean, worst, path } = requantisation
    lines.push(`quantised again with an error of ${percent(mean)}, at worst ${percent(worst)} (${path})`)
  }
  if (saved.length > 0) lines.push(`replaced as a whole: ${saved.join(', ')}`)
  if (logits) {
    lines.push(
      `logits of base with adapter and merged model: ${number(logits.mean)} apart on average, at most ${number(logits.largest)} (logits up to ${number(logits.scale)}); the same likeliest token at ${logits.agreeing} of ${logits.positions} positions`,
    )
  }
  return lines
}
