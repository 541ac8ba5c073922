/** Dropout whose pattern is a function of a seed: the same in the backward pass, in a recomputed block, on any device. */
import { elementCount } from '../dimension.ts'
import { dataTypes, UINT32 } from '../onnx/attributes.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, type Operator, refuse } from '../operator.ts'
import type { Tensor } from '../tensor.ts'
import { mul } from './arithmetic.ts'

interface Attributes {
  readonly probability: number
  readonly stream: number
}

const keepOperator: Operator<Attributes> = {
  name: 'dropout',
  infer(inputs, { probability, stream }) {
    const [x, seed] = inputs as readonly [Tensor, Tensor]
    if (!(probability >= 0 && probability < 1))
      refuse('dropout', inputs, `the probability ${probability} is not in [0, 1)`)
    if (!Number.isInteger(stream) || stream < 0) refuse('dropout', inputs, `the stream ${stream} is not a whole number`)
    if (seed.type !== 'int64' || seed.rank !== 0) refuse('dropout', inputs, 'the seed must be an int64 scalar')
    return [x]
  },
  gradient: () => [undefined, undefined],
  onnx(emit, [, seed], { inputs: [x], attributes: { probability, stream } }) {
    const { shape, type } = x as Tensor
    const words = randomWords(emit, emit.dimension(elementCount(shape)), seed as string, stream)
    const bits = emit.node('Cast', [shiftRight(emit, words, 8)], { to: dataTypes.int32 }) // in [0, 2^24)
    const kept = emit.node('GreaterOrEqual', [bits, emit.scalar(Math.round(probability * 2 ** 24), 'int32')])
    const factor = emit.node('Mul', [
      emit.node('Cast', [kept], { to: dataTypes[type] }),
      emit.scalar(1 / (1 - probability), type),
    ])
    return [emit.node('Reshape', [factor, emit.shape(shape)])]
  },
}

const uint32 = (emit: Emitter, value: string): string => emit.node('Cast', [value], { to: UINT32 })
const word = (emit: Emitter, value: number): string => uint32(emit, emit.scalar(value, 'int64'))
const shiftRight = (emit: Emitter, value: string, bits: number): string =>
  emit.node('BitShift', [value, word(emit, bits)], { direction: 'RIGHT' })

/**
 * `count` random 32-bit words from their positions, the seed and the stream, by a finaliser like MurmurHash3's: shift,
 * mix, multiply. Mixing adds where MurmurHash3 uses exclusive or, which this operator set does not have.
 */
function randomWords(emit: Emitter, count: string, seed: string, stream: number): string {
  const mix = (value: string, bits: number, factor: number) =>
    emit.node('Mul', [emit.node('Add', [value, shiftRight(emit, value, bits)]), word(emit, factor)])
  const positions = uint32(emit, emit.node('Range', [emit.scalar(0, 'int64'), count, emit.scalar(1, 'int64')]))
  const spread = emit.node('Mul', [positions, word(emit, 0x9e3779b1)])
  const start = mix(
    mix(emit.node('Add', [uint32(emit, seed), word(emit, (stream * 0x27d4eb2f) % 2 ** 32)]), 15, 0x85ebca77),
    13,
    0xc2b2ae3d,
  )
  const words = mix(mix(emit.node('Add', [spread, start]), 16, 0x85ebca6b), 13, 0xc2b2ae35)
  return emit.node('Add', [words, shiftRight(emit, words, 16)])
}

/**
 * x with each element set to 0 with the given probability, and the others scaled up to keep the mean
 * (Srivastava et al., JMLR 15, 2014). `seed` is an int64 scalar, fed anew at each step; `stream` is a whole number that
 * tells one dropout of a model from the next.
 */
export function dropout(x: Tensor, probability: number, seed: Tensor, stream = 0): Tensor {
  if (probability === 0) return x
  return mul(x, apply(keepOperator, [x, seed], { probability, stream }))
}
