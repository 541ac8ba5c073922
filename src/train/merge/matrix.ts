/**
 * One matrix and its adapter: Δ = scale · B A by the engine, W + Δ in float32, and what of it is left in the stored type.
 * Knows no files.
 */
import {
  type AdapterModule,
  CheckpointError,
  convertFloats,
  type FloatType,
  storedBytes,
} from '../../checkpoint/index.ts'
import { compile, input, matmul, mul } from '../../graph/index.ts'
import type { Runtime, Session } from '../../runtime/runtime.ts'
import { tensorValue } from '../../runtime/tensor.ts'
import { type MatrixChange, ratio } from './events.ts'

/** Multiplies adapters' matrices, of any size. */
export class Products implements AsyncDisposable {
  readonly #session: Session

  private constructor(session: Session) {
    this.#session = session
  }

  static async open(runtime: Runtime): Promise<Products> {
    const b = input('b', 'float32', ['out', 'rank'])
    const a = input('a', 'float32', ['rank', 'in'])
    const delta = mul(matmul(b, a), input('scale', 'float32', []))
    return new Products(await runtime.openSession(compile({ delta }, { device: runtime.device })))
  }

  /** scale · B A → [out, in] */
  async delta({ a, b, rank, scale, in: width, out }: AdapterModule): Promise<Float32Array> {
    const outputs = await this.#session.run({
      a: tensorValue('float32', [rank, width], await a.readAs('float32')),
      b: tensorValue('float32', [out, rank], await b.readAs('float32')),
      scale: tensorValue('float32', [], [scale]),
    })
    return outputs['delta']?.data as Float32Array
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.dispose()
  }
}

/** What W and Δ are, before anything is stored. */
export type Measured = Pick<MatrixChange, 'largest' | 'changed' | 'weightSquares' | 'changeSquares'>

/**
 * W += Δ, in place and in float32. Throws a CheckpointError where a sum is no number: the adapter, or the base, holds
 * NaN or infinities.
 */
export function add(weights: Float32Array, delta: Float32Array, path: string): Measured {
  let largest = 0
  let changed = 0
  let weightSquares = 0
  let changeSquares = 0
  for (let i = 0; i < weights.length; i++) {
    const w = weights[i]!
    const d = delta[i]!
    const size = Math.abs(d)
    if (size > largest) largest = size
    if (d !== 0) changed++
    weightSquares += w * w
    changeSquares += d * d
    weights[i] = w + d
  }
  if (Number.isFinite(changeSquares) && Number.isFinite(weightSquares))
    return { largest, changed, weightSquares, changeSquares }
  const culprit = Number.isFinite(changeSquares) ? 'the base' : 'the adapter'
  throw new CheckpointError(
    `${path}: ${culprit} holds values that are no numbers, or too large for float32: it is damaged, or its training diverged; take an earlier checkpoint`,
  )
}

/** Values converted at once. */
const CHUNK = 2 ** 20

/** Stores floats in a type: bytes as a checkpoint has them. */
export function store(values: Float32Array, dtype: FloatType): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * storedBytes(dtype))
  convertFloats(bytesOf(values), 'float32', bytes, dtype)
  return bytes
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength)

/**
 * W + Δ in the type that it is stored in, and what became of Δ. `weights` [out, in] are used up.
 * Throws a CheckpointError as `add` does, and for sums that are too large for the type.
 */
export function mergeMatrix(
  path: string,
  weights: Float32Array,
  delta: Float32Array,
  dtype: FloatType,
): { bytes: Uint8Array<ArrayBuffer>; change: MatrixChange } {
  const size = storedBytes(dtype)
  const bytes = new Uint8Array(weights.length * size)
  const total = { largest: 0, changed: 0, weightSquares: 0, changeSquares: 0 }
  let kept = 0
  for (let from = 0; from < weights.length; from += CHUNK) {
    const part = weights.subarray(from, from + CHUNK)
    const before = store(part, dtype)
    const measured = add(part, delta.subarray(from, from + CHUNK), path)
    const after = store(part, dtype)
    refuseInfinite(path, after, dtype)
    kept += differing(before, after, size)
    bytes.set(after, from * size)
    total.largest = Math.max(total.largest, measured.largest)
    total.changed += measured.changed
    total.weightSquares += measured.weightSquares
    total.changeSquares += measured.changeSquares
  }
  return { bytes, change: changeOf(path, weights.length, kept, total) }
}

/** The figures of a matrix, from what was measured. */
export function changeOf(path: string, values: number, kept: number, measured: Measured): MatrixChange {
  return { path, values, kept, ...measured, relative: ratio(measured.changeSquares, measured.weightSquares) }
}

/** How many elements of so many bytes differ. Zero and minus zero count as different: they are stored so. */
function differing(before: Uint8Array<ArrayBuffer>, after: Uint8Array<ArrayBuffer>, size: number): number {
  const View = size === 4 ? Uint32Array : Uint16Array
  const [one, other] = [new View(before.buffer), new View(after.buffer)]
  let count = 0
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) count++
  return count
}

function refuseInfinite(path: string, stored: Uint8Array<ArrayBuffer>, dtype: FloatType): void {
  if (dtype !== 'float16') return
  if (new Uint16Array(stored.buffer).every(bits => (bits & 0x7c00) !== 0x7c00)) return
  throw new CheckpointError(`${path}: merged values are too large for float16: merge into bfloat16 or float32`)
}
