/** What quantising tells: as it goes, and at its end. Knows no files and no arithmetic. */

/** A layer before and after: the parts by which its outputs changed over the calibration data, as root mean squares. */
export interface LayerErrors {
  /** The layer's path, `transformer.h.0.attn.c_attn`. */
  readonly path: string
  /** ‖W - Q‖ / ‖W‖ of the weights that are written. */
  readonly weights: number
  /** ‖(W - Q) X‖ / ‖W X‖ of the weights that are written; missing where there is no calibration data. */
  readonly outputs?: number
  /** The same of weights that are rounded to the nearest. */
  readonly nearest?: number
}

/** How well a model predicts what is learnt in the evaluation samples. */
export interface Score {
  /** `float`: the source; `nearest`: every weight rounded to the nearest; `gptq`: quantised with calibration data. */
  readonly model: 'float' | 'nearest' | 'gptq'
  /** Mean over the tokens, in nats. */
  readonly loss: number
  /** e^loss. */
  readonly perplexity: number
  /** Part of the tokens for which the likeliest one is that of the source. */
  readonly agreement: number
}

/** Samples that were used, of which data. */
export interface UsedSamples {
  readonly data: readonly string[]
  readonly samples: number
  readonly tokens: number
  readonly pictures: number
}

export interface Evaluation extends UsedSamples {
  /** They were held back from the calibration data; else they are data of their own. */
  readonly heldBack: boolean
  /** Tokens that are predicted. */
  readonly predicted: number
  readonly scores: readonly Score[]
}

export interface QuantiseReport {
  /** The source, as it was named. */
  readonly model: string
  readonly out: string
  readonly method: 'gptq' | 'nearest'
  /** Inputs that share a scale. */
  readonly group: number
  readonly activationOrder: boolean
  readonly seed: number
  /** ISO 8601, UTC. */
  readonly date: string
  readonly calibration?: UsedSamples
  readonly evaluation?: Evaluation
  readonly layers: readonly LayerErrors[]
  /** Means over the layers. */
  readonly mean: Omit<LayerErrors, 'path'>
  /** Size of all tensors. */
  readonly bytes: { readonly source: number; readonly written: number }
  readonly warnings: readonly string[]
}

export type QuantiseEvent =
  | {
      readonly type: 'plan'
      readonly model: string
      readonly out: string
      readonly method: QuantiseReport['method']
      readonly layers: number
      readonly calibration?: UsedSamples
      readonly evaluation?: UsedSamples
      /** Of memory, at most, estimated; 0 where nothing is run. */
      readonly memory: number
    }
  | { readonly type: 'warning'; readonly message: string }
  /** Samples whose pictures were seen. */
  | { readonly type: 'samples'; readonly done: number; readonly total: number }
  /** A layer is quantised: the first of `total` is number 1. */
  | ({ readonly type: 'layer'; readonly done: number; readonly total: number } & LayerErrors)
  /** Bytes of the finished files written so far. */
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'done'; readonly report: QuantiseReport }

/** The mean over layers. */
export function meanErrors(layers: readonly LayerErrors[]): Omit<LayerErrors, 'path'> {
  const mean = (of: (layer: LayerErrors) => number) =>
    layers.reduce((sum, layer) => sum + of(layer), 0) / Math.max(1, layers.length)
  const calibrated = layers.every(({ outputs }) => outputs !== undefined)
  return {
    weights: mean(({ weights }) => weights),
    ...(calibrated && {
      outputs: mean(({ outputs = 0 }) => outputs),
      nearest: mean(({ nearest = 0 }) => nearest),
    }),
  }
}
