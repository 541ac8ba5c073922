/**
 * Merges an adapter into the weights of its base: start here. W + scale · B A for every adapted matrix, modules saved
 * whole in place of the base's, and everything else copied, in the published layout. `tensors.ts` says what is written,
 * `matrix.ts` and `requantise.ts` compute it, `logits.ts` compares the result with base and adapter.
 */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Adapter,
  CheckpointError,
  checkAdapter,
  type FloatType,
  formatBytes,
  openAdapter,
  type ReadableTensor,
  storedBytes,
  writeCheckpoint,
} from '../../checkpoint/index.ts'
import { openRuntime, type Runtime } from '../../runtime/node.ts'
import { checkOut, copyCompanions, editConfig, makeStaging, publish, reportOf } from '../modelFolder.ts'
import { adapterBase, type MergeBase, openBase } from './base.ts'
import { type LogitsDifference, type MatrixChange, type MergeEvent, type MergeReport, summarise } from './events.ts'
import { asked, bytesToCompare, canCompare, compareLogits } from './logits.ts'
import { Products } from './matrix.ts'
import { mergedTensors } from './tensors.ts'

export interface MergeOptions {
  /** Type of all floats of the merged model (default: the base's). An int4 base becomes a model of floats by it. */
  readonly dtype?: FloatType
  /** Run base with adapter and the merged model, and report how far they are apart (default true). */
  readonly compare?: boolean
  /** Replace a model that lies in the folder. */
  readonly force?: boolean
  /** Where pulled models are (default: the standard cache of Hugging Face's tools). */
  readonly cache?: string
  /** CPU threads (default: one for each core). */
  readonly threads?: number
  readonly onEvent?: (event: MergeEvent) => void
  readonly signal?: AbortSignal
}

/**
 * Merges the adapter in a folder into a model (a folder, or a name in the cache) and writes the result to the folder
 * `out`, which appears when it is complete. The report is given, and lies beside the tensors as `merge.json`.
 *
 *     const { changed, relative, warnings } = await merge('runs/lora/adapter', 'Qwen/Qwen-VL-Chat', 'models/mine')
 *
 * Throws a CheckpointError (no adapter, another kind, one that does not fit; a folder that is not to be written; values
 * that are no numbers), a DiskSpaceError before anything is written, or the signal's reason.
 */
export async function merge(
  adapterFolder: string,
  base: string,
  out: string,
  options: MergeOptions = {},
): Promise<MergeReport> {
  const { force = false, signal, cache, threads } = options
  await using adapter = await openAdapter(adapterFolder)
  const opened = await openBase(base, cache)
  await using _checkpoint = opened.checkpoint
  await checkOut(out, 'merged', { force, sources: [adapterFolder, opened.path] })
  const teller = new Teller(options.onEvent)
  for (const warning of checkAdapter(adapter, await adapterBase(opened, { ...(signal && { signal }) })))
    teller.warn(warning)
  signal?.throwIfAborted()
  await using runtime = await openRuntime({ thread: 'caller', ...(threads !== undefined && { threads }) })
  const staging = await makeStaging(out)
  try {
    const changes = await writeMerged(runtime, opened, adapter, staging, out, options, teller)
    const summary = summarise(changes)
    warnOfNothing(summary, storedType(opened, options), teller)
    const logits = await compareIfPossible(runtime, opened, adapter, staging, options, teller)
    const report: MergeReport = {
      adapter: adapterFolder,
      base,
      out,
      stored: storedType(opened, options),
      saved: [...adapter.saved.keys()],
      ...summary,
      ...(logits && { logits }),
      warnings: teller.warnings,
    }
    await writeFile(join(staging, reportOf('merged')), `${JSON.stringify(report, null, 2)}\n`)
    signal?.throwIfAborted()
    await publish(staging, out)
    teller.tell({ type: 'done', report })
    return report
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/** Passes on events, and remembers the warnings. */
class Teller {
  readonly warnings: string[] = []
  readonly tell: (event: MergeEvent) => void

  constructor(onEvent: MergeOptions['onEvent']) {
    this.tell = onEvent ?? (() => {})
  }

  warn(message: string): void {
    this.warnings.push(message)
    this.tell({ type: 'warning', message })
  }
}

/** Writes tensors and companions. Gives what became of each matrix. */
async function writeMerged(
  runtime: Runtime,
  base: MergeBase,
  adapter: Adapter,
  staging: string,
  out: string,
  { dtype, signal }: MergeOptions,
  { tell }: Teller,
): Promise<readonly MatrixChange[]> {
  await using products = await Products.open(runtime)
  const changes = new Map<string, MatrixChange>()
  const onMatrix = (change: MatrixChange) => {
    changes.set(change.path, change)
    tell({ type: 'matrix', done: changes.size, total: adapter.modules.size, ...change })
  }
  const tensors = mergedTensors({ base, adapter, products, onMatrix, ...(dtype && { dtype }) })
  const bytes = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0)
  const [matrices, saved] = [adapter.modules.size, adapter.saved.size]
  tell({ type: 'plan', adapter: adapter.origin, base: base.name, out, matrices, saved, bytes })
  await copyCompanions(base.path, staging, dtype === undefined ? [] : ['quantize_config.json'])
  if (dtype !== undefined) await editConfig(staging, { torch_dtype: dtype, quantization_config: undefined })
  await writeCheckpoint(staging, tensors, {
    maxFileBytes: largestFile(base, tensors, bytes),
    onProgress: (done, total) => tell({ type: 'progress', done, total }),
    ...(signal && { signal }),
  })
  return [...changes.values()]
}

const bytesOf = ({ dtype, shape }: ReadableTensor): number => storedBytes(dtype) * shape.reduce((a, b) => a * b, 1)

/** Files of the base's sizes: one stays one, and several are divided as the largest of them was. */
function largestFile({ checkpoint }: MergeBase, tensors: readonly ReadableTensor[], bytes: number): number {
  if (checkpoint.files.length === 1) return Number.MAX_SAFE_INTEGER
  const largest = Math.max(...checkpoint.files.map(file => file.bytes)) * (bytes / checkpoint.totalBytes)
  return Math.max(largest, ...tensors.map(bytesOf))
}

/** How the merged matrices are stored, in a word. */
function storedType({ checkpoint, int4 }: MergeBase, { dtype }: MergeOptions): string {
  if (dtype !== undefined) return dtype
  if (int4.size > 0) return 'int4'
  return checkpoint.tensors.find(({ name }) => name.endsWith('.c_attn.weight'))?.dtype ?? 'float32'
}

/** People merge, ask, and wonder why the model answers as before. */
function warnOfNothing(
  { matrices, changed, kept, relative, requantisation }: ReturnType<typeof summarise>,
  stored: string,
  teller: Teller,
): void {
  if (changed === 0) {
    teller.warn(
      `the adapter changes nothing: B is zero in all of its ${matrices} matrices, as before the first step of training`,
    )
  } else if (requantisation && requantisation.mean > 0.5 * relative) {
    const [rounding, change] = [requantisation.mean, relative].map(part => `${(100 * part).toPrecision(2)}%`)
    teller.warn(
      `rounding to int4 leaves the matrices ${rounding} away from those of base and adapter, and the adapter changes them by only ${change}: much of it is lost. See how far the logits are apart, or merge with --dtype bfloat16 into a model of floats`,
    )
  } else if (!requantisation && kept < 0.5) {
    const percent = (100 * kept).toFixed(1)
    teller.warn(
      `of the values that the adapter changes only ${percent}% are others once they are stored as ${stored}: the rest is lost to rounding. Merge with --dtype float32 to keep it`,
    )
  }
}

async function compareIfPossible(
  runtime: Runtime,
  base: MergeBase,
  adapter: Adapter,
  staging: string,
  { compare = true, signal }: MergeOptions,
  teller: Teller,
): Promise<LogitsDifference | undefined> {
  if (!compare) return undefined
  if (!canCompare(base)) {
    teller.warn(
      `the merged model was not compared with base and adapter: that takes ${formatBytes(bytesToCompare(base))} of memory`,
    )
    return undefined
  }
  teller.tell({ type: 'comparing' })
  const merged = await openBase(staging)
  await using _checkpoint = merged.checkpoint
  const pair = [await asked(base, adapter), await asked(merged)] as const
  const difference = await compareLogits(runtime, base, pair, signal)
  if (Number.isFinite(difference.largest)) return difference
  throw new CheckpointError('the merged model computes values that are no numbers: nothing was written')
}
