/**
 * Runs cases of the operator suite on a device, whichever it is: with gradients, at one size each. Plain values come
 * out, so that a page can hand them to a test. Runs in Node and in browser pages.
 */
import type { Runtime, TensorValue } from '../../src/runtime/runtime.ts'
import type { OperatorCase } from './cases.ts'
import { feedsOf, instantiate, numbers, weightsOf } from './instance.ts'

/** What became of a case: the numbers of every output by name, or why it could not run. */
export interface Outcome {
  readonly outputs?: Readonly<Record<string, readonly number[]>>
  readonly error?: string
}

export async function runOn(runtime: Runtime, one: OperatorCase): Promise<Outcome> {
  const { withGradients, feeds, weights } = instantiate(one, [2, 3, 4].slice(0, one.sizes), 17)
  const graph = withGradients({ device: runtime.device })
  try {
    await using session = await runtime.openSession(graph, {
      weights: weightsOf(graph, weights) as Record<string, TensorValue>,
    })
    const values = await session.run(feedsOf(graph, feeds) as Record<string, TensorValue>)
    return { outputs: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, numbers(value)])) }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

/** The largest difference of two outcomes' numbers, as a share of the largest number of the output (of 1, if all are below). */
export function difference(a: Outcome, b: Outcome): number {
  let worst = 0
  for (const [name, left] of Object.entries(a.outputs ?? {})) {
    const right = b.outputs?.[name] ?? []
    if (right.length !== left.length) return Number.POSITIVE_INFINITY
    const scale = Math.max(1, ...left.filter(Number.isFinite).map(Math.abs))
    left.forEach((x, i) => {
      const apart = x === right[i] ? 0 : Math.abs(x - right[i]!) / scale
      worst = Math.max(worst, Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart)
    })
  }
  return worst
}
