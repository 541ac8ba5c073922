/**
 * Which of the trained parameters decay, and how fast each learns, from their names. The names are those of the
 * checkpoint; those of LoRA begin with their layer's and go with it. Knows no values and no optimiser.
 */
import { partOf } from '../../checkpoint/index.ts'
import type { TrainedParameter } from './optimiser.ts'

export interface GroupOptions {
  /**
   * Parameters that do not decay: `norms`, `biases`, `embeddings` (of tokens and positions, and the adapter's queries),
   * or patterns of names in which `*` stands for anything (`*.ln_1.*`, `lm_head.weight`). Default: none. All decay.
   */
  readonly exclude?: readonly string[]
  /** Factors of the learning rate for each part, 1 by default. What follows the adapter (ln_post and proj) goes with it. */
  readonly rates?: { readonly vision?: number; readonly adapter?: number; readonly language?: number }
  /**
   * Layer-wise decay of the vision tower's learning rate, 1 by default: from the last block down, each learns this many
   * times as fast as the one above it. See `visionDepth`.
   */
  readonly visionDecay?: number
}

const words = {
  norms: /(^|\.)(ln_[a-z0-9]+|norm)\.(weight|bias)$/,
  biases: /(^|[._])bias$/,
  embeddings: /(^|\.)(wte\.weight|token_embedding\.weight|positional_embedding|attn_pool\.(query|pos_embed))$/,
} as const

/**
 * The parameters to be trained, in the order of `trained`, each with what the optimiser must know of it. `visionLayers`
 * is the number of blocks of the vision tower.
 *
 *     parameterGroups(shapes, trained, { exclude: ['norms', 'biases'], visionDecay: 0.95 }, config.visual.layers)
 *
 * Throws a RangeError for a trained name that has no shape, a block of the tower beyond its last, a pattern that no name
 * of `shapes` fits, and numbers out of range.
 */
export function parameterGroups(
  shapes: ReadonlyMap<string, readonly number[]>,
  trained: readonly string[],
  { exclude = [], rates = {}, visionDecay = 1 }: GroupOptions,
  visionLayers: number,
): TrainedParameter[] {
  const patterns = exclude.map(text => patternOf(text, shapes))
  for (const [part, rate] of Object.entries(rates)) {
    if (!(rate >= 0 && Number.isFinite(rate)))
      throw new RangeError(
        `the learning rate of the ${part} part has the factor ${rate}: it must be a number from 0 on`,
      )
  }
  if (!(visionDecay > 0 && visionDecay <= 1))
    throw new RangeError(
      `the layer-wise decay of the vision tower is ${visionDecay}: it must be above 0, and at most 1`,
    )
  return trained.map(name => {
    const shape = shapes.get(name)
    if (shape === undefined) throw new RangeError(`"${name}" is to be trained, but the model has no such parameter`)
    const rate = rateOfPart(name, rates) * visionDecay ** visionDepth(name, visionLayers)
    return { name, shape, rate, decays: !patterns.some(pattern => pattern.test(name)) }
  })
}

function patternOf(text: string, shapes: ReadonlyMap<string, unknown>): RegExp {
  // A word may find nothing: a model may have no biases. A pattern is about certain names.
  if (Object.hasOwn(words, text)) return words[text as keyof typeof words]
  const literal = text.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  const pattern = new RegExp(`^${literal.join('.*')}$`, 's')
  if ([...shapes.keys()].some(name => pattern.test(name))) return pattern
  const known = Object.keys(words).join(', ')
  throw new RangeError(
    `no parameter is named "${text}", so that nothing can be excluded: give a name with * for anything, or one of ${known}`,
  )
}

function rateOfPart(name: string, { vision = 1, adapter = 1, language = 1 }: GroupOptions['rates'] & {}): number {
  switch (partOf(name)) {
    case 'vision tower':
      return vision
    case 'adapter':
    case 'vision output':
      return adapter
    case 'language model':
      return language
    case 'other':
      return 1
  }
}

/**
 * How many layers from the top a parameter of the vision tower stands: 1 in the last block, `layers` in the first, one
 * more in what comes before the blocks; 0 outside the tower. As BEiT and MAE count (util/lr_decay.py of
 * github.com/facebookresearch/mae), where what follows the blocks, here the adapter, learns at the full rate.
 * Throws a RangeError for a block that the tower has not.
 */
export function visionDepth(name: string, layers: number): number {
  if (partOf(name) !== 'vision tower') return 0
  const block = /^transformer\.visual\.transformer\.resblocks\.(\d+)\./.exec(name)
  if (block === null) return layers + 1
  const depth = layers - Number(block[1])
  if (depth < 1) throw new RangeError(`"${name}" lies in no block of the vision tower: it has ${layers}, from 0 on`)
  return depth
}
