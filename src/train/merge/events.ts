/** What merging tells: as it goes, and at its end. Knows no files and no arithmetic. */

/** What an adapter does to one matrix W: Δ = scale · B A, by float32 arithmetic. */
export interface MatrixChange {
  /** The layer's path, `transformer.h.0.attn.c_attn`. */
  readonly path: string
  /** ‖Δ‖ / ‖W‖, Frobenius norms: 0.01 is a change by 1%. */
  readonly relative: number
  /** The largest |Δ| of one value. */
  readonly largest: number
  /** How many values the matrix has, of how many Δ is not zero, and how many are others once they are stored. */
  readonly values: number
  readonly changed: number
  readonly kept: number
  /** ‖W‖² and ‖Δ‖². */
  readonly weightSquares: number
  readonly changeSquares: number
  /** ‖stored - (W + Δ)‖ / ‖W + Δ‖, where the matrix was quantised again. */
  readonly requantisation?: number
}

/** How far two models are apart on a fixed prompt with a picture, over the positions of its text. */
export interface LogitsDifference {
  readonly positions: number
  /** Mean and largest |difference| of a logit. */
  readonly mean: number
  readonly largest: number
  /** The largest |logit|, to hold the two against. */
  readonly scale: number
  /** Positions where both have the same likeliest token. */
  readonly agreeing: number
}

export interface MergeReport {
  readonly adapter: string
  readonly base: string
  readonly out: string
  /** Element type of the merged matrices. */
  readonly stored: string
  /** Matrices that have an adapter, and those that it changes. */
  readonly matrices: number
  readonly changed: number
  /** Names of tensors that the adapter replaced as a whole. */
  readonly saved: readonly string[]
  /** ‖Δ‖ / ‖W‖ over all of the matrices together. */
  readonly relative: number
  /** The matrix that changed most by that measure. */
  readonly most: { readonly path: string; readonly relative: number }
  /** The largest |Δ| of one value, and where. */
  readonly largest: { readonly path: string; readonly value: number }
  /** Of the values that the adapter changes, the part that is another once it is stored: rounding takes the rest. */
  readonly kept: number
  /** Mean over the matrices, and the worst, where they were quantised again. */
  readonly requantisation?: { readonly mean: number; readonly worst: number; readonly path: string }
  /** Base with adapter against the merged model; missing where it was not compared. */
  readonly logits?: LogitsDifference
  readonly warnings: readonly string[]
}

export type MergeEvent =
  | {
      readonly type: 'plan'
      readonly adapter: string
      readonly base: string
      readonly out: string
      readonly matrices: number
      readonly saved: number
      /** Size of all tensors that will be written. */
      readonly bytes: number
    }
  | { readonly type: 'warning'; readonly message: string }
  /** A matrix is merged: the first of `total` is number 1. */
  | ({ readonly type: 'matrix'; readonly done: number; readonly total: number } & MatrixChange)
  /** Bytes written so far. */
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  /** Both models are run and compared now. */
  | { readonly type: 'comparing' }
  | { readonly type: 'done'; readonly report: MergeReport }

/** Sums up the changes of all matrices. */
export function summarise(
  changes: readonly MatrixChange[],
): Pick<MergeReport, 'matrices' | 'changed' | 'relative' | 'most' | 'largest' | 'kept' | 'requantisation'> {
  const total = (of: (change: MatrixChange) => number) => changes.reduce((sum, change) => sum + of(change), 0)
  const most = (of: (change: MatrixChange) => number) =>
    changes.reduce((best, change) => (of(change) > of(best) ? change : best), changes[0] as MatrixChange)
  const byRelative = most(({ relative }) => relative)
  const byValue = most(({ largest }) => largest)
  const touched = total(({ changed }) => changed)
  const errors = changes.filter(({ requantisation }) => requantisation !== undefined)
  const worst = most(({ requantisation = 0 }) => requantisation)
  return {
    matrices: changes.length,
    changed: changes.filter(({ changed }) => changed > 0).length,
    relative: ratio(
      total(({ changeSquares }) => changeSquares),
      total(({ weightSquares }) => weightSquares),
    ),
    most: { path: byRelative.path, relative: byRelative.relative },
    largest: { path: byValue.path, value: byValue.largest },
    kept: touched === 0 ? 0 : total(({ kept }) => kept) / touched,
    ...(errors.length > 0 && {
      requantisation: {
        mean: total(({ requantisation = 0 }) => requantisation) / errors.length,
        worst: worst.requantisation as number,
        path: worst.path,
      },
    }),
  }
}

/** √(a / b), and 0 for nothing of nothing. */
export const ratio = (squares: number, of: number): number => (squares === 0 ? 0 : Math.sqrt(squares / of))
