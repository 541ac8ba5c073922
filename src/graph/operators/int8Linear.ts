/** Linear layers in whole int8 arithmetic: a scale for each output, and inputs quantised as they come. */
import { formatShape, sameShape } from '../dimension.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { after } from './after.ts'
import { add, mul } from './arithmetic.ts'
import { cast } from './cast.ts'
import { matmul } from './matmul.ts'

/** A weight in columns: w[i, o] = values[i, o] · scales[o]. */
export interface Int8Weight {
  /** int8 [in, out]: the other way round than a float weight, as the product reads it. */
  readonly values: Tensor
  /** float32 [out] */
  readonly scales: Tensor
}

const int8LinearOperator: Operator<undefined> = {
  name: 'int8Linear',
  infer(inputs) {
    const [x, values, scales] = inputs as readonly [Tensor, Tensor, Tensor]
    if (values.type !== 'int8' || values.rank !== 2 || values.size(0) !== x.size(-1)) {
      refuse('int8Linear', inputs, `the values must be int8 [${x.size(-1)}, out]`)
    }
    if (x.type !== 'float32' || scales.type !== 'float32' || !sameShape(scales.shape, [values.size(1)])) {
      refuse('int8Linear', inputs, `input and scales must be float32, and the scales ${formatShape([values.size(1)])}`)
    }
    return [{ type: x.type, shape: [...x.shape.slice(0, -1), values.size(1)] }]
  },
  gradient({ inputs: [, values, scales] }, [arrived]) {
    const gradient = arrived as Tensor
    const scaled = () => mul(gradient, scales as Tensor)
    const columns = () => cast(after(values as Tensor, gradient), 'float32')
    return [() => matmul(scaled(), columns(), { transposeB: true }), undefined, undefined]
  },
  decompose: ([x, values, scales]) => [mul(matmul(x as Tensor, cast(values as Tensor, 'float32')), scales as Tensor)],
  onnx: (emit, [x, values, scales]) => [emit.microsoft('DynamicQuantizeMatMul', [x, values, scales] as string[])],
}

/**
 * x · weight + bias. Each call quantises x to 8 bits, with one scale for all of it: the fastest product of many rows on
 * a CPU, at the price of about two digits. The gradient ignores the rounding of x; the weight is constant.
 * x [..., in], bias [out] → [..., out]
 */
export function int8Linear(x: Tensor, { values, scales }: Int8Weight, bias?: Tensor): Tensor {
  const product = apply(int8LinearOperator, [x, values, scales], undefined)
  return bias ? add(product, bias) : product
}
