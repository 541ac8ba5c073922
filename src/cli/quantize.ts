/** `qwen-vl quantize`: makes an int4 model of a model of floats, calibrated with one's own data, and says what it is worth. */
import type { Command } from 'commander'
import { formatBytes } from '../checkpoint/storedType.ts'
import type { Evaluation, QuantiseEvent, QuantiseReport, Score } from '../train/quantise/events.ts'
import { watchInterrupts } from './interrupt.ts'
import { addOutputOptions, collect, given, type OutputOptions, wholeNumber } from './options.ts'
import { print, type Show, showJson, shownWork, wait } from './shownWork.ts'

interface QuantizeCommandOptions extends OutputOptions {
  readonly out: string
  readonly calibration?: readonly string[]
  readonly samples?: number
  readonly evaluate?: readonly string[]
  readonly group?: number
  readonly activationOrder?: boolean
  readonly seed?: number
  readonly force?: true
  readonly cache?: string
  readonly threads?: number
}

/** A product of large matrices cannot be stopped halfway. */
const PATIENCE_MS = 30_000

export function addQuantize(program: Command): void {
  const command = program
    .command('quantize')
    .description('Make a 4-bit model of a model of floats, calibrated with data, in the layout of Qwen-VL-Chat-Int4.')
    .argument('<model>', 'a folder, or the name of a model that was pulled; it stays as it is')
    .requiredOption('--out <folder>', 'where to write the int4 model')
    .option(
      '--calibration <data>',
      'training data that shows what the model will be asked, with pictures; can be given several times (default: none, weights are rounded to the nearest)',
      collect,
    )
    .option('--samples <n>', 'samples to calibrate with, at most (default: 128)', wholeNumber(1))
    .option(
      '--evaluate <data>',
      'data to score on, before and after (default: samples held back from the calibration data)',
      collect,
    )
    .option(
      '--group <n>',
      'inputs that share a scale: a power of two from 16 (default: 128, or the largest that fits)',
      wholeNumber(16),
    )
    .option('--activation-order', 'quantise the inputs that matter most first: more exact, slower to run')
    .option('--no-activation-order', 'quantise the inputs in their own order (default)')
    .option('--seed <n>', 'which samples are taken (default: 1)', wholeNumber(0))
    .option('--force', 'replace the model that lies in the folder')
    .option('--cache <folder>', 'where pulled models are (default: the cache of Hugging Face tools)')
    .option('--threads <n>', 'threads of the processor (default: one for each core)', wholeNumber(1))
  addOutputOptions(command, 'print every event as one line of JSON, the report last')
    .addHelpText(
      'after',
      `
Only the linear layers of the language model become integers; everything else is stored as float16. The folder appears
when it is complete, with the scores in its README.md and all figures in quantize.json.

Examples:
  qwen-vl quantize models/mine --out models/mine-int4 --calibration train.jsonl
  qwen-vl quantize models/mine --out models/mine-int4 --calibration train.jsonl --evaluate test.jsonl --activation-order
  qwen-vl quantize models/mine --out models/mine-int4`,
    )
    .action(quantize)
}

async function quantize(model: string, options: QuantizeCommandOptions): Promise<void> {
  const { quantiseModel } = await import('../train/quantise/quantise.ts')
  const { out, calibration, samples, evaluate, group, activationOrder, seed, force, cache, threads, json } = options
  const signal = watchInterrupts(PATIENCE_MS)
  const show = json ? showJson : showLines()
  await shownWork('cancelled: nothing was written', show, () =>
    quantiseModel(model, out, {
      ...given({ calibration, samples, evaluation: evaluate, group, activationOrder, seed, force, cache, threads }),
      signal,
      onEvent: show.event,
    }),
  )
}

/** Progress on a terminal, warnings on standard error, and the report on standard output. */
function showLines(): Show<QuantiseEvent> {
  return {
    event(event) {
      switch (event.type) {
        case 'plan':
          return wait(event.memory > 0 ? `quantising within ${formatBytes(event.memory)} of memory …` : 'rounding …')
        case 'samples':
          return wait(`${event.done} of ${event.total} samples seen …`)
        case 'layer':
          return wait(`${event.done} of ${event.total} layers quantised …`)
        case 'progress':
          return wait(`${formatBytes(event.done)} of ${formatBytes(event.total)} written …`)
        case 'warning':
          wait('')
          return void process.stderr.write(`${event.message}\n`)
        case 'done':
          wait('')
          return reportLines(event.report).forEach(print)
        default:
          return event satisfies never
      }
    },
    end: () => wait(''),
  }
}

const percent = (part: number) => `${(100 * part).toPrecision(3)}%`

/** The report as people read it. */
function reportLines({ layers, out, method, calibration, evaluation, mean, bytes, group }: QuantiseReport): string[] {
  const [from, to] = [formatBytes(bytes.source), formatBytes(bytes.written)]
  const lines = [`${layers.length} layers as int4 in groups of ${group}, ${from} to ${to}: ${out}`]
  if (method === 'nearest') {
    lines.push(
      `every weight was rounded to the nearest, without data: they changed by ${percent(mean.weights)}. With --calibration more of the model is kept`,
    )
  } else if (calibration && mean.outputs !== undefined && mean.nearest !== undefined) {
    const { samples, pictures } = calibration
    lines.push(
      `calibrated with ${samples} samples and their ${pictures} pictures: outputs of layers changed by ${percent(mean.outputs)}, where rounding to the nearest changes them by ${percent(mean.nearest)}`,
    )
  }
  return evaluation ? [...lines, ...scoreLines(evaluation)] : lines
}

const names: Readonly<Record<Score['model'], string>> = {
  float: 'before',
  nearest: 'rounded to the nearest',
  gptq: 'calibrated (written)',
}

function scoreLines({ samples, predicted, heldBack, scores }: Evaluation): string[] {
  const where = heldBack ? ' that were held back' : ''
  const rows = scores.map(({ model, loss, perplexity, agreement }) => {
    const name = model === 'nearest' && scores.length === 2 ? 'rounded (written)' : names[model]
    return `  ${name.padEnd(24)}loss ${loss.toFixed(4)}  perplexity ${perplexity.toPrecision(5)}  same likeliest token ${percent(agreement)}`
  })
  return [`on ${samples} samples${where}, ${predicted} tokens:`, ...rows]
}
