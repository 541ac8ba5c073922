/** A window into a model while it is described: tests, `trace`, and heat maps read intermediate tensors through it. */
import type { Tensor } from '../graph/index.ts'

/** Told every intermediate tensor, under the name that traces and reference numbers use (`lm.layer.0`). */
export type Observe = (name: string, tensor: Tensor) => void

export const unobserved: Observe = () => {}
