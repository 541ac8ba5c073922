/** Arithmetic and elementary functions, element by element, with broadcasting. */
import { uniformValue } from '../leaf.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { cast } from './cast.ts'
import { equal, greater } from './compare.ts'
import { binary, unary } from './elementwise.ts'
import { writeScatteredSum } from './gather.ts'

export const add = binary('add', {
  onnx: 'Add',
  value: (a, b) => a + b,
  gradient: gradient => [() => gradient, () => gradient],
  simplify: (a, b) => (uniformValue(b) === 0 ? a : uniformValue(a) === 0 ? b : undefined),
  write: (emit, a, b) => writeScatteredSum(emit, a, b) ?? writeScatteredSum(emit, b, a),
})

export const sub = binary('sub', {
  onnx: 'Sub',
  value: (a, b) => a - b,
  gradient: gradient => [() => gradient, () => neg(gradient)],
  simplify: (a, b) => (uniformValue(b) === 0 ? a : undefined),
})

export const mul = binary('mul', {
  onnx: 'Mul',
  value: (a, b) => a * b,
  gradient: (gradient, a, b) => [() => mul(gradient, b), () => mul(gradient, a)],
  simplify: (a, b) => (uniformValue(b) === 1 ? a : uniformValue(a) === 1 ? b : undefined),
})

/** a / b. Integers are divided towards zero. */
export const div = binary('div', {
  onnx: 'Div',
  value: (a, b) => a / b,
  gradient: (gradient, _, b, y) => [() => div(gradient, b), () => neg(div(mul(gradient, y), b))],
  simplify: (a, b) => (uniformValue(b) === 1 ? a : undefined),
})

/** a to the power b. The gradient of the exponent needs a > 0. */
export const pow = binary('pow', {
  onnx: 'Pow',
  value: (a, b) => a ** b,
  types: ['float32', 'float16'],
  gradient: (gradient, a, b, y) => [
    () => mul(gradient, mul(b, pow(a, sub(b, 1)))),
    () => mul(gradient, mul(y, log(a))),
  ],
  simplify: (a, b) => (uniformValue(b) === 1 ? a : uniformValue(b) === 2 ? mul(a, a) : undefined),
})

/** The larger of a and b. Where they are equal, each gets half of the gradient. */
export const maximum = binary('maximum', {
  onnx: 'Max',
  value: Math.max,
  gradient: (gradient, a, b) => [() => mul(gradient, winner(a, b)), () => mul(gradient, winner(b, a))],
})

/** The smaller of a and b. Where they are equal, each gets half of the gradient. */
export const minimum = binary('minimum', {
  onnx: 'Min',
  value: Math.min,
  gradient: (gradient, a, b) => [() => mul(gradient, winner(b, a)), () => mul(gradient, winner(a, b))],
})

/** 1 where a > b, ½ where they are equal, else 0. */
const winner = (a: Tensor, b: Tensor): Tensor => add(cast(greater(a, b), a.type), mul(cast(equal(a, b), a.type), 0.5))

const clipOperator: Operator<{ low: number; high: number }> = {
  name: 'clip',
  infer([x], { low, high }) {
    if (low > high) refuse('clip', [x as Tensor], `the lower bound ${low} is above the upper bound ${high}`)
    return [x as Tensor]
  },
  // What was not clipped came through unchanged.
  gradient: ({ inputs: [x], outputs: [y] }, [gradient]) => [
    () => mul(gradient as Tensor, cast(equal(x as Tensor, y as Tensor), (x as Tensor).type)),
  ],
  onnx: (emit, [x], { attributes: { low, high }, outputs: [y] }) => [
    emit.node('Clip', [x as string, emit.scalar(low, y?.type), emit.scalar(high, y?.type)]),
  ],
}

/** x, but no less than `low` and no more than `high`; beyond them the gradient is 0. */
export const clip = (x: Tensor, low: number, high: number): Tensor => apply(clipOperator, [x], { low, high })

export const neg = unary('neg', {
  onnx: 'Neg',
  value: x => -x,
  types: ['float32', 'float16', 'int64', 'int32'],
  gradient: gradient => neg(gradient),
})

export const abs = unary('abs', {
  onnx: 'Abs',
  value: Math.abs,
  types: ['float32', 'float16', 'int64', 'int32'],
  gradient: (gradient, x) => mul(gradient, sign(x)),
})

/** -1, 0 or 1. */
export const sign = unary('sign', {
  onnx: 'Sign',
  value: Math.sign,
  gradient: gradient => mul(gradient, 0),
})

export const exp = unary('exp', { onnx: 'Exp', value: Math.exp, gradient: (gradient, _, y) => mul(gradient, y) })

/** Natural logarithm. */
export const log = unary('log', { onnx: 'Log', value: Math.log, gradient: (gradient, x) => div(gradient, x) })

export const sqrt = unary('sqrt', {
  onnx: 'Sqrt',
  value: Math.sqrt,
  gradient: (gradient, _, y) => mul(div(gradient, y), 0.5),
})

export const tanh = unary('tanh', {
  onnx: 'Tanh',
  value: Math.tanh,
  gradient: (gradient, _, y) => mul(gradient, sub(1, mul(y, y))),
})

/** 1 / (1 + e^-x) */
export const sigmoid = unary('sigmoid', {
  onnx: 'Sigmoid',
  value: x => 1 / (1 + Math.exp(-x)),
  gradient: (gradient, _, y) => mul(gradient, mul(y, sub(1, y))),
})

export const sin = unary('sin', { onnx: 'Sin', value: Math.sin, gradient: (gradient, x) => mul(gradient, cos(x)) })

export const cos = unary('cos', { onnx: 'Cos', value: Math.cos, gradient: (gradient, x) => neg(mul(gradient, sin(x))) })
