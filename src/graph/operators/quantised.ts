/** Linear layers whose weights are blocks of small integers with a scale each (int4 and int8). */
import { formatShape, sameShape } from '../dimension.ts'
import { type ElementType, isFloat } from '../elementType.ts'
import { dataTypes, MICROSOFT } from '../onnx/attributes.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { after } from './after.ts'
import { add } from './arithmetic.ts'
import { matmul } from './matmul.ts'

/**
 * A weight [out, in] in blocks along `in`: w = (q - zero) · scale, with q an unsigned integer of `bits` bits.
 * This is the layout of ONNX Runtime's MatMulNBits.
 */
export interface QuantisedWeight {
  readonly bits: 4 | 8
  /** Consecutive inputs that share a scale: a power of two from 16. */
  readonly blockSize: number
  /** uint8 [out, in / blockSize, blockSize · bits / 8]; of two 4-bit integers in a byte, the lower half comes first. */
  readonly values: Tensor
  /** float [out, in / blockSize] */
  readonly scales: Tensor
  /** uint8 [out, ⌈in / blockSize · bits / 8⌉], packed as the values; 2^(bits - 1) everywhere unless given. */
  readonly zeroPoints?: Tensor
}

export interface QuantisedLinearOptions {
  /**
   * `float32` (default) multiplies exactly what the weights stand for. `int8` also quantises the inputs, block by block,
   * which is much faster for many rows and costs about two digits; the gradient ignores that rounding.
   */
  readonly accuracy?: 'float32' | 'int8'
}

interface Format {
  readonly bits: 4 | 8
  readonly blockSize: number
}

interface Attributes extends Format {
  readonly accuracy: 'float32' | 'int8'
}

function dimensions(
  name: string,
  inputs: readonly Tensor[],
  { bits, blockSize }: Format,
): { out: number; width: number } {
  const [values, scales, zeroPoints] = inputs as readonly [Tensor, Tensor, Tensor | undefined]
  const [out, blocks, bytes] = values.shape as readonly [number, number, number]
  if (blockSize < 16 || (blockSize & (blockSize - 1)) !== 0)
    refuse(name, inputs, `the block size ${blockSize} is not a power of two from 16`)
  if (values.type !== 'uint8' || values.rank !== 3 || bytes !== (blockSize * bits) / 8) {
    refuse(
      name,
      inputs,
      `the values must be uint8 [out, blocks, ${(blockSize * bits) / 8}] for ${bits}-bit blocks of ${blockSize}`,
    )
  }
  if (!isFloat(scales.type) || !sameShape(scales.shape, [out, blocks]))
    refuse(name, inputs, `the scales must be float ${formatShape([out, blocks])}`)
  const packed = [out, Math.ceil((blocks * bits) / 8)]
  if (zeroPoints && (zeroPoints.type !== 'uint8' || !sameShape(zeroPoints.shape, packed))) {
    refuse(name, inputs, `the zero points must be uint8 ${formatShape(packed)}`)
  }
  return { out, width: blocks * blockSize }
}

const quantisedLinearOperator: Operator<Attributes> = {
  name: 'quantisedLinear',
  infer(inputs, attributes) {
    const [x, ...weight] = inputs as readonly [Tensor, ...Tensor[]]
    const { out, width } = dimensions('quantisedLinear', weight, attributes)
    if (x.size(-1) !== width) refuse('quantisedLinear', inputs, `the weight takes ${width} inputs, not ${x.size(-1)}`)
    if (x.type !== weight[1]?.type) refuse('quantisedLinear', inputs, 'the scales must have the type of the input')
    return [{ type: x.type, shape: [...x.shape.slice(0, -1), out] }]
  },
  // The weights are dequantised when the gradient gets there, not before: a whole model of them would not fit.
  gradient({ inputs: [, ...weight], attributes }, [arrived]) {
    const gradient = arrived as Tensor
    return [
      () => matmul(gradient, dequantiseFrom([after(weight[0] as Tensor, gradient), ...weight.slice(1)], attributes)),
    ]
  },
  decompose: ([x, ...weight], attributes) => [
    matmul(x as Tensor, dequantiseFrom(weight, attributes), { transposeB: true }),
  ],
  onnx(emit, [x, values, scales, zeroPoints], { inputs: [, ...weight], attributes }) {
    const { out, width } = dimensions('quantisedLinear', weight, attributes)
    const { bits, blockSize, accuracy } = attributes
    const operands = [x, values, scales, ...(zeroPoints ? [zeroPoints] : [])] as string[]
    return emit.nodeAll('MatMulNBits', operands, {
      attributes: { K: width, N: out, bits, block_size: blockSize, accuracy_level: accuracy === 'int8' ? 4 : 1 },
      domain: MICROSOFT,
    })
  },
}

const dequantiseOperator: Operator<Format> = {
  name: 'dequantise',
  infer(inputs, format) {
    const { out, width } = dimensions('dequantise', inputs, format)
    return [{ type: (inputs[1] as Tensor).type, shape: [out, width] }]
  },
  gradient: () => [undefined, undefined, undefined],
  onnx(emit, [values, scales, zeroPoints], { inputs, attributes }) {
    const { out, width } = dimensions('dequantise', inputs, attributes)
    const operands = [values as string, scales as string, ...(zeroPoints ? [zeroPoints] : [])]
    const { bits, blockSize } = attributes
    // WebGPU's look-up does not know that an odd number of 4-bit zero points leaves half a byte over in each row.
    const isOdd = zeroPoints !== undefined && bits === 4 && (width / blockSize) % 2 === 1
    if (!emit.target.fused || (emit.target.device === 'webgpu' && isOdd)) {
      const { type } = inputs[1] as Tensor
      return [dequantisePlainly(emit, operands, attributes, { out, width, type })]
    }
    // Looking up every row in order is the one pass of ONNX Runtime's that dequantises this layout.
    const rows = emit.int64([...Array(out).keys()])
    const bytes = emit.node('Reshape', [values as string, emit.int64([out, (width * bits) / 8])])
    return emit.nodeAll('GatherBlockQuantized', [bytes, rows, ...operands.slice(1)], {
      attributes: { gather_axis: 0, quantize_axis: 1, block_size: blockSize, bits },
      domain: MICROSOFT,
    })
  },
}

function dequantisePlainly(
  emit: Emitter,
  [values, scales, zeroPoints]: readonly string[],
  { bits, blockSize }: Format,
  { out, width, type }: { out: number; width: number; type: ElementType },
): string {
  const blocks = width / blockSize
  const integers = unpack(emit, values as string, bits, [out, blocks, blockSize])
  const zero = zeroPoints
    ? unpackZeroPoints(emit, zeroPoints, bits, [out, blocks])
    : emit.scalar(2 ** (bits - 1), 'int32')
  const centred = emit.node('Cast', [emit.node('Sub', [integers, zero])], { to: dataTypes[type] })
  const scaled = emit.node('Mul', [centred, emit.node('Unsqueeze', [scales as string, emit.int64([2])])])
  return emit.node('Reshape', [scaled, emit.int64([out, width])])
}

/** → [out, blocks, 1]; an odd number of 4-bit zero points leaves half a byte over in each row. */
function unpackZeroPoints(
  emit: Emitter,
  packed: string,
  bits: 4 | 8,
  [out, blocks]: readonly [number, number],
): string {
  const stored = Math.ceil((blocks * bits) / 8) * (8 / bits)
  const all = unpack(emit, packed, bits, [out, stored])
  const used = emit.node('Slice', [all, emit.int64([0]), emit.int64([blocks]), emit.int64([1])])
  return emit.node('Unsqueeze', [used, emit.int64([2])])
}

/** Packed unsigned integers as int32, the lower half of each byte first. */
function unpack(emit: Emitter, packed: string, bits: 4 | 8, shape: readonly number[]): string {
  const bytes = emit.node('Cast', [packed], { to: dataTypes.int32 })
  if (bits === 8) return emit.node('Reshape', [bytes, emit.int64(shape)])
  const sixteen = emit.scalar(16, 'int32')
  const high = emit.node('Div', [bytes, sixteen])
  const low = emit.node('Sub', [bytes, emit.node('Mul', [high, sixteen])])
  const last = emit.int64([-1])
  const pairs = emit.node(
    'Concat',
    [low, high].map(half => emit.node('Unsqueeze', [half, last])),
    { axis: -1 },
  )
  return emit.node('Reshape', [pairs, emit.int64(shape)])
}

function dequantiseFrom(weight: readonly Tensor[], { bits, blockSize }: Format): Tensor {
  return apply(dequantiseOperator, weight, { bits, blockSize })
}

const tensors = ({ values, scales, zeroPoints }: QuantisedWeight): Tensor[] => [
  values,
  scales,
  ...(zeroPoints ? [zeroPoints] : []),
]

/** The weight that the integers stand for. → float [out, in] */
export const dequantise = (weight: QuantisedWeight): Tensor => dequantiseFrom(tensors(weight), weight)

/**
 * x Wᵀ + bias with a quantised weight. The gradient reaches x and bias; the weight is constant.
 * x [..., in], bias [out] → [..., out]
 */
export function quantisedLinear(
  x: Tensor,
  weight: QuantisedWeight,
  bias?: Tensor,
  { accuracy = 'float32' }: QuantisedLinearOptions = {},
): Tensor {
  const { bits, blockSize } = weight
  const product = apply(quantisedLinearOperator, [x, ...tensors(weight)], { bits, blockSize, accuracy })
  return bias ? add(product, bias) : product
}
