/**
 * Makes an int4 model of a model of floats, in the layout of the published Qwen-VL-Chat-Int4: start here. With calibration
 * data by GPTQ, pictures included; without, by rounding to the nearest. Reading order: `samples.ts` and `states.ts` (what
 * it is calibrated with), `walk.ts` (block after block), `layer.ts`, `factor.ts` and `solve.ts` (one layer), `write.ts`,
 * `score.ts` and `card.ts` (what became of it).
 */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkBlockSize } from '../../checkpoint/blocks.ts'
import { CheckpointError, gptqConfigOf, gptqLayerNames } from '../../checkpoint/index.ts'
import { type OpenedModel, openModel, openModelTokenizer } from '../../generate/load.ts'
import { languageLayers } from '../../model/index.ts'
import { openRuntime, type Runtime } from '../../runtime/node.ts'
import type { EncodedSample } from '../data/batch.ts'
import { DataError, type Refused } from '../data/errors.ts'
import { checkOut, copyCompanions, editConfig, makeStaging, publish, reportOf } from '../modelFolder.ts'
import { Blocks } from './blocks.ts'
import { modelCard } from './card.ts'
import {
  type Evaluation,
  type LayerErrors,
  meanErrors,
  type QuantiseEvent,
  type QuantiseReport,
  type UsedSamples,
} from './events.ts'
import { requireMemory } from './memory.ts'
import { Product } from './product.ts'
import { chooseSamples, HELD_BACK, holdBack } from './samples.ts'
import { scoreModels } from './score.ts'
import { type Begun, begin } from './states.ts'
import { DAMPING, type Paths, walk } from './walk.ts'
import { writeQuantised } from './write.ts'

export interface QuantiseModelOptions {
  /** Files of training data, with pictures, that show what the model will be asked. Without, weights are rounded. */
  readonly calibration?: readonly string[]
  /** Samples of it, at most (default 128). */
  readonly samples?: number
  /** Data to score on. Default: samples that are held back from the calibration data. */
  readonly evaluation?: readonly string[]
  /**
   * Inputs that share a scale: a power of two from 16. Default 128, as published, or the largest below it that fills the
   * rows of every layer.
   */
  readonly group?: number
  /** Quantise the inputs that matter most first (default false, as published). */
  readonly activationOrder?: boolean
  /** Which samples are taken (default 1). */
  readonly seed?: number
  /** Replace a model that lies in the folder. */
  readonly force?: boolean
  /** Where pulled models are (default: the standard cache of Hugging Face's tools). */
  readonly cache?: string
  /** CPU threads (default: one for each core). */
  readonly threads?: number
  /** Bytes of memory that may be used (default: what the system says is free). */
  readonly memory?: number
  readonly onEvent?: (event: QuantiseEvent) => void
  readonly signal?: AbortSignal
}

/**
 * Quantises a model (a folder, or a name in the cache) into the folder `out`, which appears when it is complete, with its
 * model card (`README.md`) and the report, which is given, too (`quantize.json`).
 *
 *     const { evaluation } = await quantiseModel('models/mine', 'models/mine-int4', { calibration: ['train.jsonl'] })
 *
 * Throws a CheckpointError (a model of integers, groups that do not fill its rows, a folder that is not to be written), a
 * SourceError or DataError (data that cannot be used, too little memory), a DiskSpaceError, or the signal's reason.
 */
export async function quantiseModel(
  model: string,
  out: string,
  options: QuantiseModelOptions = {},
): Promise<QuantiseReport> {
  const { force = false, cache, threads } = options
  await using opened = await openModel(model, cache === undefined ? {} : { cache })
  checkSource(opened, model)
  const group = groupFor(opened, options.group)
  await checkOut(out, 'quantised', { force, sources: [opened.path] })
  const work = new Work(model, out, opened, { ...options, group })
  const samples = await work.choose()
  await using runtime = await openRuntime({ thread: 'caller', ...(threads !== undefined && { threads }) })
  const staging = await makeStaging(out)
  try {
    const report = await work.make(runtime, staging, samples)
    await writeFile(join(staging, 'README.md'), modelCard(report))
    await writeFile(join(staging, reportOf('quantised')), `${JSON.stringify(report, null, 2)}\n`)
    options.signal?.throwIfAborted()
    await publish(staging, out)
    options.onEvent?.({ type: 'done', report })
    return report
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/** Throws a CheckpointError for a model that has integers already. */
function checkSource({ checkpoint }: OpenedModel, model: string): void {
  const integers = gptqLayerNames(checkpoint).length
  if (integers === 0) return
  throw new CheckpointError(
    `${model} has ${integers} layers as int4 already: quantise the model of floats that it was made from`,
  )
}

/** The size of groups. Throws a CheckpointError for one that does not fill the rows of a layer. */
function groupFor({ config }: OpenedModel, wanted: number | undefined): number {
  const layers = [...languageLayers(config)]
  const fits = (size: number) => layers.every(([, { in: width }]) => width % size === 0)
  const group = wanted ?? [128, 64, 32, 16].find(fits) ?? 128
  for (const [path, { in: width }] of layers) checkBlockSize(path, width, group)
  return group
}

interface Chosen {
  readonly calibration: readonly EncodedSample[]
  readonly evaluation: readonly EncodedSample[]
  readonly heldBack: boolean
}

class Work {
  readonly #model: string
  readonly #out: string
  readonly #opened: OpenedModel
  readonly #options: QuantiseModelOptions & { readonly group: number }
  readonly #warnings: string[] = []
  readonly #layers: LayerErrors[] = []
  readonly #tell: (event: QuantiseEvent) => void

  constructor(
    model: string,
    out: string,
    opened: OpenedModel,
    options: QuantiseModelOptions & { readonly group: number },
  ) {
    this.#model = model
    this.#out = out
    this.#opened = opened
    this.#options = options
    this.#tell = options.onEvent ?? (() => {})
  }

  get #method(): QuantiseReport['method'] {
    return this.#options.calibration === undefined ? 'nearest' : 'gptq'
  }

  /** The samples, and whether there is memory for them. */
  async choose(): Promise<Chosen> {
    const { calibration: data, evaluation: own, samples: wanted = 128, seed = 1, signal, memory } = this.#options
    const { path, config, checkpoint } = this.#opened
    const chosen: { -readonly [Key in keyof Chosen]: Chosen[Key] } = {
      calibration: [],
      evaluation: [],
      heldBack: false,
    }
    if (data || own) {
      using tokenizer = await openModelTokenizer(path, config, checkpoint.config)
      const choosing = { tokenizer, longest: this.#longest, seed, signal, onRefused: this.#refused }
      if (data) chosen.calibration = await chooseSamples(data, wanted + (own ? 0 : HELD_BACK), choosing)
      if (own) chosen.evaluation = await chooseSamples(own, HELD_BACK, choosing)
      else Object.assign(chosen, holdBack(chosen.calibration, wanted), { heldBack: true })
      if (data && chosen.evaluation.length === 0)
        this.#warn(
          `${data.join(', ')} has one sample only: nothing is left to score on; name other data to evaluate with`,
        )
      if (data && chosen.calibration.length < Math.min(wanted, FEW))
        this.#warn(
          `there are ${chosen.calibration.length} calibration samples: with fewer than ${FEW} the model may come to fit them alone`,
        )
    }
    const used = chosen.calibration.length + chosen.evaluation.length > 0
    const tokens = { calibration: tokensOf(chosen.calibration), evaluation: tokensOf(chosen.evaluation) }
    const available = memory ?? process.availableMemory?.()
    const needed = used ? requireMemory(config, { ...tokens, longest: this.#longest }, available) : 0
    this.#tell({
      type: 'plan',
      ...{ model: this.#model, out: this.#out, method: this.#method, memory: needed },
      layers: languageLayers(config).size,
      ...(data && { calibration: usedOf(data, chosen.calibration) }),
      ...(chosen.evaluation.length > 0 && { evaluation: usedOf(own ?? data ?? [], chosen.evaluation) }),
    })
    return chosen
  }

  /** Up to here positions are neither stretched nor scaled, in training as in answering. */
  get #longest(): number {
    return Math.min(this.#opened.config.seq_length, 2048)
  }

  /** Writes the whole folder but for card and report. */
  async make(runtime: Runtime, staging: string, chosen: Chosen): Promise<QuantiseReport> {
    const { group, activationOrder = false, seed = 1, signal, calibration: data } = this.#options
    const { checkpoint, config, path } = this.#opened
    const [calibration, evaluation] = await this.#begin(runtime, chosen)
    const rows = evaluation?.rows ?? []
    const paths: Paths = {
      calibration: calibration?.rows ?? [],
      float: [...rows],
      nearest: [...rows],
      gptq: this.#method === 'gptq' ? [...rows] : [],
    }
    await copyCompanions(path, staging, ['README.md', 'quantize_config.json'])
    const running = calibration || evaluation
    await using product = await Product.open(runtime)
    await using blocks = running ? await Blocks.open(runtime, config, signal) : undefined
    const total = languageLayers(config).size
    const onLayer = (errors: LayerErrors) => {
      this.#layers.push(errors)
      this.#tell({ type: 'layer', done: this.#layers.length, total, ...errors })
    }
    const walking = walk({ checkpoint, config, group, activationOrder, paths, blocks, product, onLayer, signal })
    const onProgress = (done: number, all: number) => this.#tell({ type: 'progress', done, total: all })
    const written = await writeQuantised(staging, walking, { checkpoint, config, onProgress, signal })
    await editConfig(staging, configEdits(checkpoint.config ?? {}, group, activationOrder))
    const scored = evaluation && (await this.#score(runtime, evaluation, paths, chosen.heldBack))
    return {
      ...{ model: this.#model, out: this.#out, method: this.#method, group, activationOrder, seed },
      date: new Date().toISOString(),
      ...(data && calibration && { calibration: usedOf(data, calibration.samples) }),
      ...(scored && { evaluation: scored }),
      layers: this.#layers,
      mean: meanErrors(this.#layers),
      bytes: { source: checkpoint.totalBytes, written },
      warnings: this.#warnings,
    }
  }

  /** Calibration and evaluation samples before the first block; undefined where there are none. */
  async #begin(runtime: Runtime, { calibration, evaluation }: Chosen): Promise<readonly (Begun | undefined)[]> {
    const total = calibration.length + evaluation.length
    if (total === 0) return []
    const { path, config, checkpoint, load } = this.#opened
    using tokenizer = await openModelTokenizer(path, config, checkpoint.config)
    const begun = await begin([calibration, evaluation], {
      ...{ runtime, config, checkpoint, load, tokenizer },
      longest: this.#longest,
      signal: this.#options.signal,
      onRefused: this.#refused,
      onSeen: done => this.#tell({ type: 'samples', done, total }),
    })
    if (calibration.length > 0 && begun[0]?.samples.length === 0)
      throw new DataError('not one calibration sample has pictures that can be read')
    return begun.map(set => (set.samples.length > 0 ? set : undefined))
  }

  async #score(runtime: Runtime, { samples, rows }: Begun, paths: Paths, heldBack: boolean): Promise<Evaluation> {
    const { evaluation, calibration = [], signal } = this.#options
    const { config, load } = this.#opened
    const models = [
      { model: 'float', rows: paths.float },
      { model: 'nearest', rows: paths.nearest },
      ...(this.#method === 'gptq' ? [{ model: 'gptq', rows: paths.gptq } as const] : []),
    ] as const
    return {
      ...usedOf(evaluation ?? calibration, samples),
      heldBack,
      predicted: rows.reduce((sum, { supervised }) => sum + supervised.length, 0),
      scores: await scoreModels(models, { runtime, config, load, signal }),
    }
  }

  readonly #refused = ({ sample, reason }: Refused): void => this.#warn(`left out ${sample}: ${reason}`)

  #warn(message: string): void {
    this.#warnings.push(message)
    this.#tell({ type: 'warning', message })
  }
}

/** Fewer calibration samples than these are worth a warning. */
const FEW = 16

const tokensOf = (samples: readonly EncodedSample[]) => samples.reduce((sum, { ids }) => sum + ids.length, 0)

const usedOf = (data: readonly string[], samples: readonly EncodedSample[]): UsedSamples => ({
  data,
  samples: samples.length,
  tokens: tokensOf(samples),
  pictures: samples.reduce((sum, { pictures }) => sum + pictures.length, 0),
})

/** What changes in `config.json`. The original's code reads its own switches of the element type, where they are there. */
function configEdits(
  config: Readonly<Record<string, unknown>>,
  group: number,
  activationOrder: boolean,
): Readonly<Record<string, unknown>> {
  const switches = { bf16: false, fp16: true, fp32: false }
  return {
    torch_dtype: 'float16',
    ...Object.fromEntries(Object.entries(switches).filter(([name]) => name in config)),
    quantization_config: { ...gptqConfigOf(group), damp_percent: DAMPING, desc_act: activationOrder },
  }
}
