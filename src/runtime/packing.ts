/**
 * How the feeds of a run travel to another thread: on shared memory, which both threads see. What does not lie there yet
 * is copied into a piece of it that is kept for the next run: fresh memory costs more (its pages have to be found and
 * cleared) than the copying does. Handing memory over and back instead would copy nothing and cost more still: each time
 * that some 64 MB arrive in a thread, its garbage collector runs through the whole heap.
 */
import type { TensorSpecification } from '../graph/specification.ts'
import type { Parcel } from './protocol.ts'
import { alignedBytes, bytesOf, isShared, type TensorValue, viewOf } from './tensor.ts'

/** A copy larger than this is not worth its memory between runs. Bytes. */
const KEPT = 64 * 2 ** 20

export class Packing {
  #kept: SharedArrayBuffer | undefined

  /** Call it when the run's turn has come: the run before has the same memory. */
  pack(inputs: readonly TensorSpecification[], feeds: Readonly<Record<string, TensorValue>>): Parcel[] {
    // A page that may not share memory lets the message carry the values.
    if (typeof SharedArrayBuffer === 'undefined') return inputs.map(({ name }) => parcel(name, feeds[name]!))
    const total = inputs.reduce((sum, { name }) => sum + bytesToCopy(feeds[name]!), 0)
    const memory = total > 0 ? this.#find(total) : undefined
    let offset = 0
    return inputs.map(({ name }): Parcel => {
      const { type, shape, data } = feeds[name]!
      const bytes = bytesToCopy(feeds[name]!)
      if (memory === undefined || bytes === 0) return parcel(name, feeds[name]!)
      const copy = viewOf(type, memory, offset, shape)
      bytesOf(copy).set(bytesOf(data))
      offset += bytes
      return { name, type, shape, data: copy }
    })
  }

  #find(bytes: number): SharedArrayBuffer {
    if (this.#kept !== undefined && this.#kept.byteLength >= bytes) return this.#kept
    const memory = new SharedArrayBuffer(bytes)
    if (bytes <= KEPT) this.#kept = memory
    return memory
  }
}

/** A tensor as it is: only what a message can carry of it. */
export const parcel = (name: string, { type, shape, data }: TensorValue): Parcel => ({ name, type, shape, data })

const bytesToCopy = ({ data }: TensorValue): number => (isShared(data) ? 0 : alignedBytes(data.byteLength))
