/** Finds NaN and infinities in tensors of floating point numbers; other element types have none. */
import { NumericsError } from './errors.ts'
import type { TensorValue } from './tensor.ts'

const HALF_EXPONENT = 0x7c00

/** The first index that is no finite number and how many there are, or undefined when all are finite. */
function findNonFinite({ type, data }: TensorValue): { index: number; count: number } | undefined {
  let index = -1
  let count = 0
  if (type === 'float32') {
    const values = data as Float32Array
    for (let i = 0; i < values.length; i++) {
      // x - x is 0 for every finite x and NaN for the others: one comparison instead of two.
      if (values[i]! - values[i]! !== 0) {
        if (count++ === 0) index = i
      }
    }
  } else if (type === 'float16') {
    const bits = data as Uint16Array
    for (let i = 0; i < bits.length; i++) {
      if ((bits[i]! & HALF_EXPONENT) === HALF_EXPONENT) {
        if (count++ === 0) index = i
      }
    }
  }
  return count === 0 ? undefined : { index, count }
}

/** Throws a NumericsError that names the tensor, the first index and the count. `kind` is `input` or `output`. */
export function checkFinite(kind: 'input' | 'output', name: string, value: TensorValue): void {
  const found = findNonFinite(value)
  if (found === undefined) return
  const what = `${kind} "${name}" holds ${found.count} NaN or infinite ${found.count === 1 ? 'value' : 'values'} of ${value.data.length}, the first at index ${found.index}`
  const advice =
    kind === 'input'
      ? 'look at where this input was made'
      : 'the inputs were finite, so look for a division, logarithm or exponential that overflows'
  throw new NumericsError(`${what}: ${advice}`, { tensor: name, ...found })
}
