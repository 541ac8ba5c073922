/**
 * Where the tensors stand that are trained together: which arena has which, and which process owns what of it. Knows
 * sizes and finds no memory; `arena.ts` does.
 */

/** What a WebAssembly memory can have, less one page, so that no address beyond the last byte overflows. Bytes. */
export const ARENA_BYTES = 2 ** 32 - 2 ** 16

/** Tensors begin on a cache line. Floats. */
const LINE = 16

/** Squares are added up in such pieces, and shares begin and end between them. Floats. */
export const BLOCK = 1024

export interface SizedTensor {
  readonly name: string
  /** Floats. */
  readonly length: number
}

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
  /** What the largest share takes, with what all processes have. */
  readonly bytes: number
  /** Whether all of it stands in one WebAssembly memory. If not, it is one tensor that is too large for that. */
  readonly inOneMemory: boolean
}

const upTo = (border: number, length: number) => Math.ceil(length / border) * border

/**
 * Divides tensors, in their order, among arenas of at most `largest` bytes, each in one memory, where a tensor that needs
 * more has an arena of its own; and each arena among processes. All processes come to the same plan.
 */
export function planArenas(
  tensors: readonly SizedTensor[],
  processes: number,
  largest: number = ARENA_BYTES,
): readonly ArenaPlan[] {
  const arenas: Place[][] = []
  let filled = Number.POSITIVE_INFINITY
  for (const { name, length } of tensors) {
    if (bytesOf(filled + length, processes) > largest) {
      arenas.push([])
      filled = 0
    }
    arenas.at(-1)!.push({ name, from: filled, to: filled + length })
    filled += upTo(LINE, length)
  }
  return arenas.map(places => {
    const length = upTo(BLOCK, places.at(-1)!.to)
    const bytes = bytesOf(length, processes)
    return { places, length, borders: divide(length, processes), bytes, inOneMemory: bytes <= largest }
  })
}

/** Shares of whole blocks, as equal as can be. */
function divide(length: number, processes: number): number[] {
  const blocks = length / BLOCK
  return Array.from({ length: processes + 1 }, (_, rank) => Math.floor((blocks * rank) / processes) * BLOCK)
}

/** Three whole arrays; of the largest share two moments, and a float64 for each block. */
function bytesOf(length: number, processes: number): number {
  const all = upTo(BLOCK, length)
  const share = Math.ceil(all / BLOCK / processes) * BLOCK
  return 12 * all + 8 * share + (8 * share) / BLOCK
}
