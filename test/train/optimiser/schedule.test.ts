/** The learning rate over a run. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { learningRateAt, type Schedule } from '../../../src/train/optimiser/schedule.ts'

const schedules = fc
  .record({
    shape: fc.constantFrom('cosine', 'linear', 'constant'),
    steps: fc.integer({ min: 1, max: 500 }),
    rise: fc.double({ min: 0, max: 1, noNaN: true }),
    peak: fc.double({ min: 1e-6, max: 1e-2, noNaN: true }),
    depth: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(
    ({ shape, steps, rise, peak, depth }): Schedule => ({
      shape,
      steps,
      peak,
      warmup: Math.floor(steps * rise),
      floor: peak * depth,
    }),
  )

const all = (schedule: Schedule) => Array.from({ length: schedule.steps }, (_, i) => learningRateAt(i + 1, schedule))

test('it rises evenly to the peak and then never rises again', () => {
  fc.assert(
    fc.property(schedules, schedule => {
      const rates = all(schedule)
      const warmup = Math.max(1, schedule.warmup)
      expect(rates[warmup - 1]).toBe(schedule.peak)
      for (let i = 0; i < warmup; i++) expect(rates[i]! / schedule.peak).toBeCloseTo((i + 1) / warmup, 12)
      for (let i = warmup; i < rates.length; i++) expect(rates[i]!).toBeLessThanOrEqual(rates[i - 1]! * (1 + 1e-12))
    }),
  )
})

test('it ends at the floor, or at the peak if it is constant, and stays there', () => {
  fc.assert(
    fc.property(schedules, schedule => {
      const end = schedule.shape === 'constant' || schedule.warmup >= schedule.steps || schedule.steps === 1
      const last = end ? schedule.peak : schedule.floor
      expect(learningRateAt(schedule.steps, schedule)).toBeCloseTo(last, 15)
      if (schedule.warmup < schedule.steps && schedule.steps > 1)
        expect(learningRateAt(schedule.steps + 10, schedule)).toBeCloseTo(last, 15)
    }),
  )
})

test('half way down it is half way between peak and floor', () => {
  for (const shape of ['cosine', 'linear'] as const)
    expect(learningRateAt(60, { shape, peak: 3e-4, floor: 1e-4, warmup: 20, steps: 100 })).toBeCloseTo(2e-4, 15)
})

test("the paper's first stage", () => {
  const stage: Schedule = { shape: 'cosine', peak: 2e-4, floor: 1e-6, warmup: 500, steps: 50_000 }
  expect(learningRateAt(1, stage)).toBeCloseTo(4e-7, 15)
  expect(learningRateAt(500, stage)).toBe(2e-4)
  expect(learningRateAt(50_000, stage)).toBeCloseTo(1e-6, 15)
})

test.each([
  ['a run of 0 steps', { steps: 0 }],
  ['a warm-up of 101 steps', { warmup: 101 }],
  ['the largest learning rate is NaN', { peak: Number.NaN }],
  ['the last learning rate is 1', { floor: 1 }],
])('%s: refused', (message, changes) => {
  const schedule: Schedule = { shape: 'cosine', peak: 1e-3, floor: 0, warmup: 5, steps: 100, ...changes }
  expect(() => learningRateAt(1, schedule)).toThrow(message)
})

test('steps count from 1', () => {
  const schedule: Schedule = { shape: 'linear', peak: 1e-3, floor: 0, warmup: 5, steps: 100 }
  expect(() => learningRateAt(0, schedule)).toThrow('there is no step 0')
})
