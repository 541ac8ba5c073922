/** The model card of a quantised model: what it was made from, how, and what it is worth, in words and tables. */
import { basename } from 'node:path'
import { formatBytes } from '../../checkpoint/index.ts'
import type { QuantiseReport, Score, UsedSamples } from './events.ts'

const titles: Readonly<Record<Score['model'], string>> = {
  float: 'the source, in float32',
  nearest: 'int4, every weight rounded to the nearest',
  gptq: 'int4 by GPTQ',
}

/** `README.md` of the folder. Folders are named without what leads to them. */
export function modelCard(report: QuantiseReport): string {
  const { method, group, activationOrder, calibration, evaluation, date, bytes } = report
  const name = named(report.model)
  const how =
    method === 'gptq'
      ? `by GPTQ ([arXiv 2210.17323](https://arxiv.org/abs/2210.17323)), calibrated with ${describe(calibration)}`
      : 'by rounding every weight to the nearest; no data was used, so 4 bits calibrated with data would keep more of it'
  const lines = [
    `# ${name}, int4`,
    '',
    `${name} with the linear layers of its language model as 4-bit integers, made ${how}. Everything else is float16. The layout is that of the published Qwen-VL-Chat-Int4. All that holds for the source, its licence included, holds here.`,
    '',
    '```sh',
    'qwen-vl ask picture.jpg "What is this?" --model FOLDER',
    '```',
    '',
    '## Scores',
    '',
    ...(evaluation ? scoreLines(evaluation, method) : ['It was not scored: no samples were given to score it on.']),
    '',
    '## How it was made',
    '',
    '| setting | |',
    '| --- | --- |',
    `| source | ${cell(name)} |`,
    `| method | ${method === 'gptq' ? 'GPTQ, block after block and layer after layer' : 'rounding to the nearest'} |`,
    `| integers | 4 bits, symmetric, a scale for each ${group} inputs |`,
    ...(method === 'gptq'
      ? [
          `| activation order | ${activationOrder ? 'yes' : 'no'} |`,
          '| damping | 0.01 of the mean of the diagonal |',
          `| calibration | ${cell(describe(calibration))} |`,
          `| seed | ${report.seed} |`,
        ]
      : []),
    `| layers | ${report.layers.length} |`,
    `| size of the weights | ${formatBytes(bytes.written)}, of ${formatBytes(bytes.source)} |`,
    `| made | ${date.slice(0, 10)} |`,
    '',
    ...errorLines(report),
  ]
  return `${lines.join('\n')}\n`
}

const named = (path: string) => (/^[\w.-]+\/[\w.-]+$/.test(path) ? path : basename(path))

function describe(used: UsedSamples | undefined): string {
  if (!used) return 'no data'
  const { data, samples, pictures, tokens } = used
  const files = data.map(path => basename(path)).join(', ')
  return `${counted(samples, 'sample')} of ${files} (${counted(tokens, 'token')}, ${counted(pictures, 'picture')})`
}

const counted = (count: number, what: string) => `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`

/** Text in a table. */
const cell = (text: string) => text.replace(/\|/g, '\\|').replace(/\s+/g, ' ')

function scoreLines(evaluation: NonNullable<QuantiseReport['evaluation']>, method: QuantiseReport['method']): string[] {
  const { heldBack, predicted, scores } = evaluation
  const where = heldBack ? ', held back from the calibration data' : ''
  return [
    `On ${describe(evaluation)}${where}: ${counted(predicted, 'token')} that are learnt.`,
    '',
    '| model | mean loss (nats) | perplexity | same likeliest token as the source |',
    '| --- | --- | --- | --- |',
    ...scores.map(({ model, loss, perplexity, agreement }) => {
      const title = model === method ? `**${titles[model]}** (this model)` : titles[model]
      return `| ${title} | ${loss.toFixed(4)} | ${perplexity.toPrecision(5)} | ${percent(agreement)} |`
    }),
  ]
}

function errorLines({ mean: { weights, outputs, nearest } }: QuantiseReport): string[] {
  const change = `The weights of a layer changed by ${percent(weights)} on average`
  if (outputs === undefined || nearest === undefined) return [`${change} (root mean squares).`]
  return [
    `${change}, and its outputs on the calibration data by ${percent(outputs)}; rounding to the nearest would change them by ${percent(nearest)} (root mean squares). \`quantize.json\` has all figures.`,
  ]
}

/** `3.21%` */
export const percent = (part: number): string => `${(100 * part).toPrecision(3)}%`
