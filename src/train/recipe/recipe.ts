/**
 * A recipe: all that is said about a training run before it begins. Everything has its value here, and paths are
 * absolute; how it is written in a file is in `schema.ts`. Knows no model: what a recipe leaves to the model's own
 * configuration stays open.
 */
import type { DataEntry, SourceKind } from '../../corpus/sources/openSources.ts'
import type { Stage } from '../stages.ts'

/** A whole model, by folder or by the name of a pulled one. */
export interface WholeModel {
  readonly from: string
}

/** A model that is put together. Each part is `random`, or a folder or pulled model that has it. */
export interface PartsModel {
  /** Path of a published `config.json`. */
  readonly config: string
  /** Path of a `qwen.tiktoken`. */
  readonly tokenizer: string
  readonly vision: string
  readonly adapter: string
  readonly language: string
}

/** A source of samples with everything that a recipe says of it: paths, patterns and folders are absolute. */
export interface RecipeData extends DataEntry {
  readonly weight: number
}

export interface LoraRecipe {
  readonly rank: number
  readonly alpha: number
  readonly dropout: number
  /** Names of layers as PEFT matches them, or one regular expression, or `all-linear`. */
  readonly targets: readonly string[] | string
  /** Modules that are trained and saved whole. */
  readonly save: readonly string[]
}

export interface EvaluationRecipe {
  readonly data: readonly RecipeData[]
  /** Steps. */
  readonly every: number
  readonly samples: number
  readonly keepBest: boolean
}

/** The text tower of contrastive training. */
export interface ContrastiveRecipe {
  readonly width: number
  readonly layers: number
  readonly heads: number
  /** Tokens of a text, at most. */
  readonly context: number
  /** Of the space in which pictures and texts meet. */
  readonly dimension: number
}

/** A share of all steps, such as `1%`. */
export type Percentage = `${number}%`

export interface Recipe {
  readonly name: string
  readonly objective: 'qwen-vl' | 'language' | 'contrastive'
  readonly model: WholeModel | PartsModel
  /** There for objective qwen-vl without LoRA, and only there. */
  readonly stage?: Stage
  readonly train: {
    readonly fixVit: boolean
    /** Factors of the learning rate. */
    readonly rates: { readonly vision: number; readonly adapter: number; readonly language: number }
    /** Factor from each layer of the vision tower to the one before; 1 = none. */
    readonly visionDecay: number
    /** Patterns of parameter names. */
    readonly freeze: readonly string[]
    readonly also: readonly string[]
  }
  /** Pixels a side; missing: the model's own `image_size`. */
  readonly resolution?: number
  /** Tokens of a row; missing: the model's own `seq_length`. */
  readonly sequence?: number
  readonly packing: 'same-task' | 'mixed' | 'none'
  readonly data: readonly RecipeData[]
  readonly strict: boolean
  /** Rows (contrastive: pairs) of a step, over all processes and accumulated parts. */
  readonly batch: number
  readonly accumulation: number
  /** Either steps or epochs. */
  readonly steps?: number
  readonly epochs?: number
  readonly optimiser: {
    readonly learningRate: number
    readonly beta1: number
    readonly beta2: number
    readonly epsilon: number
    readonly decay: number
    /** Largest norm of the whole gradient; 0: no clipping. */
    readonly clip: number
    /** `norms`, `biases`, `embeddings`, or patterns of parameter names. */
    readonly exclude: readonly string[]
  }
  readonly schedule: {
    readonly shape: 'cosine' | 'linear' | 'constant'
    /** In steps, or as a share of them: see `warmupSteps`. */
    readonly warmup: number | Percentage
    /** Learning rate at the last step. */
    readonly floor: number
  }
  readonly precision: {
    readonly frozen: 'float32' | 'int8' | 'int4'
    readonly saved: 'float32' | 'bfloat16' | 'float16'
  }
  readonly recompute: boolean
  readonly lora?: LoraRecipe
  readonly checkpoints: {
    /** Steps. */
    readonly every: number
    readonly keep: number
    /** Steps whose checkpoints are kept for good; a multiple of `every`. */
    readonly keepEvery?: number
  }
  readonly evaluation?: EvaluationRecipe
  /** There for objective contrastive, and only there. */
  readonly contrastive?: ContrastiveRecipe
  readonly seed: number
  /** Folder of the run, absolute. */
  readonly out: string
}

/** The kinds of sources that an objective can learn from. */
export const kindsFor: Readonly<Record<Recipe['objective'], readonly SourceKind[]>> = {
  'qwen-vl': ['conversations', 'boxes', 'pairs', 'shards', 'text'],
  language: ['conversations', 'shards', 'text'],
  contrastive: ['pairs', 'shards'],
}

/** Steps of warm-up in a run of so many steps. A share is rounded up, as in the official `finetune.py`. */
export function warmupSteps({ schedule: { warmup } }: Pick<Recipe, 'schedule'>, steps: number): number {
  if (typeof warmup === 'number') return warmup
  // As a product of whole numbers first: 7% of 100 is 7, and not 7.000000000000001.
  return Math.ceil((Number(warmup.slice(0, -1)) * steps) / 100)
}
