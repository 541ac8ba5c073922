/** Activations: the exact GELU and SiLU, each in one fused pass, and the error function. */
import { isFloat } from '../elementType.ts'
import { float } from '../onnx/attributes.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { add, exp, mul, sigmoid, sub } from './arithmetic.ts'
import { unary } from './elementwise.ts'

/** 2/√π ∫₀ˣ e^(-t²) dt */
export const erf = unary('erf', {
  onnx: 'Erf',
  gradient: (gradient, x) => mul(gradient, mul(exp(mul(mul(x, x), -1)), 2 / Math.sqrt(Math.PI))),
})

/** The standard normal distribution function Φ. */
const normalDistribution = (x: Tensor): Tensor => add(mul(erf(mul(x, Math.SQRT1_2)), 0.5), 0.5)

const geluOperator: Operator<undefined> = {
  name: 'gelu',
  infer: ([x]) => inferFloat('gelu', x as Tensor),
  gradient({ inputs: [x] }, [gradient]) {
    const value = x as Tensor
    const density = mul(exp(mul(mul(value, value), -0.5)), 1 / Math.sqrt(2 * Math.PI))
    return [() => mul(gradient as Tensor, add(normalDistribution(value), mul(value, density)))]
  },
  decompose: ([x]) => [mul(x as Tensor, normalDistribution(x as Tensor))],
  onnx: (emit, inputs) => [emit.microsoft('Gelu', inputs)],
}

function inferFloat(name: string, x: Tensor): readonly [Tensor] {
  if (!isFloat(x.type)) refuse(name, [x], 'needs a float tensor')
  return [x]
}

/** x Φ(x), with the exact error function (Hendrycks and Gimpel, arXiv 1606.08415). */
export const gelu = (x: Tensor): Tensor => apply(geluOperator, [x], undefined)

const siluOperator: Operator<undefined> = {
  name: 'silu',
  infer: ([x]) => inferFloat('silu', x as Tensor),
  gradient({ inputs: [x], outputs: [y] }, [gradient]) {
    // (x σ)' = σ + x σ (1 - σ) = σ + y (1 - σ)
    const gate = sigmoid(x as Tensor)
    return [() => mul(gradient as Tensor, add(gate, mul(y as Tensor, sub(1, gate))))]
  },
  decompose: ([x]) => [mul(x as Tensor, sigmoid(x as Tensor))],
  onnx: (emit, inputs) => [emit.microsoft('QuickGelu', inputs, { alpha: float(1) })],
}

/** x σ(x) */
export const silu = (x: Tensor): Tensor => apply(siluOperator, [x], undefined)
