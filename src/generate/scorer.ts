/**
 * How well texts and pictures fit each other, by a model of contrastive training. For choosing among texts, and for
 * finding the pairs of a corpus that do not belong together. Knows nothing of training.
 */
import { type CompiledGraph, compile, input, scope } from '../graph/index.ts'
import { decode, type Limits, ownMachine, type PictureSource, preprocess } from '../image/index.ts'
import type { Allow } from '../image/source.ts'
import { imageFeatures, LOGIT_SCALE, textFeatures } from '../model/index.ts'
import { openRuntime, type Runtime, type RuntimeOptions, type Session, type TensorValue } from '../runtime/node.ts'
import { tensorValue } from '../runtime/tensor.ts'
import type { Tokenizer } from '../text/index.ts'
import { type OpenedScorer, openScorerModel } from './scorerModel.ts'
import { contrastiveTokens } from './scorerText.ts'

export interface ScorerOptions extends RuntimeOptions {
  /** Where pulled models are (default: the standard cache of Hugging Face's tools). */
  readonly cache?: string
  /** What pictures may be read from. Default: every file and every address, for a person's own programs. */
  readonly allow?: Allow
  /** What decoding a picture may cost. */
  readonly limits?: Partial<Limits>
}

export interface ScoreOptions {
  /** Gives up between two batches. */
  readonly signal?: AbortSignal
}

/** Pictures and texts that are computed at one time: bounds the memory. */
const PICTURES = 8
const TEXTS = 32

export class Scorer implements AsyncDisposable {
  readonly #model: OpenedScorer
  readonly #options: ScorerOptions
  readonly #runtime: Runtime
  readonly #tokenizer: Tokenizer
  readonly #images: Session
  readonly #texts: Session
  /**
   * What the model multiplies cosines by before it compares them: large where it tells small differences apart. One over
   * the temperature of its training.
   */
  readonly scale: number

  private constructor(made: {
    model: OpenedScorer
    options: ScorerOptions
    runtime: Runtime
    tokenizer: Tokenizer
    images: Session
    texts: Session
    scale: number
  }) {
    this.#model = made.model
    this.#options = made.options
    this.#runtime = made.runtime
    this.#tokenizer = made.tokenizer
    this.#images = made.images
    this.#texts = made.texts
    this.scale = made.scale
  }

  /**
   * Loads a scorer from the `model` folder of a run of contrastive training, or by its name if it was pulled.
   *
   *     await using scorer = await Scorer.load('runs/contrastive/model')
   *     await scorer.score(['street.jpg'], ['a red bus', 'an empty road'])   // Float32Array [0.31, 0.07]
   *
   * Rejects with what `openScorerModel` and `openRuntime` throw, and a TypeError where there is no tokenizer.
   */
  static async load(reference: string, options: ScorerOptions = {}): Promise<Scorer> {
    const { cache, allow: _allow, limits: _limits, ...engine } = options
    const model = await openScorerModel(reference, cache === undefined ? {} : { cache })
    const cleanUp: (() => unknown)[] = [() => model.checkpoint.dispose()]
    try {
      const tokenizer = await model.tokenizer()
      cleanUp.push(() => tokenizer.dispose())
      const runtime = await openRuntime(engine)
      cleanUp.push(() => runtime.dispose())
      const images = await openGraph(runtime, imageGraph(model, runtime), model)
      const texts = await openGraph(runtime, textGraph(model, runtime), model)
      const [logit] = await model.checkpoint.get(LOGIT_SCALE).readAs('float32')
      return new Scorer({ model, options, runtime, tokenizer, images, texts, scale: Math.exp(logit as number) })
    } catch (error) {
      for (const step of cleanUp.reverse()) await step()
      throw error
    }
  }

  /**
   * The cosine between each picture and each text, from -1 to 1; higher fits better. How high a good one is depends on
   * the model: compare texts of one picture, or pictures of one text. [pictures · texts], the texts of the first picture
   * first. Throws a PictureError for what is no picture.
   */
  async score(
    pictures: readonly PictureSource[],
    texts: readonly string[],
    options: ScoreOptions = {},
  ): Promise<Float32Array> {
    const sentences = await this.#read(texts, options)
    const seen = await this.#see(pictures, options)
    const width = this.#model.contrastive.dimension
    return Float32Array.from({ length: pictures.length * texts.length }, (_, i) =>
      dot(seen, Math.floor(i / texts.length), sentences, i % texts.length, width),
    )
  }

  /** The cosine between each picture and the text in the same place: [pictures]. Throws a RangeError unless there are as many. */
  async scorePairs(
    pictures: readonly PictureSource[],
    texts: readonly string[],
    options: ScoreOptions = {},
  ): Promise<Float32Array> {
    if (pictures.length !== texts.length)
      throw new RangeError(`${pictures.length} pictures and ${texts.length} texts do not make pairs`)
    const sentences = await this.#read(texts, options)
    const seen = await this.#see(pictures, options)
    return Float32Array.from(pictures, (_, i) => dot(seen, i, sentences, i, this.#model.contrastive.dimension))
  }

  /** How surely each of the texts of one picture is the one that belongs to it: softmax of their cosines, scaled. */
  probabilities(cosines: Iterable<number>): number[] {
    const logits = Array.from(cosines, cosine => this.scale * cosine)
    const largest = Math.max(...logits)
    const weights = logits.map(logit => Math.exp(logit - largest))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map(weight => weight / total)
  }

  /** Vectors of length 1, [pictures, dimension]. */
  async #see(pictures: readonly PictureSource[], { signal }: ScoreOptions): Promise<Float32Array> {
    const { allow = ownMachine, limits } = this.#options
    const size = this.#model.config.visual.image_size
    const decoding = { allow, ...(limits && { limits }), ...(signal && { signal }) }
    return this.#inBatches(pictures, PICTURES, signal, async part => {
      const pixels = new Float32Array(part.length * 3 * size * size)
      const decoded = await Promise.all(part.map(picture => decode(picture, decoding)))
      for (const [i, picture] of decoded.entries()) pixels.set(preprocess(picture, size), i * 3 * size * size)
      return this.#images.run({ pixels: tensorValue('float32', [part.length, 3, size, size], pixels) })
    })
  }

  /** Vectors of length 1, [texts, dimension]. */
  async #read(texts: readonly string[], { signal }: ScoreOptions): Promise<Float32Array> {
    return this.#inBatches(texts, TEXTS, signal, async part => {
      const rows = part.map(text => contrastiveTokens(this.#tokenizer, text, this.#model.contrastive.context))
      const length = Math.max(...rows.map(row => row.length))
      const tokens = new BigInt64Array(part.length * length)
      for (const [i, row] of rows.entries()) tokens.set(BigInt64Array.from(row, BigInt), i * length)
      return this.#texts.run({
        tokens: tensorValue('int64', [part.length, length], tokens),
        ends: tensorValue(
          'int64',
          [part.length],
          rows.map((row, i) => i * length + row.length - 1),
        ),
      })
    })
  }

  async #inBatches<Item>(
    items: readonly Item[],
    size: number,
    signal: AbortSignal | undefined,
    run: (part: readonly Item[]) => Promise<Record<string, TensorValue>>,
  ): Promise<Float32Array> {
    const { dimension } = this.#model.contrastive
    const all = new Float32Array(items.length * dimension)
    for (let start = 0; start < items.length; start += size) {
      signal?.throwIfAborted()
      const { features } = await run(items.slice(start, start + size))
      all.set((features as TensorValue<'float32'>).data, start * dimension)
    }
    return all
  }

  /** Frees the model. Calling it again changes nothing. */
  async dispose(): Promise<void> {
    await this.#runtime.dispose()
    this.#tokenizer.dispose()
    await this.#model.checkpoint.dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }
}

function imageGraph({ config, contrastive }: OpenedScorer, { device }: Runtime): CompiledGraph {
  const { image_size: size } = config.visual
  const pixels = input('pixels', 'float32', ['pictures', 3, size, size])
  return compile({ features: imageFeatures(scope(), pixels, config, contrastive) }, { device })
}

function textGraph({ config, contrastive }: OpenedScorer, { device }: Runtime): CompiledGraph {
  const tokens = input('tokens', 'int64', ['texts', 'length'])
  const ends = input('ends', 'int64', ['texts'])
  return compile({ features: textFeatures(scope(), tokens, ends, config, contrastive) }, { device })
}

async function openGraph(runtime: Runtime, graph: CompiledGraph, { load }: OpenedScorer): Promise<Session> {
  const wanted = graph.weights.map(({ name, shape, type }) => ({ name, type, shape: shape as readonly number[] }))
  return runtime.openSession(graph, { weights: await load(wanted) })
}

/** The product of row i of a with row j of b. */
function dot(a: Float32Array, i: number, b: Float32Array, j: number, width: number): number {
  let sum = 0
  for (let c = 0; c < width; c++) sum += (a[i * width + c] as number) * (b[j * width + c] as number)
  return sum
}
