/**
 * Every intermediate tensor of one reading, by name, and where two such readings part: the tool for porting, or for
 * doubting a checkpoint. The whole model runs as one graph, without cache.
 */
import { compile, input, type LinearLayer, plainLinear, scope, type Tensor } from '../graph/index.ts'
import {
  logits,
  ntkAlpha,
  type QwenVLConfig,
  queryScales,
  read,
  rotaryTables,
  rotaryWidth,
  see,
} from '../model/index.ts'
import type { Runtime, TensorValue } from '../runtime/runtime.ts'
import { tensorValue } from '../runtime/tensor.ts'
import type { WeightLoader } from './network.ts'

export interface TraceInput {
  /** Rows of equal length; shorter prompts are padded on the left, as the original pads. */
  readonly tokens: readonly (readonly number[])[]
  /** 0 where a token is padding, else 1 (default: all 1). */
  readonly attentionMask?: readonly (readonly number[])[]
  /** Pictures in the order of their spans in `tokens`, normalised: [pictures, 3, size, size]. */
  readonly pixels?: { readonly data: Float32Array; readonly size: number; readonly count: number }
}

/** Scores that hide a key. Two of them, causal order and padding, still sum to a finite float32. */
const HIDDEN = -1e30

/**
 * Runs the model over whole texts and gives its intermediate tensors, in the order in which they are computed:
 * `pixels`, `vis.patch_embed`, `vis.patch_embed_pos`, `vis.ln_pre`, `vis.block.N`, `vis.resampler_kv`,
 * `vis.resampler_pos_k`, `vis.resampler_q`, `vis.resampler`, `vis.ln_post`, `vis.out`, `lm.embed`, `lm.rope_cos`,
 * `lm.rope_sin`, `lm.input`, `lm.layer.N`, `lm.ln_f`, `logits`.
 *
 * `linear` says how linear layers are made (default: plain). Throws a RangeError when rows differ in length or pictures
 * do not match the spans.
 */
export async function trace(
  runtime: Runtime,
  config: QwenVLConfig,
  load: WeightLoader,
  given: TraceInput,
  linear: LinearLayer = plainLinear,
): Promise<Record<string, TensorValue>> {
  const batch = given.tokens.length
  const sequence = given.tokens[0]?.length ?? 0
  if (sequence === 0 || given.tokens.some(row => row.length !== sequence)) {
    throw new RangeError('trace: give at least one token, and rows of equal length (pad shorter ones on the left)')
  }
  const { graph, names } = describe(config, given, runtime, linear)
  const weights = await load(
    graph.weights.map(({ name, type, shape }) => ({ name, type, shape: shape as readonly number[] })),
  )
  const session = await runtime.openSession(graph, { weights })
  try {
    const { alpha, feeds } = feed(config, given, batch, sequence)
    const outputs = await session.run(
      Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name] as TensorValue])),
    )
    const tables = fullTables(config, alpha, sequence)
    const all: Record<string, TensorValue> = {
      ...tables,
      ...outputs,
      ...(feeds['pixels'] && { pixels: feeds['pixels'] }),
    }
    return Object.fromEntries(names.map(name => [name, all[name] as TensorValue]))
  } finally {
    await session.dispose()
  }
}

function describe(config: QwenVLConfig, { pixels }: TraceInput, { device }: Runtime, linear: LinearLayer) {
  const observed: Record<string, Tensor> = {}
  const names: string[] = []
  const observe = (name: string, tensor: Tensor) => {
    if (name === 'lm.input') names.push('lm.rope_cos', 'lm.rope_sin')
    names.push(name)
    if (name !== 'pixels') observed[name] = tensor
  }
  const root = scope('', { linear })
  const half = rotaryWidth(config) / 2
  const pictures = pixels && {
    features: see(root, input('pixels', 'float32', ['pictures', 3, pixels.size, pixels.size]), config, observe),
    slots: input('slots', 'int64', [`${config.visual.n_queries}*pictures`]),
  }
  const around = {
    cosines: input('cosines', 'float32', ['sequence', half]),
    sines: input('sines', 'float32', ['sequence', half]),
    queryScale: input('queryScale', 'float32', ['sequence']),
    mask: input('mask', 'float32', ['batch', 1, 'sequence', 'sequence']),
  }
  const { hidden } = read(root, input('tokens', 'int64', ['batch', 'sequence']), pictures, around, config, observe)
  observe('logits', logits(root, hidden, config))
  return { graph: compile(observed, { device }), names }
}

function feed(config: QwenVLConfig, given: TraceInput, batch: number, sequence: number) {
  const positions = [...Array(sequence).keys()]
  const alpha = ntkAlpha(sequence, config)
  const { cosines, sines } = rotaryTables(positions, alpha, config)
  const half = rotaryWidth(config) / 2
  const { pixels } = given
  const slots = pictureSlots(config, given.tokens)
  const expected = (pixels?.count ?? 0) * config.visual.n_queries
  if (slots.length !== expected) {
    const spans = slots.length / config.visual.n_queries
    throw new RangeError(`trace: the tokens have places for ${spans} pictures, but ${pixels?.count ?? 0} were given`)
  }
  const feeds: Record<string, TensorValue> = {
    tokens: tensorValue('int64', [batch, sequence], given.tokens.flat()),
    cosines: tensorValue('float32', [sequence, half], cosines),
    sines: tensorValue('float32', [sequence, half], sines),
    queryScale: tensorValue('float32', [sequence], queryScales(positions, config)),
    mask: tensorValue('float32', [batch, 1, sequence, sequence], causalMask(given, sequence)),
    slots: tensorValue('int64', [slots.length], slots),
  }
  if (pixels) feeds['pixels'] = tensorValue('float32', [pixels.count, 3, pixels.size, pixels.size], pixels.data)
  return { alpha, feeds }
}

/** Where the slots of pictures are in the flattened batch: after each `<img>`, as many as there are queries. */
export function pictureSlots({ visual }: QwenVLConfig, rows: readonly (readonly number[])[]): number[] {
  return rows.flatMap((tokens, row) =>
    tokens.flatMap((token, at) =>
      token === visual.image_start_id
        ? Array.from({ length: visual.n_queries }, (_, i) => row * tokens.length + at + 1 + i)
        : [],
    ),
  )
}

function causalMask({ tokens, attentionMask }: TraceInput, sequence: number): Float32Array {
  const mask = new Float32Array(tokens.length * sequence * sequence)
  for (let at = 0; at < mask.length; at++) {
    const key = at % sequence
    const query = Math.floor(at / sequence) % sequence
    const row = Math.floor(at / sequence ** 2)
    mask[at] = (key > query ? HIDDEN : 0) + (attentionMask?.[row]?.[key] === 0 ? HIDDEN : 0)
  }
  return mask
}

/** The rotary tables as the original keeps them: each angle twice, [sequence, rotary]. */
function fullTables(config: QwenVLConfig, alpha: number, sequence: number): Record<string, TensorValue> {
  const { cosines, sines } = rotaryTables([...Array(sequence).keys()], alpha, config)
  const width = rotaryWidth(config)
  const twice = (table: Float32Array) =>
    tensorValue(
      'float32',
      [sequence, width],
      Float32Array.from(
        { length: sequence * width },
        (_, i) => table[Math.floor(i / width) * (width / 2) + (i % (width / 2))] as number,
      ),
    )
  return { 'lm.rope_cos': twice(cosines), 'lm.rope_sin': twice(sines) }
}

export interface Difference {
  readonly name: string
  /** What is the matter: `missing`, `shape`, or `values`. */
  readonly kind: 'missing' | 'shape' | 'values'
  /** Largest absolute difference, and where; NaN against a number counts as infinite. */
  readonly largest: number
  readonly at: readonly number[]
  readonly ours: number
  readonly theirs: number
}

export interface Comparison {
  /** Tensors that were compared, the one that differs included. */
  readonly compared: number
  /** Where the two part. */
  readonly first: Difference | undefined
  /** Of the tensors that agree, the one furthest off: its largest difference, as a part of the largest value. */
  readonly furthest: { readonly name: string; readonly relative: number } | undefined
}

/**
 * Compares two traces tensor by tensor, in the order of the first. Tensors that only one of them has are passed over,
 * unless they have none in common. `tolerance` is relative to the largest value of the reference tensor.
 */
export function compareTraces(
  ours: Readonly<Record<string, TensorValue>>,
  reference: Readonly<Record<string, TensorValue>>,
  tolerance = 1e-4,
): Comparison {
  const names = Object.keys(ours).filter(name => reference[name])
  if (names.length === 0) throw new RangeError('the two traces have no tensor name in common')
  let furthest: Comparison['furthest']
  for (const [i, name] of names.entries()) {
    const { difference, relative } = differ(name, ours[name] as TensorValue, reference[name] as TensorValue)
    if (difference && !(relative <= tolerance)) return { compared: i + 1, first: difference, furthest }
    if (relative >= (furthest?.relative ?? 0)) furthest = { name, relative }
  }
  return { compared: names.length, first: undefined, furthest }
}

/** The largest difference, if there is one, and how large it is beside the largest value of the reference. */
function differ(name: string, ours: TensorValue, theirs: TensorValue) {
  const none = { largest: 0, at: [], ours: Number.NaN, theirs: Number.NaN }
  if (ours.shape.join() !== theirs.shape.join()) {
    const difference: Difference = { name, kind: 'shape', ...none }
    return { difference, relative: Number.POSITIVE_INFINITY }
  }
  let worst = -1
  let largest = 0
  let scale = 0
  for (let i = 0; i < ours.data.length; i++) {
    const [a, b] = [Number(ours.data[i]), Number(theirs.data[i])]
    const distance = Object.is(a, b) || a === b ? 0 : Math.abs(a - b)
    const size = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance
    if (size > largest) [largest, worst] = [size, i]
    if (Math.abs(b) > scale) scale = Math.abs(b)
  }
  if (worst < 0) return { difference: undefined, relative: 0 }
  const difference: Difference = {
    name,
    kind: 'values',
    largest,
    at: coordinates(worst, ours.shape),
    ours: Number(ours.data[worst]),
    theirs: Number(theirs.data[worst]),
  }
  return { difference, relative: largest / scale }
}

function coordinates(position: number, shape: readonly number[]): number[] {
  let rest = position
  return [...shape]
    .reverse()
    .map(size => {
      const index = rest % size
      rest = Math.floor(rest / size)
      return index
    })
    .reverse()
}
