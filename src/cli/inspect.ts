/** `qwen-vl inspect`: says what a checkpoint is made of, and what it takes to run it. */
import { totalmem } from 'node:os'
import type { Command } from 'commander'
import type { Checkpoint, CheckpointTensor } from '../checkpoint/checkpoint.ts'
import type { Figures, Inspection } from '../checkpoint/inspect.ts'
import { describeTensor, formatBytes } from '../checkpoint/storedType.ts'
import { messageOf } from './failure.ts'
import { addOutputOptions, given, type OutputOptions } from './options.ts'

interface InspectOptions extends OutputOptions {
  readonly tensors?: true
  readonly cache?: string
}

/** Whether this program can run the checkpoint, and how much memory that takes, in bytes. */
interface Running {
  readonly runs: boolean
  /** Why not, in one line. */
  readonly problem?: string
  /** Weights as they are computed with. */
  readonly weightBytes: number
  /** Keys and values of a text that fills the window. */
  readonly cacheBytes: number | undefined
  readonly windowTokens: number | undefined
  readonly machineBytes: number
}

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('Say what a checkpoint is made of, and what it takes to run it. Reads no weights.')
    .argument('<checkpoint>', 'a folder, a file of tensors, or the name of a model that was pulled')
    .option('--tensors', 'list every tensor')
    .option('--cache <folder>', 'where pulled models are (default: the cache of Hugging Face tools)')
  addOutputOptions(command, 'print one JSON object')
    .addHelpText(
      'after',
      `
A checkpoint that is no Qwen-VL model, or not a whole one, ends with status 1.

Examples:
  qwen-vl inspect Qwen/Qwen-VL-Chat
  qwen-vl inspect models/mine --tensors
  qwen-vl inspect models/mine --json`,
    )
    .action(inspectModel)
}

async function inspectModel(reference: string, options: InspectOptions): Promise<void> {
  const { inspectCheckpoint, openCheckpoint, resolveModel } = await import('../checkpoint/index.ts')
  const { path } = await resolveModel(reference, given({ cache: options.cache }))
  await using checkpoint = await openCheckpoint(path)
  const inspection = inspectCheckpoint(checkpoint)
  const { running, problem } = await judge(checkpoint, inspection)
  const tensors = checkpoint.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape }))
  if (options.json) {
    const { format, files } = checkpoint
    const about = { path, format, files, ...inspection, running, ...(options.tensors && { tensors }) }
    process.stdout.write(`${JSON.stringify(about)}\n`)
  } else {
    const lines = describe(path, checkpoint, inspection, running)
    if (options.tensors) lines.push('', ...table(tensors.map(tensor => [tensor.name, describeTensor(tensor)])))
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  if (problem !== undefined) throw problem
}

/** Holds the checkpoint against what the model's description wants. Throws a ConfigError for another family. */
async function judge(
  checkpoint: Checkpoint,
  { memory, quantisation, config }: Inspection,
): Promise<{ running: Running; problem: unknown }> {
  const perThousand = memory.cachePerThousandTokens?.float32
  let windowTokens = config.contextTokens
  let problem: unknown
  if (!checkpoint.config) problem = new Error(`${checkpoint.origin} has no config.json: it is not a whole model`)
  else {
    const { parseConfig } = await import('../model/index.ts')
    const { allowedExtra, windowOf } = await import('../generate/load.ts')
    const { expectedTensors } = await import('../generate/weights.ts')
    const { expectTensors } = await import('../checkpoint/expect.ts')
    const parsed = parseConfig(checkpoint.config, `${checkpoint.origin}: config.json`)
    windowTokens = windowOf(parsed)
    try {
      expectTensors(checkpoint, expectedTensors(checkpoint, parsed), { allowExtra: allowedExtra })
    } catch (error) {
      problem = error
    }
  }
  const cacheBytes =
    perThousand === undefined || windowTokens === undefined ? undefined : (perThousand * windowTokens) / 1000
  const running: Running = {
    runs: problem === undefined,
    ...(problem !== undefined && { problem: messageOf(problem) }),
    weightBytes: quantisation === 'none' ? memory.weights.float32 : bytesOfGptq(checkpoint),
    cacheBytes,
    windowTokens,
    machineBytes: totalmem(),
  }
  return { running, problem }
}

/** Memory of weights as they are computed with: packed integers as they are stored, everything else as float32. */
function bytesOfGptq({ tensors }: Checkpoint): number {
  const bytes = ({ name, bytes, shape }: CheckpointTensor) => {
    if (name.endsWith('.qweight')) return bytes
    return /\.(qzeros|g_idx)$/.test(name) ? 0 : shape.reduce((product, size) => product * size, 4)
  }
  return tensors.reduce((sum, tensor) => sum + bytes(tensor), 0)
}

function describe(path: string, checkpoint: Checkpoint, inspection: Inspection, running: Running): string[] {
  const { total, parts, types, quantisation } = inspection
  const { format, files } = checkpoint
  const row = (name: string, { tensors, parameters, bytes }: Figures) => [
    name,
    `${tensors}`,
    parameters.toLocaleString('en'),
    formatBytes(bytes),
  ]
  return [
    path,
    `${format}, ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${formatBytes(checkpoint.totalBytes)}`,
    '',
    ...configLines(inspection),
    ...table(
      [['part', 'tensors', 'parameters', 'size'], ...parts.map(part => row(part.name, part)), row('all', total)],
      [1, 2, 3],
    ),
    '',
    ...table([['type', 'tensors', 'parameters', 'size'], ...types.map(type => row(type.dtype, type))], [1, 2, 3]),
    ...(quantisation === 'none' ? [] : ['', `quantised: ${quantisation}`]),
    '',
    ...runningLines(running, quantisation === 'none' ? 'float32' : 'int4 (the rest as float32)'),
  ]
}

function configLines({ config }: Inspection): string[] {
  const { vision } = config
  const known = (value: unknown) => value ?? '?'
  if (config.layers === undefined && vision === undefined) return []
  return [
    `language model: ${known(config.layers)} layers of width ${known(config.hidden)}, ${known(config.heads)} heads of ${known(config.headSize)}, ${known(config.vocabulary)} tokens, trained on ${known(config.contextTokens)} at once`,
    ...(vision
      ? [
          `vision: ${known(vision.layers)} layers of width ${known(vision.width)}, ${known(vision.heads)} heads, pictures of ${known(vision.imagePixels)} pixels in patches of ${known(vision.patchPixels)}, ${known(vision.tokensPerImage)} tokens each`,
        ]
      : []),
    '',
  ]
}

/** What to know before one loads it. */
function runningLines(running: Running, weights: string): string[] {
  const { runs, weightBytes, cacheBytes, windowTokens, machineBytes } = running
  if (!runs) return ['to run it: it cannot be run as it is']
  const needed = weightBytes + (cacheBytes ?? 0)
  const verdict = needed > machineBytes ? 'not enough for a full window' : 'enough'
  return [
    `to run it: ${formatBytes(weightBytes)} of memory for the weights as ${weights}${cacheBytes === undefined ? '' : `, and ${formatBytes(cacheBytes)} when a text fills the window of ${windowTokens} tokens`}`,
    `this machine has ${formatBytes(machineBytes)}: ${verdict}`,
  ]
}

/** Columns under each other; those of `right` end under each other. */
function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(row =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number),
      )
      .join('  ')
      .trimEnd(),
  )
}
