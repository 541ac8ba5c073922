/**
 * The optimiser's loops over numbers, in AssemblyScript: a dialect of TypeScript that is compiled to WebAssembly. Each
 * goes over a part of a memory that it is given, four float32 at a time. Knows no tensors, and nothing of what the
 * numbers mean. `../kernelModule.ts` is what this file compiles to. After a change, run
 *
 *     npx tsx scripts/make-optimiser-kernels.ts
 *
 * Addresses and lengths are in bytes and multiples of 16.
 */

/** The smallest normal float32, 2⁻¹²⁶. */
const SMALLEST: f32 = 1.1754943508222875e-38

/**
 * Writes the sum of the squares of each block of a gradient, `block` bytes long: [count, block / 4] float32 → [count]
 * float64. It is made in float64 and in one order, so that it is the same wherever the block is added up.
 */
export function squares(gradient: usize, block: usize, count: u32, sums: usize): void {
  for (let i: u32 = 0; i < count; i++, sums += 8) {
    let a = f64x2.splat(0)
    let b = f64x2.splat(0)
    for (const end = gradient + block; gradient !== end; gradient += 16) {
      const four = v128.load(gradient)
      const low = f64x2.promote_low_f32x4(four)
      const high = f64x2.promote_low_f32x4(v128.shuffle<u64>(four, four, 1, 0))
      a = f64x2.add(a, f64x2.mul(low, low))
      b = f64x2.add(b, f64x2.mul(high, high))
    }
    const both = f64x2.add(a, b)
    store<f64>(sums, f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1))
  }
}

/** sum += gradient */
export function add(sum: usize, gradient: usize, length: usize): void {
  for (const end = sum + length; sum !== end; sum += 16, gradient += 16) {
    v128.store(sum, f32x4.add(v128.load(sum), v128.load(gradient)))
  }
}

/**
 * One step of AdamW (arXiv 1711.05101, algorithm 2), in float32:
 *
 *     g         = scale · gradient
 *     first     = beta1 · first + rest1 · g
 *     second    = beta2 · second + rest2 · g²
 *     parameter = keep · parameter - rate · first / (√second + epsilon)
 *
 * where `rest1` is 1 - beta1 and `rest2` 1 - beta2; `keep` holds the decay, and `rate` and `epsilon` the corrections of
 * the moments.
 */
export function update(
  parameter: usize,
  gradient: usize,
  first: usize,
  second: usize,
  length: usize,
  scale: f32,
  beta1: f32,
  rest1: f32,
  beta2: f32,
  rest2: f32,
  keep: f32,
  rate: f32,
  epsilon: f32,
): void {
  // Spread before the loop: engines do not move it out of there.
  const scale4 = f32x4.splat(scale)
  const beta14 = f32x4.splat(beta1)
  const rest14 = f32x4.splat(rest1)
  const beta24 = f32x4.splat(beta2)
  const rest24 = f32x4.splat(rest2)
  const keep4 = f32x4.splat(keep)
  const rate4 = f32x4.splat(rate)
  const epsilon4 = f32x4.splat(epsilon)
  const end = parameter + length
  for (; parameter !== end; parameter += 16, gradient += 16, first += 16, second += 16) {
    const g = f32x4.mul(scale4, v128.load(gradient))
    const m = f32x4.add(f32x4.mul(beta14, v128.load(first)), f32x4.mul(rest14, g))
    const v = f32x4.add(f32x4.mul(beta24, v128.load(second)), f32x4.mul(f32x4.mul(rest24, g), g))
    const moved = f32x4.div(f32x4.mul(rate4, m), f32x4.add(f32x4.sqrt(v), epsilon4))
    v128.store(first, m)
    v128.store(second, v)
    v128.store(parameter, f32x4.sub(f32x4.mul(keep4, v128.load(parameter)), moved))
  }
}

/**
 * Sets to zero what is too small to be a normal number. A moment whose gradients have ended, say of a word that does not
 * come again, falls to the smallest of all numbers and stays there, and processors are several times slower with those.
 */
export function settle(values: usize, length: usize): void {
  for (const end = values + length; values !== end; values += 16) {
    const x = v128.load(values)
    v128.store(values, v128.and(x, f32x4.ge(f32x4.abs(x), f32x4.splat(SMALLEST))))
  }
}
