/**
 * The graphs of contrastive training. A batch that fits into memory goes through `direct`. One that does not is cut into
 * parts (GradCache; Gao et al., arXiv 2101.06983): `features` of every part, `match` for the loss and its gradients with
 * respect to all features, and `backward`, which computes each part again and carries these gradients into the
 * parameters. Both ways give the same gradients. Describes only.
 */
import {
  add,
  type CompiledGraph,
  compile,
  gradient,
  input,
  mul,
  peakActivationBytes,
  recompute,
  type Scope,
  scope,
  sum,
  type Tensor,
} from '../../graph/index.ts'
import {
  type ContrastiveConfig,
  imageFeatures,
  LOGIT_SCALE,
  logitScale,
  match,
  type QwenVLConfig,
  textFeatures,
} from '../../model/index.ts'
import type { Device } from '../../runtime/runtime.ts'

export interface ContrastiveGraphOptions {
  readonly config: QwenVLConfig
  readonly contrastive: ContrastiveConfig
  /** Pixels a side. */
  readonly size: number
  /** Names of what is trained. */
  readonly trained: readonly string[]
  readonly device: Device
  /** Compute the activations of each block twice instead of keeping them. */
  readonly recompute: boolean
}

/**
 * Pairs that belong together, and all that they could be taken for:
 * - `features`: `pixels` [pairs, 3, size, size], `tokens` [pairs, length], `ends` [pairs] → `images` and `texts`
 *   [pairs, dimension].
 * - `match`: `queries` [queries, dimension], `candidates` [candidates, dimension], `targets` [queries], `same` [queries,
 *   candidates], `share` [], what one loss counts → `losses` [queries], `d.queries`, `d.candidates`, and the gradient of
 *   the logit scale if it is trained.
 * - `compare`: the same without `share` → `losses` and `lags` [queries].
 * - `backward`: the inputs of `features`, `imageGradients` and `textGradients` [pairs, dimension] → `d.NAME`.
 * - `direct`: the inputs of `features`, `targets` [pairs], `same` [pairs, pairs], `share` → `imageLosses` and
 *   `textLosses` [pairs], `d.NAME`.
 */
export type ContrastivePurpose = 'features' | 'match' | 'compare' | 'backward' | 'direct'

/** Throws a RangeError for a name to be trained that is not in both towers. */
export function contrastiveGraph(options: ContrastiveGraphOptions, purpose: ContrastivePurpose): CompiledGraph {
  return graphs[purpose](options)
}

/** The most bytes of activations that so many pairs take at one time, estimated; see `peakActivationBytes`. */
export function contrastiveActivations(options: ContrastiveGraphOptions, pairs: number): number {
  const root = towerScope(options)
  const { images, texts } = describeTowers(root, options)
  const names = options.trained.filter(name => name !== LOGIT_SCALE)
  const outputs = parameterGradients(root, add(sum(images), sum(texts)), names)
  return peakActivationBytes(outputs, { pairs, length: options.contrastive.context })
}

const graphs: Readonly<Record<ContrastivePurpose, (options: ContrastiveGraphOptions) => CompiledGraph>> = {
  features: options => written(options, describeTowers(scope(), options)),
  match: matchGraph,
  compare(options) {
    const { losses, lags } = describeMatch(scope(), options)
    return written(options, { losses, lags })
  },
  backward(options) {
    const root = towerScope(options)
    const { images, texts } = describeTowers(root, options)
    const arriving = (name: string) => input(name, 'float32', ['pairs', options.contrastive.dimension])
    const total = add(sum(mul(images, arriving('imageGradients'))), sum(mul(texts, arriving('textGradients'))))
    const names = options.trained.filter(name => name !== LOGIT_SCALE)
    return written(options, parameterGradients(root, total, names))
  },
  direct(options) {
    const root = towerScope(options)
    const { images, texts } = describeTowers(root, options)
    const pairs = { targets: input('targets', 'int64', ['pairs']), same: input('same', 'float32', ['pairs', 'pairs']) }
    const scale = logitScale(root)
    const imageLosses = match({ queries: images, candidates: texts, ...pairs }, scale).losses
    const textLosses = match({ queries: texts, candidates: images, ...pairs }, scale).losses
    const total = mul(sum(add(imageLosses, textLosses)), input('share', 'float32', []))
    return written(options, { imageLosses, textLosses, ...parameterGradients(root, total, options.trained) })
  },
}

function matchGraph(options: ContrastiveGraphOptions): CompiledGraph {
  const root = scope()
  const { queries, candidates, losses } = describeMatch(root, options)
  const total = mul(sum(losses), input('share', 'float32', []))
  const scale = options.trained.includes(LOGIT_SCALE) ? [logitScale(root)] : []
  const [dQueries, dCandidates, dScale] = gradient(total, [queries, candidates, ...scale]) as [Tensor, Tensor, Tensor?]
  return written(options, {
    losses,
    'd.queries': dQueries,
    'd.candidates': dCandidates,
    ...(dScale && { [`d.${LOGIT_SCALE}`]: dScale }),
  })
}

const towerScope = (options: ContrastiveGraphOptions): Scope => scope('', options.recompute ? { block: recompute } : {})

function describeTowers(root: Scope, { config, contrastive, size }: ContrastiveGraphOptions) {
  const pixels = input('pixels', 'float32', ['pairs', 3, size, size])
  const tokens = input('tokens', 'int64', ['pairs', 'length'])
  const ends = input('ends', 'int64', ['pairs'])
  return {
    images: imageFeatures(root, pixels, config, contrastive),
    texts: textFeatures(root, tokens, ends, config, contrastive),
  }
}

function describeMatch(root: Scope, { contrastive: { dimension } }: ContrastiveGraphOptions) {
  const queries = input('queries', 'float32', ['queries', dimension])
  const candidates = input('candidates', 'float32', ['candidates', dimension])
  const targets = input('targets', 'int64', ['queries'])
  const same = input('same', 'float32', ['queries', 'candidates'])
  return { queries, candidates, ...match({ queries, candidates, targets, same }, logitScale(root)) }
}

function parameterGradients(root: Scope, total: Tensor, names: readonly string[]): Record<string, Tensor> {
  const stray = names.find(name => !root.parameters.has(name))
  if (stray !== undefined) throw new RangeError(`${stray} is to be trained, but contrastive training does not use it`)
  const gradients = gradient(
    total,
    names.map(name => root.parameters.get(name) as Tensor),
  )
  return Object.fromEntries(names.map((name, i) => [`d.${name}`, gradients[i] as Tensor]))
}

const written = ({ trained, device }: ContrastiveGraphOptions, outputs: Record<string, Tensor>): CompiledGraph =>
  compile(outputs, { trained, device })
