/** Optimisers to try, and numbers for them. For tests. */
import { type AdamWOptions, Optimiser, type TrainedParameter } from '../../../src/train/optimiser/optimiser.ts'
import type { Processes } from '../../../src/train/parallel/processes.ts'

export const options: AdamWOptions = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, decay: 0.05, clip: 1 }

/** Parameters of odd sizes, several blocks of a share in all, with rates and decay of their own. */
export const trained: TrainedParameter[] = [
  { name: 'table', shape: [37, 101], rate: 1, decays: true },
  { name: 'scalar', shape: [1], rate: 2, decays: false },
  { name: 'layer.0.weight', shape: [61, 63], rate: 0.5, decays: true },
  { name: 'layer.0.bias', shape: [3], rate: 0.5, decays: false },
  { name: 'layer.1@x.weight', shape: [3, 5, 17], rate: 1, decays: true },
]

/** Integers from a seed, of 32 bits: mulberry32. */
function integers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** Numbers in [-1, 1) that are multiples of 2⁻¹⁰, so that adding a few of them never rounds. */
export function numbers(seed: number, length: number): Float32Array {
  const next = integers(seed)
  return Float32Array.from({ length }, () => (next() % 2048) / 1024 - 1)
}

export function optimiserOf(
  parameters: readonly TrainedParameter[] = trained,
  changes: Partial<AdamWOptions> = {},
  processes?: Processes,
  arenaBytes?: number,
): Optimiser {
  const optimiser = new Optimiser(parameters, { ...options, ...changes }, processes, arenaBytes)
  Object.values(optimiser.parameters).forEach(({ data }, i) => {
    data.set(numbers(1 + i, data.length))
  })
  return optimiser
}

/** Fills the gradients with numbers that depend on the seed only, or with one of several parts that add up to them. */
export function fillGradients(optimiser: Optimiser, seed: number, part = 0, parts = 1): void {
  Object.values(optimiser.gradients).forEach(({ data }, i) => {
    data.set(numbers(1000 * seed + i, data.length))
    // All parts but the first are other numbers, and the first is what they leave.
    for (let other = 1; other < parts; other++) {
      const theirs = numbers(1000 * seed + 100 * other + i, data.length)
      if (part === other) data.set(theirs)
      else if (part === 0)
        data.forEach((value, j) => {
          data[j] = value - theirs[j]!
        })
    }
  })
}

export async function train(optimiser: Optimiser, from: number, to: number): Promise<number[]> {
  const norms: number[] = []
  for (let step = from; step < to; step++) {
    fillGradients(optimiser, step)
    norms.push((await optimiser.step(1e-2)).norm)
  }
  return norms
}

/** All parameters, one after the other. */
export const valuesOf = ({ parameters }: Optimiser): number[] =>
  Object.values(parameters).flatMap(({ data }) => Array.from(data))
