/**
 * The loop: prompts in, a stream of tokens out. Several prompts run as one batch and give what each would give alone; a
 * row that has ended makes room for the others. Knows tokens, not texts: stop words are sequences of tokens here.
 */
import type { KeyValueCache } from './cache.ts'
import type { Context, Prompt } from './context.ts'
import type { Network, Reading } from './network.ts'
import { type Choice, checkSampling, choose, type SamplingOptions, seededRandom } from './sampling.ts'
import { endsWithStop, isCircling } from './stopping.ts'

export interface GenerateOptions extends SamplingOptions {
  /** Most tokens to write (default 512). */
  readonly maxNewTokens?: number
  /** Fewest: until then no end token can be chosen (default 0). */
  readonly minNewTokens?: number
  /** Tokens that end a text; they are not part of it. */
  readonly endTokens?: readonly number[]
  /** Sequences of tokens that end a text; they are not part of it either. */
  readonly stopSequences?: readonly (readonly number[])[]
  /** Draws are a function of it and of the row (default: another one each time). */
  readonly seed?: number
  /** How many of the likeliest tokens to report for each token (default 0). */
  readonly topLogProbabilities?: number
  /** End texts that go round in circles (default true). */
  readonly detectRepetition?: boolean
  /** Cancels between two tokens: the iteration throws its reason. */
  readonly signal?: AbortSignal
}

export type FinishReason =
  /** It came to an end token or a stop sequence. */
  | 'stop'
  /** `maxNewTokens` were written. */
  | 'length'
  /** It went round in circles. */
  | 'repetition'

export type GenerationEvent =
  | ({ readonly kind: 'token'; readonly row: number } & Choice)
  /** Nothing more comes of this row. `tokens` is all that it wrote, without what ended it. */
  | { readonly kind: 'end'; readonly row: number; readonly reason: FinishReason; readonly tokens: readonly number[] }

interface Row {
  readonly index: number
  readonly prompt: readonly number[]
  readonly alpha: number
  readonly random: () => number
  readonly written: number[]
  scores: Float32Array
}

/**
 * Writes on from prompts, all at once. Yields every token as it is chosen and an end for every row; rows are numbered as
 * the prompts. Throws a RangeError for options out of range or an empty prompt, the signal's reason when cancelled, and
 * what a session throws.
 */
export async function* generate(
  network: Network,
  prompts: readonly Prompt[],
  options: GenerateOptions = {},
): AsyncGenerator<GenerationEvent, void, undefined> {
  checkOptions(prompts, options)
  if (prompts.length === 0) return
  const cache = network.newCache(prompts.length)
  const readings = prompts.map(
    ({ tokens, pictures }): Reading => ({ tokens, pictures, alpha: network.alphaFor(tokens.length) }),
  )
  options.signal?.throwIfAborted()
  const scores = await network.read(cache, readings)
  const seed = options.seed ?? randomSeed()
  yield* write(
    network,
    cache,
    prompts.map(({ tokens }, i) => startRow(i, tokens, readings[i] as Reading, scores[i] as Float32Array, seed)),
    options,
  )
}

/** As `generate`, for several answers to one prompt: the prompt is read once. */
export async function* generateAnswers(
  network: Network,
  prompt: Prompt,
  count: number,
  options: GenerateOptions = {},
): AsyncGenerator<GenerationEvent, void, undefined> {
  checkOptions([prompt], options)
  const cache = network.newCache(count)
  const reading: Reading = { ...prompt, alpha: network.alphaFor(prompt.tokens.length) }
  options.signal?.throwIfAborted()
  const [scores] = await network.read(cache, [reading])
  for (let row = 1; row < count; row++) cache.copyRow(0, row)
  const seed = options.seed ?? randomSeed()
  const rows = Array.from({ length: count }, (_, i) =>
    startRow(i, prompt.tokens, reading, scores as Float32Array, seed),
  )
  yield* write(network, cache, rows, options)
}

/** As `generate`, for one prompt that goes on from what a context has read: only what is new is read. */
export async function* generateOn(
  network: Network,
  context: Context,
  prompt: Prompt,
  options: GenerateOptions = {},
): AsyncGenerator<GenerationEvent, void, undefined> {
  checkOptions([prompt], options)
  options.signal?.throwIfAborted()
  const reading = context.begin(prompt, network.alphaFor(prompt.tokens.length))
  const [scores] = await network.read(context.cache, [reading])
  const row = startRow(0, prompt.tokens, reading, scores as Float32Array, options.seed ?? randomSeed())
  yield* write(network, context.cache, [row], options, token => context.wrote(token))
}

function checkOptions(prompts: readonly Prompt[], options: GenerateOptions): void {
  checkSampling(options)
  const { maxNewTokens = 512, minNewTokens = 0 } = options
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1)
    throw new RangeError(`maxNewTokens ${maxNewTokens} must be a whole number above 0`)
  if (minNewTokens > maxNewTokens)
    throw new RangeError(`minNewTokens ${minNewTokens} is more than maxNewTokens ${maxNewTokens}`)
  prompts.forEach(({ tokens }, i) => {
    if (tokens.length === 0) throw new RangeError(`prompt ${i} is empty: there is nothing to go on from`)
  })
}

function startRow(
  index: number,
  prompt: readonly number[],
  { alpha }: Reading,
  scores: Float32Array,
  seed: number,
): Row {
  return { index, prompt, alpha, scores, written: [], random: seededRandom(seed + index) }
}

const randomSeed = (): number => Math.floor(Math.random() * 2 ** 31)

async function* write(
  network: Network,
  cache: KeyValueCache,
  rows: Row[],
  options: GenerateOptions,
  onRead: (token: number) => void = () => {},
): AsyncGenerator<GenerationEvent, void, undefined> {
  // Row i of the cache belongs to active[i].
  const active = rows
  while (active.length > 0) {
    for (let i = 0; i < active.length; i++) {
      const row = active[i] as Row
      const choice = chooseNext(row, options)
      const end = ending(row, choice.token, options)
      if (end?.keepsToken !== false) {
        row.written.push(choice.token)
        yield { kind: 'token', row: row.index, ...choice }
      }
      if (!end) continue
      yield {
        kind: 'end',
        row: row.index,
        reason: end.reason,
        tokens: row.written.slice(0, row.written.length - end.dropped),
      }
      release(active, cache, i--)
    }
    if (active.length === 0) return
    options.signal?.throwIfAborted()
    const readings = active.map(({ written, alpha }): Reading => ({ tokens: written.slice(-1), pictures: [], alpha }))
    const scores = await network.read(cache, readings)
    for (const [i, row] of active.entries()) {
      row.scores = scores[i] as Float32Array
      onRead(row.written.at(-1) as number)
    }
  }
}

function chooseNext({ scores, prompt, written, random }: Row, options: GenerateOptions): Choice {
  const { endTokens = [], minNewTokens = 0, topLogProbabilities = 0 } = options
  const forbidden = written.length < minNewTokens ? endTokens : []
  return choose(scores, { prompt, written, forbidden }, options, random, topLogProbabilities)
}

interface Ending {
  readonly reason: FinishReason
  /** False when the token that ended the text is not part of it. */
  readonly keepsToken: boolean
  /** Tokens at the end that turned out to be a stop sequence. */
  readonly dropped: number
}

function ending({ written }: Row, token: number, options: GenerateOptions): Ending | undefined {
  const { endTokens = [], stopSequences = [], maxNewTokens = 512, detectRepetition = true } = options
  if (endTokens.includes(token)) return { reason: 'stop', keepsToken: false, dropped: 0 }
  const text = [...written, token]
  const stop = endsWithStop(text, stopSequences)
  if (stop) return { reason: 'stop', keepsToken: true, dropped: stop.length }
  if (detectRepetition && isCircling(text)) return { reason: 'repetition', keepsToken: true, dropped: 0 }
  return text.length >= maxNewTokens ? { reason: 'length', keepsToken: true, dropped: 0 } : undefined
}

/** Takes a row out; the last one moves into its place. */
function release(active: Row[], cache: KeyValueCache, i: number): void {
  const last = active.length - 1
  if (i < last) {
    cache.copyRow(last, i)
    active[i] = active[last] as Row
  }
  active.pop()
}
