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
    const bits = emit.node('Cast', [shift(emit, words, 8, 'RIGHT')], { to: dataTypes.int32 }) // in [0, 2^24)
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
const shift = (emit: Emitter, value: string, bits: number, direction: 'LEFT' | 'RIGHT'): string =>
  emit.node('BitShift', [value, word(emit, bits)], { direction })

/**
 * A hash of 32-bit words after "Squares" (Widynski, arXiv 2004.06278): square, add, turn by half a word, and again. What
 * a difference of two words becomes in a square hangs on the words themselves; with sums, shifts and products by
 * constants alone it does not, and this operator set has no exclusive or.
 */
function hash(emit: Emitter, value: string, rounds: number): string {
  const addends = [value, emit.node('Add', [value, word(emit, 0x85ebca6b)])]
  let x = value
  for (let round = 0; round < rounds; round++) {
    if (round > 0) x = emit.node('Add', [shift(emit, x, 16, 'RIGHT'), shift(emit, x, 16, 'LEFT')])
    x = emit.node('Add', [emit.node('Mul', [x, x]), addends[round % 2] as string])
  }
  return x
}

/** `count` random 32-bit words from their positions, the seed (its lower 32 bits) and the stream. */
function randomWords(emit: Emitter, count: string, seed: string, stream: number): string {
  const seeded = hash(emit, emit.node('Add', [uint32(emit, seed), word(emit, 0xc2b2ae35)]), 4)
  const start = hash(emit, emit.node('Add', [seeded, word(emit, ((stream + 1) * 0x27d4eb2f) % 2 ** 32)]), 4)
  const positions = uint32(emit, emit.node('Range', [emit.scalar(0, 'int64'), count, emit.scalar(1, 'int64')]))
  return hash(emit, emit.node('Add', [emit.node('Mul', [positions, word(emit, 0x9e3779b1)]), start]), 3)
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
