/**
 * How far two models are apart: both read one fixed prompt with a picture, and the scores of what follows each token are
 * compared. One whole graph for each, without cache; nothing is generated.
 */
import { totalmem } from 'node:os'
import type { Adapter } from '../../checkpoint/index.ts'
import { withAdapter } from '../../generate/adapted.ts'
import { openModelTokenizer } from '../../generate/load.ts'
import { pictureSlots } from '../../generate/trace.ts'
import { type ModelWeights, modelWeights } from '../../generate/weights.ts'
import { compile, gather, input, type LinearLayer, reshape, scope } from '../../graph/index.ts'
import { normalise } from '../../image/index.ts'
import {
  logits,
  ntkAlpha,
  parameterShapes,
  pictureTokens,
  type QwenVLConfig,
  queryScales,
  read,
  rotaryTables,
  rotaryWidth,
  see,
} from '../../model/index.ts'
import type { Runtime, TensorValue } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import { rawPrompt } from '../../text/node.ts'
import { layerOf, type MergeBase } from './base.ts'
import type { LogitsDifference } from './events.ts'

/** What both models read, after a picture. */
const TEXT =
  'Describe the image in English: a street with two red buses, and people who wait under a sign. What does the sign say? 图中有什么?'

/** Scores that hide a key. */
const HIDDEN = -1e30

/** A model that can be asked for logits. */
export type Asked = Pick<ModelWeights, 'linear' | 'load'>

/** A checkpoint with an adapter beside its layers, or without: floats as float32, int4 layers exactly as they stand. */
export async function asked({ checkpoint, config }: MergeBase, adapter?: Adapter): Promise<Asked> {
  const weights = await modelWeights(checkpoint, config)
  return adapter ? withAdapter(weights, adapter) : weights
}

/** Bytes of memory that a model takes when it is run: float32, and a little over half a byte for a value of an int4 layer. */
export function bytesToCompare({ config, int4 }: MergeBase): number {
  const sizes = [...parameterShapes(config)].map(
    ([name, shape]) => (int4.has(layerOf(name)) ? 0.6 : 4) * shape.reduce((a, b) => a * b, 1),
  )
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}

/** Whether this machine has room to run a model of that size, one at a time. */
export const canCompare = (base: MergeBase, memory = totalmem()): boolean => bytesToCompare(base) < 0.7 * memory

/**
 * Runs both models, one after the other, on the fixed prompt. The tokenizer is that of the base.
 * Throws a TypeError where there is none, and what the engine throws.
 */
export async function compareLogits(
  runtime: Runtime,
  base: MergeBase,
  [one, other]: readonly [Asked, Asked],
  signal?: AbortSignal,
): Promise<LogitsDifference> {
  const prompt = await fixedPrompt(base)
  const first = await logitsOf(runtime, base.config, one, prompt)
  signal?.throwIfAborted()
  const second = await logitsOf(runtime, base.config, other, prompt)
  return compareRows(first, second, prompt.wanted.length)
}

interface FixedPrompt {
  readonly tokens: readonly number[]
  /** Positions of the text. */
  readonly wanted: readonly number[]
}

async function fixedPrompt({ path, config, checkpoint }: MergeBase): Promise<FixedPrompt> {
  using tokenizer = await openModelTokenizer(path, config, checkpoint.config)
  const tokens = [...rawPrompt(tokenizer, [{ image: 0 }, { text: TEXT }], { specials: 'all' }).ids]
  const { end } = pictureTokens(config)
  const first = tokens.indexOf(end)
  return { tokens, wanted: tokens.map((_, i) => i).filter(i => i >= first) }
}

/** Red grows to the right, green downwards, blue along the diagonal. → normalised, [3, size, size] */
export function gradientPicture(size: number): Float32Array {
  const rgb = new Uint8Array(3 * size * size)
  const shade = (part: number) => Math.round((255 * part) / Math.max(1, size - 1))
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) rgb.set([shade(x), shade(y), shade((x + y) / 2)], 3 * (y * size + x))
  }
  return normalise(rgb, size)
}

/** → [wanted, vocabulary] */
async function logitsOf(
  runtime: Runtime,
  config: QwenVLConfig,
  { linear, load }: Asked,
  { tokens, wanted }: FixedPrompt,
): Promise<Float32Array> {
  const graph = describe(config, linear, runtime)
  const weights = await load(
    graph.weights.map(({ name, type, shape }) => ({ name, type, shape: shape as readonly number[] })),
  )
  await using session = await runtime.openSession(graph, { weights })
  const outputs = await session.run(feeds(config, tokens, wanted))
  return (outputs['scores'] as TensorValue<'float32'>).data
}

function describe(config: QwenVLConfig, linear: LinearLayer, { device }: Runtime) {
  const root = scope('', { linear })
  const { image_size: size, n_queries: queries } = config.visual
  const half = rotaryWidth(config) / 2
  const pixels = input('pixels', 'float32', [1, 3, size, size])
  const pictures = { features: see(root, pixels, config), slots: input('slots', 'int64', [queries]) }
  const around = {
    cosines: input('cosines', 'float32', ['sequence', half]),
    sines: input('sines', 'float32', ['sequence', half]),
    queryScale: input('queryScale', 'float32', ['sequence']),
    mask: input('mask', 'float32', ['sequence', 'sequence']),
  }
  const { hidden } = read(root, input('tokens', 'int64', [1, 'sequence']), pictures, around, config)
  const rows = gather(reshape(hidden, [-1, config.hidden_size]), input('wanted', 'int64', ['wanted']))
  return compile({ scores: logits(root, rows, config) }, { device })
}

function feeds(
  config: QwenVLConfig,
  tokens: readonly number[],
  wanted: readonly number[],
): Record<string, TensorValue> {
  const length = tokens.length
  const positions = tokens.map((_, i) => i)
  const { cosines, sines } = rotaryTables(positions, ntkAlpha(length, config), config)
  const half = rotaryWidth(config) / 2
  const { image_size: size } = config.visual
  const slots = pictureSlots(config, [tokens])
  const mask = Float32Array.from({ length: length ** 2 }, (_, i) => (i % length > Math.floor(i / length) ? HIDDEN : 0))
  return {
    pixels: tensorValue('float32', [1, 3, size, size], gradientPicture(size)),
    tokens: tensorValue('int64', [1, length], tokens),
    slots: tensorValue('int64', [slots.length], slots),
    cosines: tensorValue('float32', [length, half], cosines),
    sines: tensorValue('float32', [length, half], sines),
    queryScale: tensorValue('float32', [length], queryScales(positions, config)),
    mask: tensorValue('float32', [length, length], mask),
    wanted: tensorValue('int64', [wanted.length], wanted),
  }
}

function compareRows(one: Float32Array, other: Float32Array, positions: number): LogitsDifference {
  const vocabulary = one.length / positions
  let [sum, largest, scale, agreeing] = [0, 0, 0, 0]
  for (let row = 0; row < positions; row++) {
    let [likeliest, othersLikeliest] = [0, 0]
    const start = row * vocabulary
    for (let i = 0; i < vocabulary; i++) {
      const [a, b] = [one[start + i]!, other[start + i]!]
      const difference = Math.abs(a - b)
      sum += difference
      if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference
      if (Math.abs(a) > scale) scale = Math.abs(a)
      if (a > one[start + likeliest]!) likeliest = i
      if (b > other[start + othersLikeliest]!) othersLikeliest = i
    }
    if (likeliest === othersLikeliest) agreeing++
  }
  return { positions, mean: sum / one.length, largest, scale, agreeing }
}
