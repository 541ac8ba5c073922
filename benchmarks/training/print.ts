/** The result of the training benchmark as a person reads it. Measures nothing. */
import { machineLine } from '../machine.ts'
import type { Timing } from '../measure.ts'
import type { Comparison, ContestantResult, StageResult, TrainingResult } from '../training.ts'
import type { Scaling } from './scaling.ts'

export function printTraining(result: TrainingResult): string {
  const { machine, threads, rounds, runsPerRound, model, torchVersion, stages, notScaled } = result
  return [
    machineLine(machine),
    `${threads} threads; medians of ${rounds} rounds (fastest–slowest), each the median of ${runsPerRound} steps; contestants in turns, each a process of its own`,
    '',
    `Qwen-VL of ${millions(model.parameters)} M parameters; a step is forward, backward, clipping and AdamW on ${model.rows} × (${model.length} tokens + a picture of ${model.size} px)`,
    'memory: the most that the process had, and how much of it came after loading its libraries',
    ...stages.flatMap(stage => ['', ...printStage(stage, torchVersion)]),
    ...(torchVersion === undefined ? ['', 'PyTorch: no python3 with torch on this machine'] : []),
    ...(notScaled === undefined ? [] : ['', `two processes: not measured, ${notScaled}`]),
  ].join('\n')
}

const NAME = 34

function printStage(result: StageResult, torchVersion: string | undefined): string[] {
  const { stage, trained, cached, ours, uncached, torch, scaling } = result
  const compared = torch && [
    row(`PyTorch ${torchVersion} float32`, torch.float32),
    ...(torch.noGrad ? [row('  vision tower under no_grad', torch.noGrad)] : []),
    row('PyTorch bfloat16 parameters', torch.bfloat16),
    row('PyTorch bfloat16 autocast', torch.autocast),
    `  ${comparison('float32', torch.overFloat32)}; ${comparison(`bfloat16 (${torch.overBfloat16.kind})`, torch.overBfloat16)}`,
  ]
  return [
    `stage ${stage}: ${millions(trained)} M trained`,
    row(`this project${cached ? ', cached features' : ''}`, ours),
    `  ${''.padEnd(NAME)} the optimiser takes ${percent(ours.optimiserShare)}`,
    ...(uncached ? [row('this project, nothing cached', uncached)] : []),
    ...(compared ?? []),
    ...(scaling ? [printScaling(scaling)] : []),
  ]
}

function row(name: string, { milliseconds, tokensPerSecond, peakBytes, peakBytesOfWork }: ContestantResult): string {
  const rate = `${Math.round(tokensPerSecond)} tokens/s`
  const memory =
    peakBytes === undefined || peakBytesOfWork === undefined ? '' : `${mib(peakBytes)} MiB (${mib(peakBytesOfWork)})`
  return `  ${name.padEnd(NAME)} ${spread(milliseconds).padEnd(28)} ${rate.padStart(14)}   ${memory}`.trimEnd()
}

const comparison = (name: string, { speed, memory }: Comparison) =>
  `${speed.toFixed(2)}× PyTorch ${name}${memory === undefined ? '' : `, ${percent(memory)} of its memory`}`

const printScaling = ({ one, two, factor, exchange, waiting }: Scaling) =>
  `  one core ${spread(one)}, two processes with a core each ${spread(two)}: ${factor.toFixed(2)}×; exchange ${exchange.toFixed(1)} ms, waiting ${waiting.toFixed(1)} ms`

const spread = ({ median, fastest, slowest }: Timing) =>
  `${median.toFixed(0)} ms (${fastest.toFixed(0)}–${slowest.toFixed(0)})`

const millions = (count: number) => (count / 1e6).toFixed(1)
const mib = (bytes: number) => Math.round(bytes / 2 ** 20)
const percent = (share: number) => `${Math.round(100 * share)}%`
