/** Layer normalisation and root-mean-square normalisation over the last axis. */
import type { Dimension, Shape } from '../dimension.ts'
import { isFloat } from '../elementType.ts'
import { float } from '../onnx/attributes.ts'
import { apply, applyAll, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { add, div, mul, sqrt, sub } from './arithmetic.ts'
import { sumTo } from './broadcast.ts'
import { cast } from './cast.ts'
import { mean } from './reduce.ts'

const LAST = { axes: [-1], keepAxes: true } as const

interface Attributes {
  readonly epsilon: number
}

function checkNorm(name: string, inputs: readonly Tensor[]): void {
  const [x, ...vectors] = inputs as readonly [Tensor, ...Tensor[]]
  if (!isFloat(x.type)) refuse(name, inputs, 'needs a float tensor')
  for (const vector of vectors) {
    if (vector.rank !== 1 || vector.size(0) !== x.size(-1) || vector.type !== x.type) {
      refuse(name, inputs, `weight and bias must be ${x.type} [${x.size(-1)}]`)
    }
  }
}

const keptLast = (shape: Shape): Dimension[] => [...shape.slice(0, -1), 1]

/** Outputs: y, and the mean and the inverse standard deviation of each row, which the gradient needs again. */
const layerNormOperator: Operator<Attributes> = {
  name: 'layerNorm',
  infer(inputs) {
    checkNorm('layerNorm', inputs)
    const [x] = inputs as readonly [Tensor]
    const statistic = { type: 'float32', shape: keptLast(x.shape) } as const
    return [x, statistic, statistic]
  },
  gradient({ inputs, outputs }, [arrived]) {
    const [x, weight, bias] = inputs as readonly [Tensor, Tensor, Tensor | undefined]
    const [, average, inverse] = outputs as readonly [Tensor, Tensor, Tensor]
    const gradient = arrived as Tensor
    const normalised = mul(sub(x, cast(average, x.type)), cast(inverse, x.type))
    return [
      () => {
        const scaled = mul(gradient, weight)
        const along = mul(normalised, mean(mul(scaled, normalised), LAST))
        return mul(sub(sub(scaled, mean(scaled, LAST)), along), cast(inverse, x.type))
      },
      () => sumTo(mul(gradient, normalised), weight.shape),
      bias && (() => sumTo(gradient, bias.shape)),
    ]
  },
  decompose(inputs, { epsilon }) {
    const [x, weight, bias] = inputs as readonly [Tensor, Tensor, Tensor | undefined]
    const average = mean(x, LAST)
    const centred = sub(x, average)
    const inverse = div(1, sqrt(add(mean(mul(centred, centred), LAST), epsilon)))
    const scaled = mul(mul(centred, inverse), weight)
    return [bias ? add(scaled, bias) : scaled, cast(average, 'float32'), cast(inverse, 'float32')]
  },
  onnx(emit, inputs, { outputs, attributes: { epsilon } }) {
    const isStatisticUsed = emit.isUsed(outputs[1]) || emit.isUsed(outputs[2])
    const attributes = { axis: -1, epsilon: float(epsilon) }
    return emit.nodeAll('LayerNormalization', inputs, { attributes, outputs: isStatisticUsed ? 3 : 1 })
  },
}

/**
 * (x - mean) / √(variance + ε) · weight + bias, over the last axis (arXiv 1607.06450).
 * x [..., N], weight [N], bias [N]
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor | undefined, epsilon: number): Tensor {
  return applyAll(layerNormOperator, bias ? [x, weight, bias] : [x, weight], { epsilon })[0] as Tensor
}

const rmsNormOperator: Operator<Attributes> = {
  name: 'rmsNorm',
  infer(inputs) {
    checkNorm('rmsNorm', inputs)
    return [inputs[0] as Tensor]
  },
  gradient(node, [arrived]) {
    const [x, weight] = node.inputs as readonly [Tensor, Tensor]
    const gradient = arrived as Tensor
    const { inverse, normalised } = rootMeanSquare(x, node.attributes.epsilon)
    return [
      () => {
        const scaled = mul(gradient, weight)
        const along = mul(normalised, mean(mul(scaled, normalised), LAST))
        return mul(sub(scaled, along), inverse)
      },
      () => sumTo(mul(gradient, normalised), weight.shape),
    ]
  },
  decompose: ([x, weight], { epsilon }) => [mul(rootMeanSquare(x as Tensor, epsilon).normalised, weight as Tensor)],
}

/** Written so that ONNX Runtime finds its fused form (SimplifiedLayerNormalization) when it loads the file. */
function rootMeanSquare(x: Tensor, epsilon: number): { inverse: Tensor; normalised: Tensor } {
  const wide = cast(x, 'float32')
  const root = sqrt(add(mean(mul(wide, wide), LAST), epsilon))
  return { inverse: cast(div(1, root), x.type), normalised: cast(div(wide, root), x.type) }
}

/**
 * x / √(mean x² + ε) · weight, over the last axis (arXiv 1910.07467). The root is taken in float32 and the quotient is
 * brought back to x's type before the weight, as the published model does.
 * x [..., N], weight [N]
 */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return apply(rmsNormOperator, [x, weight], { epsilon })
}
