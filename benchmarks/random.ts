/** Numbers that are the same in every run. Only speed depends on them, and it does not: a short sequence is repeated. */

const PERIOD = 65_536

/** Uniform in [-scale, scale), by a linear congruential generator. */
export function randomValues(count: number, scale: number, seed = 1): Float32Array {
  let state = seed
  const values = new Float32Array(count)
  for (let i = 0; i < Math.min(count, PERIOD); i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = (state / 2 ** 31 - 1) * scale
  }
  return repeat(values)
}

export function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count)
  bytes.set(Uint8Array.from(randomValues(Math.min(count, PERIOD), 1), value => (value + 1) * 127.5))
  return repeat(bytes)
}

/** Fills an array with its first PERIOD elements, over and over. */
function repeat<Values extends Float32Array | Uint8Array>(values: Values): Values {
  for (let filled = PERIOD; filled < values.length; filled *= 2) values.copyWithin(filled, 0, filled)
  return values
}
