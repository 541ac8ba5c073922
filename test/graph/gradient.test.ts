/**
 * Gradients of every operator, and of random compositions of them, against central differences over random shapes.
 * `differences.ts` states and justifies the tolerances.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomFrom } from './cases/define.ts'
import { cases } from './cases.ts'
import { compose, stepNames, surroundings } from './compositions.ts'
import { compareWithDifferences, mistakes } from './differences.ts'
import { useEngine } from './engine.ts'
import { assemble, instantiate } from './instance.ts'

useEngine()

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const sizes = (count: number) => fc.array(fc.integer({ min: 1, max: 4 }), { minLength: count, maxLength: count })

const differentiable = cases.filter(
  one => !one.withoutGradient && instantiate(one, Array<number>(one.sizes).fill(2), 0).differentiable.length > 0,
)

describe('the gradient equals central differences', () => {
  for (const one of differentiable) {
    test(one.name, async () => {
      await fc.assert(
        fc.asyncProperty(sizes(one.sizes), seeds, async (drawn, seed) => {
          const comparisons = await compareWithDifferences(instantiate(one, drawn, seed), randomFrom(~seed))
          expect(mistakes(comparisons)).toEqual([])
        }),
        { numRuns: one.sizes === 0 ? 1 : 10 },
      )
    })
  }

  test('random compositions of operators', async () => {
    const step = fc.record({
      name: fc.constantFrom(...stepNames),
      a: fc.nat({ max: 11 }),
      b: fc.nat({ max: 11 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(4, 8),
        seeds,
        async (drawn, rows, width, seed) => {
          const random = randomFrom(seed)
          const build = (tensors: Parameters<typeof compose>[3]) => compose(drawn, rows, width, tensors)
          const instance = assemble(surroundings(rows, width), build, random)
          expect(mistakes(await compareWithDifferences(instance, random))).toEqual([])
        },
      ),
      { numRuns: 150 },
    )
  })
})
