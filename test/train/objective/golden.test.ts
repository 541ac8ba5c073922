/** The three stages against the reference: losses, every gradient, and parameters after three steps of AdamW. */
import { describe, expect, test } from 'vitest'
import { largestDifference } from '../../golden.ts'
import { openTrainingCase, type TrainingStage, trainingCases } from './trainingCase.ts'

/** Of the difference between float32 and float64 in the reference itself. */
const NOISES = 10

describe.each(trainingCases)('case %s', name => {
  describe.each([1, 2, 3] as const)('stage %i', stage => {
    test('trains what the original trains', async () => {
      await using trained = await openTrainingCase(name, stage)
      expect([...trained.names].sort()).toEqual([...trained.expected.trainable].sort())
    })

    test.each([false, true])('has the reference’s loss and gradients; recomputing activations: %s', async recompute => {
      await using trained = await openTrainingCase(name, stage, { recompute })
      const loss = await trained.gradients()
      expect(Math.abs(loss - trained.reference.loss)).toBeLessThan(NOISES * 1e-6)
      for (const parameter of trained.names) {
        const { data } = trained.optimiser.gradients[`d.${parameter}`]!
        const expected = await trained.expectedGradient(parameter)
        const difference = largestDifference(data, expected)
        expect(difference, parameter).toBeLessThan(NOISES * trained.reference.grads_max_fp32_vs_fp64)
      }
    })

    test('loses and moves as the reference does over three steps', async () => {
      await using trained = await openTrainingCase(name, stage)
      for (const expected of trained.expected.steps) {
        const loss = await trained.gradients()
        const { norm } = await trained.optimiser.step(trained.reference.lr)
        expect(loss / expected.loss).toBeCloseTo(1, 5)
        expect(norm).toBeCloseTo(expected.grad_norm, 4)
      }
      expect((await trained.gradients()) / trained.expected.loss_after).toBeCloseTo(1, 4)
      for (const parameter of trained.names) {
        const { data } = trained.optimiser.parameters[parameter]!
        const length = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0))
        expect(length / (trained.expected.after3_l2[parameter] as number), parameter).toBeCloseTo(1, 5)
      }
    })
  })
})

const kept: [(typeof trainingCases)[number], TrainingStage][] = [
  ['A', 1],
  ['A', 2],
  ['A', 3],
  ['D', 1],
]

test.each(kept)('case %s, stage %i: every number of the parameters after three steps', async (name, stage) => {
  await using trained = await openTrainingCase(name, stage)
  for (let step = 0; step < 3; step++) {
    await trained.gradients()
    await trained.optimiser.step(trained.reference.lr)
  }
  const expected = await trained.parametersAfter3()
  for (const [parameter, values] of expected) {
    // AdamW divides by the gradient's own size: where that is next to nothing, its noise decides the direction.
    const { data } = trained.optimiser.parameters[parameter]!
    const far = data.filter((value, i) => Math.abs(value - values[i]!) > 1e-5).length
    expect(far / data.length, parameter).toBeLessThan(1e-3)
    expect(largestDifference(data, values), parameter).toBeLessThan(3 * trained.reference.lr)
  }
})
