/**
 * What the training benchmark trains: a Qwen-VL of 9.5 M parameters, the batch of a step, and AdamW with the paper's
 * numbers. The same for everybody who is measured; knows nobody of them.
 */
import { parameterShapes, parseConfig } from '../../src/model/index.ts'
import type { Batch } from '../../src/train/data/batch.ts'
import { cutFor, entryShape } from '../../src/train/objective/stepGraph.ts'
import type { AdamWOptions } from '../../src/train/optimiser/optimiser.ts'
import { type Stage, trainedInStage } from '../../src/train/stages.ts'
import { randomValues } from '../random.ts'

export const modelConfig = parseConfig({
  model_type: 'qwen',
  vocab_size: 2048,
  hidden_size: 256,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  kv_channels: 64,
  intermediate_size: 2 * 704,
  seq_length: 2048,
  no_bias: true,
  visual: {
    image_size: 112,
    patch_size: 14,
    width: 192,
    layers: 6,
    heads: 6,
    mlp_ratio: 4.9231,
    n_queries: 16,
    output_dim: 256,
    image_start_id: 2000,
  },
})

/** Rows of tokens, each with one picture of `size` pixels a side. */
export const batchSize = { rows: 8, length: 128, size: 112 } as const

export const LEARNING_RATE = 1e-4

export const adamW: AdamWOptions = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, decay: 0.05, clip: 1 }

/** Where `<img>` stands in each row, and from where on tokens are learnt. */
const PICTURE_AT = 4
const SUPERVISED_FROM = 40

export const shapes = parameterShapes(modelConfig)

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

export const countParameters = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + sizeOf(shapes.get(name) as readonly number[]), 0)

export const trainedIn = (stage: Stage): string[] => trainedInStage(stage, [...shapes.keys()])

/** Tokens of a row, the same in every row but for the text. */
function tokenAt(row: number, place: number): number {
  const { image_start_id: start, n_queries: queries } = modelConfig.visual
  if (place === PICTURE_AT) return start
  if (place > PICTURE_AT && place <= PICTURE_AT + queries) return start + 2
  if (place === PICTURE_AT + queries + 1) return start + 1
  return ((row * batchSize.length + place) * 7919) % 1900
}

/**
 * The rows from `first` (inclusive) to `end` of the batch. With `isCached`, pictures come as what the frozen part of the
 * stage's model makes of them, as from the cache of a training run from its second pass over the data on.
 */
export function rowsOf(first: number, end: number, stage: Stage, isCached: boolean): Batch {
  const { length, size } = batchSize
  const rows = end - first
  const places = Array.from({ length: rows * length }, (_, at) => at % length)
  const tokens = Int32Array.from(places, (place, at) => tokenAt(first + Math.floor(at / length), place))
  const features = sizeOf(entryShape(cutFor(trainedIn(stage)), size, modelConfig))
  const seen = (row: number) =>
    isCached
      ? { features: randomValues(features, 1, row + 1) }
      : { pixels: randomValues(3 * size * size, 1.7, row + 1) }
  return {
    rows,
    length,
    tokens,
    labels: tokens.map((token, at) => ((places[at] as number) < SUPERVISED_FROM ? -100 : token)),
    positions: Int32Array.from(places),
    segments: new Int32Array(rows * length),
    samples: Array.from({ length: rows }, (_, row) => ({
      id: `${first + row}`,
      task: 'text',
      row,
      start: 0,
      end: length,
    })),
    pictures: Array.from({ length: rows }, (_, row) => ({
      slot: row * length + PICTURE_AT + 1,
      key: `${first + row}`,
      ...seen(first + row),
    })),
  }
}

/** Tokens of the whole batch that are learnt. */
export const supervisedTokens = batchSize.rows * (batchSize.length - SUPERVISED_FROM)

/** The same for `torch/qwenVL.py`. */
export function torchWork(stage: Stage, kind: string, tower: 'grad' | 'no_grad') {
  const { beta1, beta2, epsilon, decay } = adamW
  const batch = rowsOf(0, batchSize.rows, stage, false)
  const { n_queries } = modelConfig.visual
  return {
    kind,
    tower,
    model: modelConfig,
    trained: trainedIn(stage),
    adamW: { lr: LEARNING_RATE, betas: [beta1, beta2], eps: epsilon, weight_decay: decay },
    batch: {
      ...batchSize,
      tokens: [...batch.tokens],
      labels: [...batch.labels],
      slots: batch.pictures.flatMap(({ slot }) => Array.from({ length: n_queries }, (_, query) => slot + query)),
    },
  }
}
