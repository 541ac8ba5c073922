/**
 * Gradients against central differences, with the tolerances of all such tests in one place.
 *
 * The gradient along a direction d (±1 in every element of one input) is Σ gradient·d. The difference quotient is
 * D(h) = (L(x + h·d) - L(x - h·d)) / 2h, and (4 D(h) - D(2h)) / 3 takes away its error of order h² (Richardson). L is
 * summed up in double precision from the outputs of the graph, which are float32.
 *
 * What remains, with h = 2^-6:
 * - Rounding. Each output carries an error of a few units in the last place (2^-24 of it), independent of each other, so L
 *   is wrong by about 2^-24·R·size, where size = √Σ(p·max(1, |y|))² and R counts the roundings behind an output. Divided by h, and
 *   with 5/3 for the combination of two quotients: 6e-6·R·size. Inputs add nothing: they lie on a grid of 2^-12, so that
 *   x ± h·d is exact. ROUNDING = 5e-5 allows R ≈ 8.
 * - Truncation: 4h⁴/120 · L⁽⁵⁾·4 ≈ 8e-9·L⁽⁵⁾, where L⁽⁵⁾ is the fifth derivative along d. Along a direction that moves all
 *   elements at once it can be some thousand times the gradient's own size, Σ|gradient|. TRUNCATION = 1e-4 allows 12,000.
 * - The gradient itself is computed in float32: errors of some 1e-7 of Σ|gradient|, lost in the latter.
 *
 * An element of a gradient that is wrong by a per cent of the whole is found.
 */
import type { Session, TensorValue } from '../../src/runtime/node.ts'
import { open } from './engine.ts'
import { feedsOf, gradientName, type Instance, numbers, projected, type Value, type Values } from './instance.ts'

export const STEP = 2 ** -6
export const ROUNDING = 5e-5
export const TRUNCATION = 1e-4

export interface Comparison {
  readonly input: string
  readonly gradient: number
  readonly difference: number
  readonly allowed: number
}

/** One comparison for each differentiable input, each along a random direction. */
export async function compareWithDifferences(instance: Instance, random: () => number): Promise<Comparison[]> {
  const graph = instance.withGradients()
  await using session = await open(graph, instance.weights)
  const feeds = feedsOf(graph, instance.feeds)
  const gradients = await run(session, feeds)
  const losses = { outputs: session.outputs.map(({ name }) => name).filter(name => name.startsWith('output.')) }
  const comparisons: Comparison[] = []
  for (const name of instance.differentiable) {
    const value = instance.feeds[name]!
    const direction = Array.from({ length: value.data.length }, () => (random() < 0.5 ? -1 : 1))
    const lossAt = async (step: number) =>
      projected(
        instance.feeds,
        await run(session, feedsOf(graph, { ...feeds, [name]: moved(value, direction, step) }), losses),
      )
    const quotient = async (step: number) => {
      const [up, down] = [await lossAt(step), await lossAt(-step)]
      return { slope: (up.total - down.total) / (2 * step), size: Math.max(up.size, down.size) }
    }
    const [near, far] = [await quotient(STEP), await quotient(2 * STEP)]
    const slopes = numbers(gradients[gradientName(name)]!)
    comparisons.push({
      input: name,
      gradient: slopes.reduce((total, slope, i) => total + slope * direction[i]!, 0),
      difference: (4 * near.slope - far.slope) / 3,
      allowed:
        ROUNDING * Math.max(near.size, far.size) +
        TRUNCATION * slopes.reduce((total, slope) => total + Math.abs(slope), 0),
    })
  }
  return comparisons
}

const run = async (session: Session, feeds: Values, options?: { outputs: string[] }): Promise<Values> =>
  (await session.run(feeds as Record<string, TensorValue>, options)) as Values

const moved = (value: Value, direction: readonly number[], step: number): Value => ({
  ...value,
  data: (value.data as Float32Array).map((x, i) => x + step * direction[i]!),
})

/** The comparisons that do not hold, in words; none if all do. */
export const mistakes = (comparisons: readonly Comparison[]): string[] =>
  comparisons
    .filter(({ gradient, difference, allowed }) => !(Math.abs(gradient - difference) <= allowed))
    .map(
      ({ input, gradient, difference, allowed }) =>
        `along a direction of "${input}" the gradient is ${gradient}, the difference quotient ${difference} (±${allowed})`,
    )
