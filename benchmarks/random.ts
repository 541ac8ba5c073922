/** Numbers that are the same in every run. */

/** Uniform in [-scale, scale), by a linear congruential generator: only speed depends on them, and it does not. */
export function randomValues(count: number, scale: number, seed = 1): Float32Array {
  let state = seed
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = (state / 2 ** 31 - 1) * scale
  }
  return values
}

export function randomBytes(count: number): Uint8Array {
  return Uint8Array.from(randomValues(count, 1), value => (value + 1) * 127.5)
}
