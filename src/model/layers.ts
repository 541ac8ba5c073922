/** Layers that every part of the model has, reading their parameters from the scope they are given. */
import { layerNorm, type Scope, type Tensor } from '../graph/index.ts'

/** Every LayerNorm of the visual side has this ε; the language model's comes from the configuration. */
const VISUAL_EPSILON = 1e-6

/** LayerNorm with weight and bias. x [..., width] */
export function norm(at: Scope, x: Tensor): Tensor {
  const width = x.size(-1) as number
  return layerNorm(x, at.parameter('weight', [width]), at.parameter('bias', [width]), VISUAL_EPSILON)
}

/** Linear layer, with bias unless told otherwise. x [..., in] → [..., out] */
export function dense(at: Scope, x: Tensor, out: number, { bias = true } = {}): Tensor {
  return at.linear(x, { out, bias })
}
