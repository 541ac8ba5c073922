/**
 * Merged floats back into a GPTQ layer: the groups and zero points stay those of the base, integers and scales are found
 * anew. Nothing but rounding to the nearest: no data is used. Knows no files.
 */
import { convertFloats, type GptqLayer } from '../../checkpoint/index.ts'

export interface Requantised {
  /** int32 [in / 8, out], as `qweight` is stored. */
  readonly qweight: Int32Array<ArrayBuffer>
  /** [groups, out], rounded to the type that they are stored in. */
  readonly scales: Float32Array<ArrayBuffer>
  /** Values that stand for another number than in the base. */
  readonly kept: number
  /** ‖stored - wanted‖² and ‖wanted‖². */
  readonly errorSquares: number
  readonly squares: number
}

const nibble = (words: Int32Array, index: number, lane: number) => (words[index]! >>> (4 * lane)) & 15

/**
 * Of three scales each group of each output takes the one with the smallest squared error: the base's own, so that what
 * the adapter leaves alone stays as it is to the bit; the one that reaches both ends of the new values; and the one that
 * puts the value of largest magnitude on the integer furthest from zero.
 * weights [out, in]
 */
export function requantise(layer: GptqLayer, weights: Float32Array, scaleType: 'float32' | 'float16'): Requantised {
  const { in: width, out, groups, qzeros, groupOf, qweight: old, scales: oldScales } = layer
  const members = membersOf(groupOf, groups)
  const qweight = new Int32Array(old.length)
  const scales = new Float32Array(oldScales.length)
  const stride = Math.ceil(out / 8)
  const candidates = new Float32Array(3)
  let [kept, errorSquares, squares] = [0, 0, 0]
  for (let o = 0; o < out; o++) {
    for (let group = 0; group < groups; group++) {
      const inputs = members[group]!
      const zero = nibble(qzeros, group * stride + (o >> 3), o & 7) + 1
      const own = oldScales[group * out + o]!
      fillCandidates(candidates, weights, o * width, inputs, zero, own)
      if (scaleType === 'float16') roundToFloat16(candidates)
      const { scale, error } = best(candidates, weights, o * width, inputs, zero)
      scales[group * out + o] = scale
      errorSquares += error
      for (const i of inputs) {
        const value = weights[o * width + i]!
        const integer = nearest(value, scale, zero)
        const word = (i >> 3) * out + o
        qweight[word]! |= integer << (4 * (i & 7))
        if ((integer - zero) * scale !== (nibble(old, word, i & 7) - zero) * own) kept++
        squares += value * value
      }
    }
  }
  return { qweight, scales, kept, errorSquares, squares }
}

/** The inputs of each group. */
function membersOf(groupOf: Int32Array, groups: number): Int32Array[] {
  const members = Array.from({ length: groups }, (): number[] => [])
  groupOf.forEach((group, i) => {
    members[group]!.push(i)
  })
  return members.map(list => Int32Array.from(list))
}

const nearest = (value: number, scale: number, zero: number): number =>
  scale === 0 ? Math.min(15, zero) : Math.min(15, Math.max(0, Math.round(value / scale) + zero))

function fillCandidates(
  candidates: Float32Array,
  weights: Float32Array,
  row: number,
  inputs: Int32Array,
  zero: number,
  own: number,
): void {
  let least = 0
  let greatest = 0
  for (const i of inputs) {
    const value = weights[row + i]!
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  candidates[0] = own
  // A zero point of 15 or 16 leaves no integer above it.
  candidates[1] = Math.max(-least / zero, zero < 15 ? greatest / (15 - zero) : 0)
  candidates[2] = -(greatest > -least ? greatest : least) / zero
}

function best(
  candidates: Float32Array,
  weights: Float32Array,
  row: number,
  inputs: Int32Array,
  zero: number,
): { scale: number; error: number } {
  let scale = candidates[0]!
  let error = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    let sum = 0
    for (const i of inputs) {
      const value = weights[row + i]!
      const difference = Math.fround((nearest(value, candidate, zero) - zero) * candidate) - value
      sum += difference * difference
      if (sum >= error) break
    }
    if (sum < error) [scale, error] = [candidate, sum]
  }
  return { scale, error }
}

const halves = new Uint8Array(2 * 3)

function roundToFloat16(values: Float32Array): void {
  const bytes = new Uint8Array(values.buffer)
  convertFloats(bytes, 'float32', halves, 'float16')
  convertFloats(halves, 'float16', bytes, 'float32')
}
