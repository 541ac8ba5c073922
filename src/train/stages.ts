/**
 * Which parameters each stage trains, by their names. Knows names only.
 *
 * Source: the paper, section 3, and `finetune.py` of the official repository, whose `fix_vit` also thaws the adapter's
 * position table, which is left alone otherwise.
 */

export type Part = 'vision' | 'adapter' | 'language'

/** 1: pre-training; 2: multi-task training; 3: supervised fine-tuning, or `finetune.py` with `fix_vit`. */
export type Stage = 1 | 2 | 3

const VISUAL = 'transformer.visual.'
const POOL = `${VISUAL}attn_pool.`
/** Made once from sines and cosines. */
const POSITIONS = `${POOL}pos_embed`

/** The part of the model that a parameter belongs to, an adapter's matrices beside it included. */
export function partOfParameter(name: string): Part {
  if (!name.startsWith(VISUAL)) return 'language'
  return /^(attn_pool|ln_post|proj)\b/.test(name.slice(VISUAL.length)) ? 'adapter' : 'vision'
}

/**
 * The names that a stage trains, in the order given.
 * Stage 1 trains vision tower and adapter. Stage 2 trains everything. Stage 3 trains the language model and the
 * cross-attention of the adapter; `ln_post` and `proj` behind it stay as they are, as in the original.
 */
export function trainedInStage(stage: Stage, names: readonly string[]): string[] {
  const rules: Readonly<Record<Stage, (name: string) => boolean>> = {
    1: name => name.startsWith(VISUAL) && name !== POSITIONS,
    2: name => name !== POSITIONS,
    3: name => !name.startsWith(VISUAL) || name.startsWith(POOL),
  }
  return names.filter(rules[stage])
}

export interface TrainedOptions {
  readonly stage: Stage
  /** Leaves the vision tower as it is: stage 2 becomes stage 3, stage 1 trains the adapter alone. */
  readonly fixVit?: boolean
  /** Patterns of names to leave as they are, and of names to train in addition; `*` stands for any letters. */
  readonly freeze?: readonly string[]
  readonly also?: readonly string[]
}

/**
 * The names that a recipe trains. Throws a RangeError for a pattern that matches nothing, and when nothing is left.
 */
export function trainedNames(names: readonly string[], options: TrainedOptions): string[] {
  const { stage, fixVit = false, freeze = [], also = [] } = options
  const staged = new Set(trainedInStage(fixVit && stage === 2 ? 3 : stage, names))
  if (fixVit && stage === 1) for (const name of names) if (partOfParameter(name) === 'vision') staged.delete(name)
  for (const name of matching(freeze, names, 'freeze')) staged.delete(name)
  for (const name of matching(also, names, 'also')) staged.add(name)
  const trained = names.filter(name => staged.has(name))
  if (trained.length === 0) throw new RangeError('the recipe trains nothing: see stage, train.freeze and train.also')
  return trained
}

function matching(patterns: readonly string[], names: readonly string[], key: string): string[] {
  return patterns.flatMap(pattern => {
    const found = names.filter(name => matchesName(name, pattern))
    if (found.length === 0) throw new RangeError(`train.${key}: no parameter is called ${pattern}`)
    return found
  })
}

/** Whether a name matches a pattern as a whole; `*` stands for any letters. */
export function matchesName(name: string, pattern: string): boolean {
  const pieces = pattern.split('*').map(piece => piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${pieces.join('.*')}$`).test(name)
}
