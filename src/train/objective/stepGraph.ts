/**
 * The graphs of a training step: Qwen-VL with its loss and the gradients of what is trained, and the frozen part of the
 * visual side by itself. Describes only. Training has neither NTK stretching nor logn, as the original's training mode.
 */
import {
  and,
  type CompiledGraph,
  compile,
  concat,
  constant,
  equal,
  flatten,
  gradient,
  input,
  type LinearLayer,
  lessOrEqual,
  linearTokenLosses,
  MASKED,
  mul,
  peakActivationBytes,
  recompute,
  reshape,
  type Scope,
  scope,
  slice,
  sum,
  type Tensor,
  where,
} from '../../graph/index.ts'
import {
  adapter,
  outputEmbedding,
  type QwenVLConfig,
  read,
  rotaryWidth,
  see,
  visionTransformer,
} from '../../model/index.ts'
import type { Device } from '../../runtime/runtime.ts'
import { partOfParameter } from '../stages.ts'

/**
 * Where the trained part of the visual side begins: at the `pixels`, at the vision tower's `patches`, or behind the
 * adapter, at the `features` that the language model reads. What comes before is frozen and computed once per picture.
 */
export type Cut = 'pixels' | 'patches' | 'features'

/** The latest place from which on everything trained is still computed. */
export function cutFor(trained: readonly string[]): Cut {
  const parts = new Set(trained.map(partOfParameter))
  return parts.has('vision') ? 'pixels' : parts.has('adapter') ? 'patches' : 'features'
}

export interface StepGraphOptions {
  readonly config: QwenVLConfig
  /** Pixels a side. */
  readonly size: number
  readonly cut: Cut
  /** Names of what is trained. */
  readonly trained: readonly string[]
  readonly device: Device
  /** Positions of a batch at most: decides how finely the logits are sliced. */
  readonly positions: number
  /** Compute the activations of each block twice instead of keeping them. */
  readonly recompute: boolean
  /** How linear layers are made (quantised, with LoRA beside them); `seed` is there in training, for dropout. */
  readonly linear?: (seed: Tensor | undefined) => LinearLayer
}

/** Bytes of logits that are held at one time. */
const LOGITS = 64 * 2 ** 20

/** In how many slices the logits of so many positions are computed. */
export const logitSlices = (positions: number, { vocab_size }: QwenVLConfig): number =>
  Math.max(1, Math.ceil((positions * vocab_size * 4) / LOGITS))

/** Shape of what a picture enters the trained part as. */
export function entryShape(cut: Cut, size: number, { visual, hidden_size }: QwenVLConfig): readonly number[] {
  if (cut === 'pixels') return [3, size, size]
  return cut === 'patches' ? [(size / visual.patch_size) ** 2, visual.width] : [visual.n_queries, hidden_size]
}

/**
 * What a graph is for: training or evaluation, of batches with pictures or without. Those without have no `entries` and
 * no `slots`.
 */
export type Purpose = 'step' | 'losses' | 'blindStep' | 'blindLosses'

/**
 * Inputs → `losses` [slices·supervised], and for a step `d.NAME` of what is trained and has a part in them.
 *
 * Inputs: `tokens`, `segments` and `places` [rows, length]; `cosines` and `sines` [rows, length, rotary / 2]; `entries`
 * [pictures, …] with their `slots`; `supervised` and `targets` [slices, count], positions in the flattened batch and
 * the tokens that they are to predict; `shares`, what each of these losses counts in the sum that is differentiated;
 * `seed`, where there is dropout.
 */
export function stepGraph(options: StepGraphOptions, purpose: Purpose): CompiledGraph {
  const sight = purpose === 'step' || purpose === 'losses' ? 'seeing' : 'blind'
  if (purpose === 'losses' || purpose === 'blindLosses') return plain(options, sight)
  const { outputs, used } = differentiated(options, sight)
  return compile(outputs, { trained: used, device: options.device })
}

type Sight = 'seeing' | 'blind'

/** The most bytes of activations that a step holds at one time, estimated; see `peakActivationBytes`. */
export function stepActivations(options: StepGraphOptions, sizes: StepSizes): number {
  const { outputs } = differentiated(options, sizes.pictures > 0 ? 'seeing' : 'blind')
  return peakActivationBytes(outputs, { ...sizes })
}

/** Named dimensions of a step. `supervised` is of one slice of the logits. */
export interface StepSizes {
  readonly rows: number
  readonly length: number
  readonly pictures: number
  readonly supervised: number
}

function differentiated(options: StepGraphOptions, sight: Sight) {
  const { trained, linear } = options
  const block = options.recompute ? { block: recompute } : {}
  const root = scope('', { ...(linear && { linear: linear(input('seed', 'int64', [])) }), ...block })
  const { losses, total } = describeStep(root, options, sight)
  const used = trained.filter(name => root.parameters.has(name))
  if (sight === 'seeing' && used.length < trained.length) {
    const stray = trained.find(name => !root.parameters.has(name))
    throw new RangeError(`${stray} is to be trained, but the loss does not depend on it`)
  }
  const gradients = gradient(
    total,
    used.map(name => root.parameters.get(name) as Tensor),
  )
  const named = Object.fromEntries(used.map((name, i) => [`d.${name}`, gradients[i] as Tensor]))
  return { outputs: { losses, ...named }, used }
}

function plain(options: StepGraphOptions, sight: Sight): CompiledGraph {
  const { trained, device, linear } = options
  const root = scope('', linear ? { linear: linear(undefined) } : {})
  const { losses } = describeStep(root, options, sight)
  return compile({ losses }, { trained, device })
}

function describeStep(root: Scope, { config, size, cut, positions }: StepGraphOptions, sight: Sight) {
  const tokens = input('tokens', 'int64', ['rows', 'length'])
  // Whole numbers as floats: what is compared on a graphics card must not be int64.
  const segments = input('segments', 'float32', ['rows', 'length'])
  const places = input('places', 'float32', ['rows', 'length'])
  const half = rotaryWidth(config) / 2
  const around = {
    cosines: input('cosines', 'float32', ['rows', 'length', half]),
    sines: input('sines', 'float32', ['rows', 'length', half]),
    mask: packedMask(segments, places),
  }
  const pictures = sight === 'seeing' ? describePictures(root, { config, size, cut }) : undefined
  const slices = logitSlices(positions, config)
  const supervised = input('supervised', 'int64', [slices, 'supervised'])
  // What follows the last attention is computed where something is learnt, and nowhere else.
  const { hidden } = read(root, tokens, pictures, { ...around, wanted: flatten(supervised, 0, 1) }, config)
  const targets = input('targets', 'int64', [slices, 'supervised'])
  const shares = input('shares', 'float32', [`${slices}*supervised`])
  const rows = reshape(hidden, [slices, 'supervised', config.hidden_size])
  const head = outputEmbedding(root, config)
  const parts = Array.from({ length: slices }, (_, start) => {
    const part = (x: Tensor) => reshape(slice(x, { axis: 0, start, end: start + 1 }), x.shape.slice(1))
    return linearTokenLosses(part(rows), head, part(targets))
  })
  const losses = concat(parts, 0)
  return { losses, total: sum(mul(losses, shares)) }
}

function describePictures(root: Scope, { config, size, cut }: Pick<StepGraphOptions, 'config' | 'size' | 'cut'>) {
  const entries = input('entries', 'float32', ['pictures', ...entryShape(cut, size, config)])
  const slots = input('slots', 'int64', [`${config.visual.n_queries}*pictures`])
  return { features: finish(root, entries, cut, config), slots }
}

/** Each token sees its own sample up to itself. segments, places [rows, length] → [rows, 1, length, length] */
export function packedMask(segments: Tensor, places: Tensor): Tensor {
  const queries = (x: Tensor) => reshape(x, ['rows', 1, 'length', 1])
  const keys = (x: Tensor) => reshape(x, ['rows', 1, 1, 'length'])
  const isSeen = and(equal(queries(segments), keys(segments)), lessOrEqual(keys(places), queries(places)))
  return where(isSeen, constant(0), constant(MASKED))
}

const visual = (root: Scope) => root.at('transformer').at('visual')

/** What is left to do behind the cut. → [pictures, queries, hidden] */
function finish(root: Scope, entries: Tensor, cut: Cut, config: QwenVLConfig): Tensor {
  if (cut === 'pixels') return see(root, entries, config)
  return cut === 'patches' ? adapter(visual(root), entries, config.visual) : entries
}

export interface FrozenGraphOptions extends Pick<StepGraphOptions, 'config' | 'size' | 'device'> {
  readonly linear?: LinearLayer
}

/** What comes before the cut: `pixels` [pictures, 3, size, size] → `entries`. */
export function frozenGraph(cut: Exclude<Cut, 'pixels'>, options: FrozenGraphOptions): CompiledGraph {
  return compile({ entries: describeFrozen(cut, options) }, { device: options.device })
}

/** The most bytes of activations that it takes to see some pictures at once, estimated. */
export function frozenActivations(options: FrozenGraphOptions, cut: Exclude<Cut, 'pixels'>): number {
  return peakActivationBytes({ entries: describeFrozen(cut, options) }, { pictures: SEEN_AT_ONCE })
}

/** Pictures that the frozen part sees at one time: bounds its memory. */
export const SEEN_AT_ONCE = 8

function describeFrozen(cut: Exclude<Cut, 'pixels'>, { config, size, linear }: FrozenGraphOptions): Tensor {
  const root = scope('', linear ? { linear } : {})
  const pixels = input('pixels', 'float32', ['pictures', 3, size, size])
  const patches = visionTransformer(visual(root), pixels, config.visual)
  return cut === 'patches' ? patches : adapter(visual(root), patches, config.visual)
}
