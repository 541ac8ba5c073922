/** What the processes of these tests put in, so that a test can say what has to come out. */

/** Small whole numbers: sums are exact. */
export const exampleValues = (length: number, rank: number): number[] =>
  Array.from({ length }, (_, index) => (index * 7 + rank * 13) % 50)

/** Name → borders, for that many processes. */
export const exampleBorders = (size: number): [string, number[]][] => [
  ['equal parts', Array.from({ length: size + 1 }, (_, rank) => 5 * rank)],
  ['growing parts', Array.from({ length: size + 1 }, (_, rank) => 3 * rank * rank)],
  ['a first part alone', [0, ...Array.from({ length: size }, () => 11)]],
  ['a last part alone', [...Array.from({ length: size }, () => 0), 4]],
  ['nothing', Array.from({ length: size + 1 }, () => 0)],
  ['parts after a beginning', Array.from({ length: size + 1 }, (_, rank) => 2 + 40 * rank)],
]

/** Numbers whose sum depends on the order of adding, the same at each call. */
export function noise(length: number, seed: number): Float32Array {
  let state = seed + 1
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state / 2 ** 32 - 0.5) * 10 ** (state % 7)
  })
}
