/**
 * What may stand in a recipe: keys, types, ranges and defaults, one by one. What contradicts what is in
 * `contradictions.ts`. Knows no files and no lines.
 *
 * Defaults of the optimiser are the paper's (arXiv 2308.12966, appendix C), of LoRA those of the official `finetune.py`.
 */
import { z } from 'zod'
import { sources } from '../../corpus/recipe/dataFields.ts'
import {
  above0,
  atLeast0,
  below1,
  choice,
  flag,
  group,
  listOf,
  number,
  path,
  say,
  textOf,
  whole,
} from '../../corpus/recipe/fields.ts'
import type { Percentage } from './recipe.ts'

const model = group({
  from: path()
    .describe('A whole checkpoint in the published layout: a folder, or the name of a pulled model')
    .optional(),
  config: path().describe("config.json of a model that is put together from parts, in the place of 'from'").optional(),
  tokenizer: path().describe('qwen.tiktoken, beside config').optional(),
  vision: path().describe('random, or a folder that has the vision tower').optional(),
  adapter: path().describe('random, or a folder that has the adapter').optional(),
  language: path().describe('random, or a folder that has the language model').optional(),
})

const train = group({
  fixVit: flag().describe('Leave the vision tower as it is').default(false),
  rates: group({ vision: above0().default(1), adapter: above0().default(1), language: above0().default(1) })
    .describe('Factors of the learning rate, part by part')
    .prefault({}),
  visionDecay: number('a number above 0 and at most 1')
    .gt(0, say('a number above 0 and at most 1'))
    .max(1, say('a number above 0 and at most 1'))
    .describe('Factor of the learning rate from each layer of the vision tower to the one before; 1 = none')
    .default(1),
  freeze: listOf('a pattern of parameter names').describe('Parameters that are left as they are').default([]),
  also: listOf('a pattern of parameter names').describe('Parameters that are trained in addition').default([]),
})

const optimiser = group({
  learningRate: above0().describe('Highest learning rate'),
  beta1: below1().default(0.9),
  beta2: below1().default(0.98),
  epsilon: above0().default(1e-6),
  decay: atLeast0().describe('Decoupled weight decay').default(0.05),
  clip: atLeast0().describe('Largest norm of the whole gradient; 0 = no clipping').default(1),
  exclude: listOf('norms, biases, embeddings or a pattern of parameter names')
    .describe('What does not decay')
    .default([]),
})

const WARMUP = 'a number of steps, or a share of them such as 1%'
/** Its type says what its pattern allows. */
const percentage = z.string().regex(/^\d{1,2}(\.\d+)?%$/, say(WARMUP)) as unknown as z.ZodType<Percentage>
const schedule = group({
  shape: choice(['cosine', 'linear', 'constant']).default('cosine'),
  warmup: z
    .union([whole(0), percentage], say(WARMUP))
    .describe('Steps in which the learning rate rises from 0')
    .default(0),
  floor: atLeast0().describe('Learning rate at the end').default(0),
})

const lora = group({
  rank: whole().default(64),
  alpha: above0().default(16),
  dropout: below1().default(0.05),
  targets: z
    .union(
      [z.array(textOf('a name')).min(1), textOf('a pattern')],
      say('a list of layer names, all-linear, or one regular expression'),
    )
    .default(['c_attn', 'attn.c_proj', 'w1', 'w2']),
  save: listOf('the name of a module').describe('Modules that are trained and saved whole').default([]),
})

const evaluation = group({
  data: sources(),
  every: whole().describe('Steps between evaluations').default(500),
  samples: whole().describe('Samples of an evaluation, at most').default(500),
  keepBest: flag().describe('Keep the checkpoint with the lowest loss').default(true),
})

const contrastive = group({
  width: whole().default(512),
  layers: whole().default(6),
  heads: whole().default(8),
  context: whole(2).default(77),
  dimension: whole().default(512),
})

const NAME = 'a name of letters, digits, dots, dashes and underscores, 100 at most'

/** The text tower of a contrastive recipe that says nothing of it. */
export const defaultTextTower = contrastive.parse({})

/** A recipe as it stands in a file. */
export const recipeSchema = group({
  name: z
    .string(say(NAME))
    .regex(/^(?!\.)[\p{L}\p{N}._-]{1,100}$/u, say(NAME))
    .describe("What the run is called (default: the file's name)")
    .optional(),
  objective: choice(['qwen-vl', 'language', 'contrastive']).describe('What is minimised').default('qwen-vl'),
  model: model.describe('What the run begins with'),
  stage: z.literal([1, 2, 3], say('1, 2 or 3')).describe('What is trained').optional(),
  train: train.prefault({}),
  resolution: whole().describe("Pixels a side (default: the model's image_size)").optional(),
  sequence: whole(16).describe("Tokens of a row (default: the model's seq_length)").optional(),
  packing: choice(['same-task', 'mixed', 'none']).describe('How samples share a row').default('same-task'),
  data: sources(),
  strict: flag().describe('A bad sample ends the run').default(false),
  batch: whole().describe('Rows of a step, over all processes and accumulated parts'),
  accumulation: whole().describe('Parts of a step that are computed one after the other').default(1),
  steps: whole().optional(),
  epochs: whole().optional(),
  optimiser,
  schedule: schedule.prefault({}),
  precision: group({
    frozen: choice(['float32', 'int8', 'int4']).describe('How frozen weights are held').default('float32'),
    saved: choice(['float32', 'bfloat16', 'float16']).describe('How the model is saved').default('float32'),
  }).prefault({}),
  recompute: flag().describe('Compute the activations of each block twice instead of keeping them').default(false),
  lora: lora.describe('Train an adapter beside the frozen model').optional(),
  checkpoints: group({
    every: whole().describe('Steps between checkpoints').default(500),
    keep: whole().describe('How many of the last ones are kept').default(3),
    keepEvery: whole().describe('Checkpoints of these steps are kept for good').optional(),
  }).prefault({}),
  evaluation: evaluation.optional(),
  contrastive: contrastive.describe('The text tower, for objective contrastive').optional(),
  seed: whole(0).default(1),
  out: path().describe('Folder of the run, from where it is started (default: runs/NAME)').optional(),
})

/** A recipe with its defaults, and its paths as they were written. */
export type WrittenRecipe = z.output<typeof recipeSchema>

/** The same as JSON Schema, for editors. */
export function recipeJsonSchema(): Record<string, unknown> {
  const title = 'A training recipe of qwen-vl'
  return { ...z.toJSONSchema(recipeSchema, { io: 'input' }), title }
}
