/**
 * A recipe beside what it meets when it is run: so many processes, and a model's configuration. Faults are told with
 * their places in the recipe, as those of the recipe alone.
 */

import { type Fault, type KeyPath, RecipeError } from '../../corpus/recipe/faults.ts'
import type { QwenVLConfig } from '../../model/index.ts'
import { faultIn } from './parse.ts'
import type { Recipe } from './recipe.ts'

/** How a step is divided. */
export interface BatchShape {
  /** Rows that one process computes at once. */
  readonly rowsAtOnce: number
  /** Parts of a step that are computed one after the other. */
  readonly accumulation: number
}

/** Divides a step's rows over parts and processes. Throws a RecipeError where they cannot be divided evenly. */
export function batchShape(recipe: Recipe, processes: number): BatchShape {
  const { batch, accumulation } = recipe
  if (batch % (accumulation * processes) === 0) return { rowsAtOnce: batch / (accumulation * processes), accumulation }
  const parts = `${accumulation} part${accumulation === 1 ? '' : 's'} × ${processes} processes`
  const problem = `is ${batch}: it has to be a multiple of ${parts} = ${accumulation * processes}`
  throw new RecipeError([faultIn(recipe, ['batch'], problem)])
}

/** What a recipe leaves to the model. */
export interface ModelSizes {
  /** Pixels a side of a picture. */
  readonly resolution: number
  /** Tokens of a row. */
  readonly sequence: number
}

/** Tokens that a row needs beside its first picture: question and answer, short ones. */
const SHORTEST_TEXT = 8

/**
 * The sizes of a run on a model: what the recipe says, else what the configuration says. Throws a RecipeError for sizes
 * that the model cannot have.
 */
export function sizesFor(recipe: Recipe, config: QwenVLConfig): ModelSizes {
  const { image_size, patch_size, n_queries } = config.visual
  const { resolution = image_size, sequence = config.seq_length } = recipe
  const faults: Fault[] = []
  const check = (holds: boolean, path: KeyPath, problem: string) => {
    if (!holds) faults.push(faultIn(recipe, path, problem))
  }
  const near = Math.max(1, Math.round(resolution / patch_size)) * patch_size
  check(
    resolution % patch_size === 0,
    ['resolution'],
    `is ${resolution}: it has to be a multiple of the model's patches of ${patch_size} pixels, such as ${near}`,
  )
  const least = n_queries + 2 + SHORTEST_TEXT
  check(
    recipe.objective !== 'qwen-vl' || sequence >= least,
    ['sequence'],
    `is ${sequence}: a picture takes ${n_queries + 2} tokens, and a row with one and a few words at least ${least}`,
  )
  if (faults.length > 0) throw new RecipeError(faults)
  return { resolution, sequence }
}
