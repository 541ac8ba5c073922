/** Normalised exponentials over the last axis: softmax, its logarithm, and the logarithm of their denominator. */
import { isFloat } from '../elementType.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { add, div, exp, log, mul, sub } from './arithmetic.ts'
import { stopGradient } from './cast.ts'
import { max, sum } from './reduce.ts'
import { reshape } from './reshape.ts'

const LAST = { axes: [-1], keepAxes: true } as const

function inferFloat(name: string, x: Tensor): void {
  if (!isFloat(x.type) || x.rank < 1) refuse(name, [x], 'needs a float tensor with at least one axis')
}

const softmaxOperator: Operator<undefined> = {
  name: 'softmax',
  infer([x]) {
    inferFloat('softmax', x as Tensor)
    return [x as Tensor]
  },
  gradient({ outputs: [y] }, [arrived]) {
    const [probabilities, gradient] = [y as Tensor, arrived as Tensor]
    return [() => mul(probabilities, sub(gradient, sum(mul(gradient, probabilities), LAST)))]
  },
  decompose([x]) {
    const exponentials = exp(sub(x as Tensor, stopGradient(max(x as Tensor, LAST))))
    return [div(exponentials, sum(exponentials, LAST))]
  },
  onnx: (emit, inputs) => [emit.node('Softmax', inputs, { axis: -1 })],
}

/** e^x / Σ e^x over the last axis. */
export const softmax = (x: Tensor): Tensor => apply(softmaxOperator, [x], undefined)

const logSoftmaxOperator: Operator<undefined> = {
  name: 'logSoftmax',
  infer([x]) {
    inferFloat('logSoftmax', x as Tensor)
    return [x as Tensor]
  },
  gradient({ outputs: [y] }, [arrived]) {
    const gradient = arrived as Tensor
    return [() => sub(gradient, mul(exp(y as Tensor), sum(gradient, LAST)))]
  },
  decompose: ([x]) => [sub(x as Tensor, keepLast(x as Tensor, logSumExp(x as Tensor)))],
  onnx: (emit, inputs) => [emit.node('LogSoftmax', inputs, { axis: -1 })],
}

/** log softmax over the last axis, without rounding small probabilities to zero first. */
export const logSoftmax = (x: Tensor): Tensor => apply(logSoftmaxOperator, [x], undefined)

/** Outputs: log Σ e^x of each row, and the softmax, which the gradient needs. */
const logSumExpOperator: Operator<undefined> = {
  name: 'logSumExp',
  infer([x]) {
    inferFloat('logSumExp', x as Tensor)
    return [{ type: (x as Tensor).type, shape: (x as Tensor).shape.slice(0, -1) }, x as Tensor]
  },
  gradient: ({ inputs: [x], outputs: [, y] }, [gradient]) => [
    () => mul(y as Tensor, keepLast(x as Tensor, gradient as Tensor)),
  ],
  decompose([x]) {
    const largest = stopGradient(max(x as Tensor, LAST))
    const total = sum(exp(sub(x as Tensor, largest)), { axes: [-1] })
    return [add(log(total), reshape(largest, total.shape)), softmax(x as Tensor)]
  },
  // One vectorised softmax and two maxima. The largest probability is at least 1/N, so its logarithm is exact, and
  // log softmax = x - log Σ e^x holds where x is largest too.
  onnx(emit, [x]) {
    const probabilities = emit.node('Softmax', [x as string], { axis: -1 })
    const [largest, mostLikely] = [x as string, probabilities].map(value =>
      emit.node('ReduceMax', [value], { axes: [-1], keepdims: 0 }),
    )
    return [emit.node('Sub', [largest as string, emit.node('Log', [mostLikely as string])]), probabilities]
  },
}

/** log Σ e^x over the last axis. [..., N] → [...] */
export const logSumExp = (x: Tensor): Tensor => apply(logSumExpOperator, [x], undefined)

/** Puts back the last axis, with size 1. */
const keepLast = (x: Tensor, reduced: Tensor): Tensor => reshape(reduced, [...x.shape.slice(0, -1), 1])
