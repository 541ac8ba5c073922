/**
 * The objective of contrastive training: each picture finds its text, and each text its picture, among all pairs of a
 * step, over its parts and over all processes. Opens the sessions, feeds pairs, and leaves gradients with the optimiser.
 * Knows no data sources, no schedule and no files.
 *
 * A step of several parts or processes gives the gradients of the whole step, to float32 rounding: see
 * `contrastiveGraphs.ts`.
 */
import type { WeightLoader } from '../../generate/network.ts'
import { type ContrastiveConfig, LARGEST_LOGIT_SCALE, LOGIT_SCALE, type QwenVLConfig } from '../../model/index.ts'
import type { Runtime, Session, TensorValue } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import type { Pair, PairStep } from '../data/pairLoader.ts'
import { type Processes, singleProcess } from '../parallel/processes.ts'
import { type ContrastivePurpose, contrastiveGraph } from './contrastiveGraphs.ts'
import { type AllFeatures, gatherFeatures } from './gatherFeatures.ts'
import type { GradientMemory, Objective, SampleLoss } from './objective.ts'
import { firstOfEqual, pairFeeds, samePairs } from './pairFeeds.ts'

export interface ContrastiveObjectiveOptions {
  readonly runtime: Runtime
  readonly config: QwenVLConfig
  readonly contrastive: ContrastiveConfig
  /** Holds the values of everything in `trained`. */
  readonly memory: GradientMemory<TensorValue>
  readonly trained: readonly string[]
  /** Gives the frozen weights. */
  readonly load: WeightLoader
  /** Pixels a side of pictures. */
  readonly size: number
  /** Compute the activations of each block twice instead of keeping them. */
  readonly recompute?: boolean
  readonly processes?: Processes
  /** Similarities that are held at one time (default 4 million, 16 MiB): bounds the memory of large steps. */
  readonly similarities?: number
}

/** How many of this process's pairs found each other among all pairs of the step. */
export interface Retrieval {
  readonly pairs: number
  /** Pictures that are nearest to their own text, and texts that are nearest to their own picture. */
  readonly imageToText: number
  readonly textToImage: number
}

/** Of each pair: its picture's loss and its text's. */
interface PairLosses {
  readonly images: Float32Array
  readonly texts: Float32Array
}

export class ContrastiveObjective implements Objective<PairStep> {
  readonly #options: ContrastiveObjectiveOptions
  readonly #processes: Processes
  readonly #sessions = new Map<ContrastivePurpose, Promise<Session>>()

  private constructor(options: ContrastiveObjectiveOptions) {
    this.#options = options
    this.#processes = options.processes ?? singleProcess
  }

  /** Opens the largest session. Rejects as `Runtime.openSession` does, with a RangeError for a name in `trained` that is none. */
  static async open(options: ContrastiveObjectiveOptions): Promise<ContrastiveObjective> {
    const objective = new ContrastiveObjective(options)
    await objective.#session(objective.#processes.size > 1 ? 'backward' : 'direct')
    return objective
  }

  async gradients(step: PairStep, _seed: number): Promise<readonly SampleLoss[]> {
    holdLogitScale(this.#options.memory.parameters)
    const batches = countedBatches(step)
    const pairs = batches.flat()
    const [only] = batches
    const isWhole = batches.length === 1 && this.#processes.size === 1
    return sampleLosses(pairs, isWhole && only ? await this.#direct(only) : await this.#inParts(batches, pairs))
  }

  async losses(step: PairStep): Promise<readonly SampleLoss[]> {
    return (await this.examine(step)).losses
  }

  /** The losses, and how many find what belongs to them, without gradients. All processes take part. */
  async examine(step: PairStep): Promise<{ readonly losses: readonly SampleLoss[]; readonly retrieval: Retrieval }> {
    holdLogitScale(this.#options.memory.parameters)
    const batches = countedBatches(step)
    const pairs = batches.flat()
    const all = await this.#features(batches, pairs)
    const images = await this.#compare(all, all.images, all.texts)
    const texts = await this.#compare(all, all.texts, all.images)
    const losses = sampleLosses(pairs, { images: images.losses, texts: texts.losses })
    return { losses, retrieval: { pairs: pairs.length, imageToText: images.found, textToImage: texts.found } }
  }

  async #direct(pairs: readonly Pair[]): Promise<PairLosses> {
    const count = pairs.length
    const [pictures, sentences] = [firstOfEqual(pairs.map(({ key }) => key)), firstOfEqual(pairs.map(textKey))]
    const feeds = {
      ...this.#pairFeeds(pairs),
      targets: targetsOf(0, count),
      same: tensorValue('float32', [count, count], samePairs(pictures, sentences, 0, count)),
      share: scalar(1 / (2 * count)),
    }
    const { imageLosses, textLosses } = await this.#run('direct', feeds, this.#targets('direct'))
    return { images: floats(imageLosses), texts: floats(textLosses) }
  }

  async #inParts(batches: readonly (readonly Pair[])[], pairs: readonly Pair[]): Promise<PairLosses> {
    const { memory, contrastive } = this.#options
    const all = await this.#features(batches, pairs)
    const size = all.count * contrastive.dimension
    const gradients = new Float32Array(2 * size) // of images, then of texts: [2, all pairs, dimension]
    const [ofImages, ofTexts] = [gradients.subarray(0, size), gradients.subarray(size)]
    const images = await this.#match(all, [all.images, ofImages], [all.texts, ofTexts])
    const texts = await this.#match(all, [all.texts, ofTexts], [all.images, ofImages])
    await this.#processes.allReduce(gradients)
    let scaleGradient = images.scaleGradient + texts.scaleGradient
    if (batches.length === 0) for (const { data } of Object.values(memory.gradients)) (data as Float32Array).fill(0)
    let at = all.start
    for (const part of batches) {
      const rows = [at * contrastive.dimension, (at + part.length) * contrastive.dimension] as const
      const arriving = (values: Float32Array) =>
        tensorValue('float32', [part.length, contrastive.dimension], values.slice(...rows))
      await this.#backward(part, { imageGradients: arriving(ofImages), textGradients: arriving(ofTexts) })
      const scale = memory.gradients[`d.${LOGIT_SCALE}`]?.data as Float32Array | undefined
      if (scale) scale[0] = scaleGradient
      scaleGradient = 0 // it belongs to the step, not to each part
      if (batches.length > 1) memory.accumulate()
      at += part.length
    }
    return { images: images.losses, texts: texts.losses }
  }

  async #backward(pairs: readonly Pair[], arriving: Record<string, TensorValue>): Promise<void> {
    if (!this.#options.trained.some(name => name !== LOGIT_SCALE)) return
    await this.#run('backward', { ...this.#pairFeeds(pairs), ...arriving }, this.#targets('backward'))
  }

  /** Runs both towers over each part, and brings together what all processes found. */
  async #features(batches: readonly (readonly Pair[])[], pairs: readonly Pair[]): Promise<AllFeatures> {
    const { dimension } = this.#options.contrastive
    const images = new Float32Array(pairs.length * dimension)
    const texts = new Float32Array(pairs.length * dimension)
    let at = 0
    for (const part of batches) {
      const made = await this.#run('features', this.#pairFeeds(part))
      images.set(floats(made['images']), at * dimension)
      texts.set(floats(made['texts']), at * dimension)
      at += part.length
    }
    const keys = { pictureKeys: pairs.map(({ key }) => key), textKeys: pairs.map(textKey) }
    return gatherFeatures({ images, texts, ...keys }, dimension, this.#processes)
  }

  /**
   * One half of the loss for this process's queries among all candidates. Adds to both gradients, which are laid out as
   * the features, and gives the losses and the gradient of the logit scale.
   */
  async #match(
    all: AllFeatures,
    [queries, ofQueries]: readonly [Float32Array, Float32Array],
    [candidates, ofCandidates]: readonly [Float32Array, Float32Array],
  ): Promise<{ losses: Float32Array; scaleGradient: number }> {
    const { dimension } = this.#options.contrastive
    const losses = new Float32Array(all.end - all.start)
    let scaleGradient = 0
    for (const [start, end] of this.#blocks(all)) {
      const feeds = { ...this.#matchFeeds(all, queries, candidates, start, end), share: scalar(1 / (2 * all.count)) }
      const made = await this.#run('match', feeds)
      losses.set(floats(made['losses']), start - all.start)
      addTo(ofQueries, floats(made['d.queries']), start * dimension)
      addTo(ofCandidates, floats(made['d.candidates']), 0)
      scaleGradient += made[`d.${LOGIT_SCALE}`] ? (floats(made[`d.${LOGIT_SCALE}`])[0] as number) : 0
    }
    return { losses, scaleGradient }
  }

  async #compare(all: AllFeatures, queries: Float32Array, candidates: Float32Array) {
    const losses = new Float32Array(all.end - all.start)
    let found = 0
    for (const [start, end] of this.#blocks(all)) {
      const made = await this.#run('compare', this.#matchFeeds(all, queries, candidates, start, end))
      losses.set(floats(made['losses']), start - all.start)
      found += floats(made['lags']).filter(lag => lag <= 0).length
    }
    return { losses, found }
  }

  /** Cuts this process's queries so that the similarities of a block stay within bounds. */
  #blocks({ count, start, end }: AllFeatures): (readonly [number, number])[] {
    const rows = Math.max(1, Math.floor((this.#options.similarities ?? 4 * 2 ** 20) / count))
    const starts = Array.from({ length: Math.ceil((end - start) / rows) }, (_, i) => start + i * rows)
    return starts.map(first => [first, Math.min(first + rows, end)])
  }

  #matchFeeds(
    { count, pictures, sentences }: AllFeatures,
    queries: Float32Array,
    candidates: Float32Array,
    start: number,
    end: number,
  ): Record<string, TensorValue> {
    const { dimension } = this.#options.contrastive
    const rows = queries.slice(start * dimension, end * dimension)
    return {
      queries: tensorValue('float32', [end - start, dimension], rows),
      candidates: tensorValue('float32', [count, dimension], candidates as Float32Array<ArrayBuffer>),
      targets: targetsOf(start, end),
      same: tensorValue('float32', [end - start, count], samePairs(pictures, sentences, start, end)),
    }
  }

  #pairFeeds(pairs: readonly Pair[]): Record<string, TensorValue> {
    const { size, config, contrastive } = this.#options
    return pairFeeds(pairs, { size, context: contrastive.context, vocabulary: config.vocab_size })
  }

  /** Where a graph leaves its gradients: `backward` makes none of the logit scale. */
  #targets(purpose: 'backward' | 'direct'): Record<string, TensorValue> {
    const made = Object.entries(this.#options.memory.gradients).filter(
      ([name]) => purpose === 'direct' || name !== `d.${LOGIT_SCALE}`,
    )
    return Object.fromEntries(made)
  }

  async #run(
    purpose: ContrastivePurpose,
    feeds: Record<string, TensorValue>,
    into?: Record<string, TensorValue>,
  ): Promise<Record<string, TensorValue>> {
    const session = await this.#session(purpose)
    const all = { ...this.#options.memory.parameters, ...feeds }
    const wanted = Object.fromEntries(session.inputs.map(({ name }) => [name, all[name] as TensorValue]))
    return session.run(wanted, into ? { into } : {})
  }

  #session(purpose: ContrastivePurpose): Promise<Session> {
    const opened = this.#sessions.get(purpose) ?? this.#open(purpose)
    this.#sessions.set(purpose, opened)
    return opened
  }

  async #open(purpose: ContrastivePurpose): Promise<Session> {
    const { runtime, load, recompute = false } = this.#options
    const graph = contrastiveGraph({ ...this.#options, recompute, device: runtime.device }, purpose)
    const wanted = graph.weights.map(({ name, shape, type }) => ({ name, type, shape: shape as readonly number[] }))
    return runtime.openSession(graph, { weights: await load(wanted), planMemory: false })
  }

  async dispose(): Promise<void> {
    for (const opened of await Promise.allSettled(this.#sessions.values())) {
      if (opened.status === 'fulfilled') await opened.value.dispose()
    }
    this.#sessions.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}

/** The parts of a step without the pairs that are not to count; a part of nothing else is none. */
const countedBatches = ({ batches }: PairStep): (readonly Pair[])[] =>
  batches.map(batch => batch.filter(({ counts }) => counts)).filter(({ length }) => length > 0)

/**
 * Puts the logit scale among the parameters back to CLIP's bound if it is above. The objective does so before each use;
 * a run that also calls it after each update saves what it will go on with.
 */
export function holdLogitScale(parameters: Readonly<Record<string, TensorValue>>): void {
  const values = parameters[LOGIT_SCALE]?.data as Float32Array | undefined
  if (values) values[0] = Math.min(values[0] as number, LARGEST_LOGIT_SCALE)
}

const textKey = ({ text }: Pair): string => text.join()

const floats = (tensor: TensorValue | undefined): Float32Array => (tensor as TensorValue<'float32'>).data

const scalar = (value: number): TensorValue => tensorValue('float32', [], [value])

/** Each pair's own counterpart stands at its own place. */
const targetsOf = (start: number, end: number): TensorValue =>
  tensorValue(
    'int64',
    [end - start],
    BigInt64Array.from({ length: end - start }, (_, i) => BigInt(start + i)),
  )

function addTo(sum: Float32Array, values: Float32Array, at: number): void {
  for (let i = 0; i < values.length; i++) sum[at + i] = (sum[at + i] as number) + (values[i] as number)
}

/** A pair counts twice: its picture looks for its text, and its text for its picture. */
const sampleLosses = (pairs: readonly Pair[], { images, texts }: PairLosses): SampleLoss[] =>
  pairs.map(({ id, task }, i) => ({ id, task, sum: (images[i] as number) + (texts[i] as number), tokens: 2 }))
