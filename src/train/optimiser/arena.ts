/**
 * Memory that holds tensors and all that their optimisation needs, where the kernels reach it. An arena is one
 * WebAssembly memory of a fixed size, with five arrays in it: parameters, gradients, sums of gradients, and the two
 * moments. The tensors stand in the same order in all of them. Of the moments there is only this process's share: a
 * range of the arena, the same for all its tensors together. Knows sizes; what is computed is `optimiser.ts`.
 */
import { EngineMemoryError } from '../../runtime/runtime.ts'
import { type Kernels, kernelsOn } from './kernels.ts'

/** What an arena usually takes at most. Bytes. */
export const ARENA_BYTES = 2 ** 31

/** What a WebAssembly memory can have, less one page, so that no address beyond the last byte overflows. Bytes. */
const LARGEST_MEMORY = 2 ** 32 - 2 ** 16

const PAGE_BYTES = 2 ** 16

/** Tensors begin on a cache line. Floats. */
const LINE = 16

/** Squares are added up in such pieces, and shares begin and end between them. Floats. */
export const BLOCK = 1024

/** A tensor's place: floats `from` (inclusive) to `to` of an arena, filled up with zeros to a whole cache line. */
export interface Place {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** Where the tensors of an arena stand. */
export interface ArenaPlan {
  readonly places: readonly Place[]
  /** Whole blocks. Floats. */
  readonly length: number
  /** Process r owns floats borders[r] to borders[r + 1]. */
  readonly borders: readonly number[]
}

export interface SizedTensor {
  readonly name: string
  /** Floats. */
  readonly length: number
}

const upTo = (border: number, length: number) => Math.ceil(length / border) * border

/**
 * Divides tensors, in their order, among arenas of at most `largest` bytes, where a tensor that needs more has its own;
 * and each arena among processes. All processes come to the same plan.
 * Throws an EngineMemoryError for a tensor that no arena can hold.
 */
export function planArenas(tensors: readonly SizedTensor[], processes: number, largest: number): readonly ArenaPlan[] {
  const arenas: Place[][] = []
  let filled = Number.POSITIVE_INFINITY
  for (const { name, length } of tensors) {
    if (bytesOf(length, processes) > LARGEST_MEMORY) {
      throw new EngineMemoryError(
        `"${name}" has ${length} numbers: to train it takes ${bytesOf(length, processes)} bytes in one piece, and ${LARGEST_MEMORY} can be had. Freeze it, or use more processes`,
      )
    }
    if (bytesOf(filled + length, processes) > largest) {
      arenas.push([])
      filled = 0
    }
    arenas.at(-1)!.push({ name, from: filled, to: filled + length })
    filled += upTo(LINE, length)
  }
  return arenas.map(places => {
    const length = upTo(BLOCK, places.at(-1)!.to)
    return { places, length, borders: divide(length, processes) }
  })
}

/** Shares of whole blocks, as equal as can be. */
function divide(length: number, processes: number): number[] {
  const blocks = length / BLOCK
  return Array.from({ length: processes + 1 }, (_, rank) => Math.floor((blocks * rank) / processes) * BLOCK)
}

/** What an arena with this many floats takes: three whole arrays, and the largest share of the others. */
function bytesOf(length: number, processes: number): number {
  const all = upTo(BLOCK, length)
  const share = Math.ceil(all / BLOCK / processes) * BLOCK
  return 12 * all + bytesOfShare(share)
}

/** Two moments, and a float64 for each block. */
const bytesOfShare = (share: number) => 8 * share + (8 * share) / BLOCK

export class Arena {
  readonly plan: ArenaPlan
  readonly kernels: Kernels
  /** This process's share: floats `from` to `to`. */
  readonly from: number
  readonly to: number
  readonly parameters: Float32Array<ArrayBuffer>
  readonly gradients: Float32Array<ArrayBuffer>
  /** Takes no memory before it is first written to: the system gives pages when they are touched. */
  readonly sums: Float32Array<ArrayBuffer>
  /** The moments of the share: float i belongs to float `from` + i of the arena. */
  readonly first: Float32Array<ArrayBuffer>
  readonly second: Float32Array<ArrayBuffer>
  /** The sum of squares of each block of the share. */
  readonly squares: Float64Array<ArrayBuffer>

  /** All zeros. Throws an EngineMemoryError. */
  constructor(plan: ArenaPlan, rank: number) {
    this.plan = plan
    this.from = plan.borders[rank]!
    this.to = plan.borders[rank + 1]!
    const share = this.to - this.from
    const bytes = 12 * plan.length + bytesOfShare(share)
    // Never grown: that would take the memory away under the arrays.
    const memory = allocate(Math.ceil(bytes / PAGE_BYTES))
    let at = 0
    const next = (length: number) => {
      const array = new Float32Array(memory.buffer as ArrayBuffer, at, length)
      at += array.byteLength
      return array
    }
    this.parameters = next(plan.length)
    this.gradients = next(plan.length)
    this.sums = next(plan.length)
    this.first = next(share)
    this.second = next(share)
    this.squares = new Float64Array(memory.buffer as ArrayBuffer, at, share / BLOCK)
    this.kernels = kernelsOn(memory)
  }
}

function allocate(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages })
  } catch (cause) {
    throw new EngineMemoryError(
      `cannot allocate ${pages * PAGE_BYTES} bytes for parameters, gradients and moments: train fewer parameters, or use more processes`,
      { cause },
    )
  }
}
