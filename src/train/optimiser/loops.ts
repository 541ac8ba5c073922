/**
 * The optimiser's loops, over arrays. They have two forms that give the same bits. One is for arrays that lie in one
 * WebAssembly memory, and works on them there. The other is for arrays that are too large for that: it brings them piece
 * by piece into a small memory, and back. Knows no tensors, and not which array is whose.
 */
import { BLOCK } from './arenaPlan.ts'
import { kernelsOn } from './kernels.ts'

/** Lengths are multiples of 4 floats; arrays that are given together have the same. */
export interface Loops {
  /** Writes the sum of the squares of each block: [n · BLOCK] → [n]. */
  squares(gradient: Float32Array, sums: Float64Array): void
  /** sum += gradient */
  add(sum: Float32Array, gradient: Float32Array): void
  /** One step of AdamW: the formula is at the source of the kernels. */
  update(arrays: UpdatedArrays, numbers: UpdateNumbers): void
  /** Sets to zero what is too small to be a normal number. */
  settle(values: Float32Array): void
}

export interface UpdatedArrays {
  readonly parameter: Float32Array
  readonly gradient: Float32Array
  readonly first: Float32Array
  readonly second: Float32Array
}

/** The numbers of the formula. */
export interface UpdateNumbers {
  readonly scale: number
  readonly beta1: number
  readonly beta2: number
  readonly keep: number
  readonly rate: number
  readonly epsilon: number
}

const BYTES = Float32Array.BYTES_PER_ELEMENT

/** For arrays that lie in this memory, which must never grow: that would take it away under them. */
export function loopsInPlace(memory: WebAssembly.Memory): Loops {
  const kernels = kernelsOn(memory)
  return {
    squares: (gradient, sums) => kernels.squares(gradient.byteOffset, BYTES * BLOCK, sums.length, sums.byteOffset),
    add: (sum, gradient) => kernels.add(sum.byteOffset, gradient.byteOffset, sum.byteLength),
    update: ({ parameter, gradient, first, second }, { scale, beta1, beta2, keep, rate, epsilon }) =>
      kernels.update(
        parameter.byteOffset,
        gradient.byteOffset,
        first.byteOffset,
        second.byteOffset,
        parameter.byteLength,
        scale,
        beta1,
        1 - beta1,
        beta2,
        1 - beta2,
        keep,
        rate,
        epsilon,
      ),
    settle: values => kernels.settle(values.byteOffset, values.byteLength),
  }
}

/** What is brought in at once of each array: whole blocks, and all four of an update stay in a core's cache. Floats. */
export const PIECE = 16 * BLOCK

let staged: Loops | undefined

/** For arrays anywhere. Throws a RangeError if the engine gives no memory, of half a megabyte. */
export function loopsThroughStaging(): Loops {
  staged ??= makeStaging()
  return staged
}

function makeStaging(): Loops {
  const pages = Math.ceil((4 * BYTES * PIECE + (8 * PIECE) / BLOCK) / 2 ** 16)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const loops = loopsInPlace(memory)
  const slots = [0, 1, 2, 3].map(i => new Float32Array(memory.buffer, i * BYTES * PIECE, PIECE))
  const slotOfSums = new Float64Array(memory.buffer, 4 * BYTES * PIECE, PIECE / BLOCK)

  /** Brings a piece in. */
  const enter = (slot: number, array: Float32Array, from: number): Float32Array => {
    const part = array.subarray(from, from + PIECE)
    const piece = slots[slot]!.subarray(0, part.length)
    piece.set(part)
    return piece
  }

  return {
    squares(gradient, sums) {
      for (let from = 0; from < gradient.length; from += PIECE) {
        const piece = enter(0, gradient, from)
        const found = slotOfSums.subarray(0, piece.length / BLOCK)
        loops.squares(piece, found)
        sums.set(found, from / BLOCK)
      }
    },
    add(sum, gradient) {
      for (let from = 0; from < sum.length; from += PIECE) {
        const piece = enter(0, sum, from)
        loops.add(piece, enter(1, gradient, from))
        sum.set(piece, from)
      }
    },
    update({ parameter, gradient, first, second }, numbers) {
      for (let from = 0; from < parameter.length; from += PIECE) {
        const pieces = {
          parameter: enter(0, parameter, from),
          gradient: enter(1, gradient, from),
          first: enter(2, first, from),
          second: enter(3, second, from),
        }
        loops.update(pieces, numbers)
        parameter.set(pieces.parameter, from)
        first.set(pieces.first, from)
        second.set(pieces.second, from)
      }
    },
    settle(values) {
      for (let from = 0; from < values.length; from += PIECE) {
        const piece = enter(0, values, from)
        loops.settle(piece)
        values.set(piece, from)
      }
    },
  }
}
