/**
 * Memory that holds tensors and all that their optimisation needs, and what is computed over all of it: five arrays, of
 * parameters, gradients, sums of gradients, and the two moments. The tensors stand in the same order in all of them. Of
 * the moments there is only this process's share: a range of the arena, the same for all its tensors together.
 *
 * The arrays of an arena lie in one WebAssembly memory, where the loops reach them; or, for a tensor that is too large for
 * that (more than 214 million numbers on one process), each by itself, and the loops bring them in piece by piece. Who
 * uses an arena does not notice. Knows no AdamW and no other process: `optimiser.ts` does.
 */
import { formatBytes } from '../../checkpoint/storedType.ts'
import { EngineMemoryError } from '../../runtime/runtime.ts'
import { type ArenaPlan, BLOCK } from './arenaPlan.ts'
import { type Loops, loopsInPlace, loopsThroughStaging, type UpdateNumbers } from './loops.ts'

/** The part of a tensor that lies in a share: `from` in the arena, `offset` in the tensor. Floats. */
export interface SharedPart {
  readonly name: string
  readonly offset: number
  readonly from: number
  readonly length: number
}

/** The array that has the gradients of a step. */
export type GradientSource = 'gradients' | 'sums'

export class Arena {
  readonly plan: ArenaPlan
  /** This process's share: floats `from` to `to`. */
  readonly from: number
  readonly to: number
  /** What the share has of each tensor; of some it may have nothing. */
  readonly parts: readonly SharedPart[]
  readonly parameters: Float32Array<ArrayBuffer>
  readonly gradients: Float32Array<ArrayBuffer>
  /** Takes no memory before it is first written to: the system gives pages when they are touched. */
  readonly sums: Float32Array<ArrayBuffer>
  /** The moments of the share: float i belongs to float `from` + i of the arena. */
  readonly #first: Float32Array<ArrayBuffer>
  readonly #second: Float32Array<ArrayBuffer>
  /** One for each block of the share. */
  readonly #squares: Float64Array<ArrayBuffer>
  readonly #loops: Loops

  /** All zeros. Throws an EngineMemoryError. */
  constructor(plan: ArenaPlan, rank: number) {
    this.plan = plan
    this.from = plan.borders[rank]!
    this.to = plan.borders[rank + 1]!
    this.parts = partsOf(this)
    const share = this.to - this.from
    try {
      const room = plan.inOneMemory ? oneMemory(plan.bytes) : separateArrays()
      this.parameters = room.floats(plan.length)
      this.gradients = room.floats(plan.length)
      this.sums = room.floats(plan.length)
      this.#first = room.floats(share)
      this.#second = room.floats(share)
      this.#squares = room.doubles(share / BLOCK)
      this.#loops = room.loops
    } catch (cause) {
      if (cause instanceof RangeError) throw noRoom(plan, cause)
      throw cause
    }
  }

  /** Makes the gradients the sums, or adds them to what the sums are. */
  accumulate(isFirst: boolean): void {
    if (isFirst) this.sums.set(this.gradients)
    else this.#loops.add(this.sums, this.gradients)
  }

  /** The sum of the squares of each block of the share. Good until the next call. */
  squares(source: GradientSource): Float64Array {
    this.#loops.squares(this[source].subarray(this.from, this.to), this.#squares)
    return this.#squares
  }

  /** Moves a part of a tensor, and its moments. */
  update(part: SharedPart, source: GradientSource, numbers: UpdateNumbers): void {
    // The loops take four numbers at a time; behind a tensor there are zeros, which stay zeros.
    const to = part.from + Math.ceil(part.length / 4) * 4
    const arrays = {
      parameter: this.parameters.subarray(part.from, to),
      gradient: this[source].subarray(part.from, to),
      first: this.#first.subarray(part.from - this.from, to - this.from),
      second: this.#second.subarray(part.from - this.from, to - this.from),
    }
    this.#loops.update(arrays, numbers)
  }

  /** Sets moments that have faded away to zero. */
  settle(): void {
    this.#loops.settle(this.#first)
    this.#loops.settle(this.#second)
  }

  /** The moments of a part, to be read or filled. */
  moments({ from, length }: SharedPart): { readonly first: Float32Array; readonly second: Float32Array } {
    const start = from - this.from
    return { first: this.#first.subarray(start, start + length), second: this.#second.subarray(start, start + length) }
  }
}

function partsOf({ plan, from, to }: Arena): SharedPart[] {
  return plan.places.flatMap(({ name, ...place }) => {
    const start = Math.max(from, place.from)
    const length = Math.min(to, place.to) - start
    return length > 0 ? [{ name, offset: start - place.from, from: start, length }] : []
  })
}

/** Gives arrays of zeros, one after the other, and the loops that work on them. Throws a RangeError if it has no more. */
interface Room {
  floats(length: number): Float32Array<ArrayBuffer>
  doubles(length: number): Float64Array<ArrayBuffer>
  readonly loops: Loops
}

const PAGE_BYTES = 2 ** 16

function oneMemory(bytes: number): Room {
  const pages = Math.ceil(bytes / PAGE_BYTES)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
  const buffer = memory.buffer as ArrayBuffer
  let at = 0
  const next = <T extends Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(array: T): T => {
    at += array.byteLength
    return array
  }
  return {
    floats: length => next(new Float32Array(buffer, at, length)),
    doubles: length => next(new Float64Array(buffer, at, length)),
    loops: loopsInPlace(memory),
  }
}

const separateArrays = (): Room => ({
  floats: length => new Float32Array(length),
  doubles: length => new Float64Array(length),
  loops: loopsThroughStaging(),
})

function noRoom({ places, bytes }: ArenaPlan, cause: RangeError): EngineMemoryError {
  const others = places.length === 1 ? '' : ` and ${places.length - 1} others`
  return new EngineMemoryError(
    `cannot allocate ${formatBytes(bytes)} for the values, gradients and moments of "${places[0]!.name}"${others} (${cause.message}): train fewer parameters, or use more processes`,
    { cause },
  )
}
