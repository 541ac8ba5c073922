/** Events as curves: runs that were resumed, smoothing, thinning, and the time that is left. */
import { expect, test } from 'vitest'
import type { StepEvent, TrainingEvent } from '../../../src/train/events.ts'
import { curvesOf } from '../../../src/train/watch/curves.ts'
import { Pace } from '../../../src/train/watch/pace.ts'
import { ExponentialMean, smooth, smoothRatios, thin } from '../../../src/train/watch/smoothing.ts'
import { began, madeRun, madeStep } from './madeRun.ts'

const columnsOf = async (events: Iterable<TrainingEvent>) => {
  const { step, columns, tasks, evaluations, checkpoints } = await curvesOf(events)
  return { step, columns, tasks, evaluations, checkpoints }
}

test('a run that was killed and resumed has the curves of one that was not', async () => {
  const whole = [...madeRun({ steps: 200 })]
  const pieces = [
    ...madeRun({ steps: 200, until: 90 }),
    ...madeRun({ steps: 200, from: 75, until: 110 }),
    ...madeRun({ steps: 200, from: 100 }),
  ]
  expect(await columnsOf(pieces)).toEqual(await columnsOf(whole))
  expect((await curvesOf(pieces)).resumed).toEqual([75, 100])
})

test('what a resumed run has not computed again yet is not shown', async () => {
  const { step, state, evaluations } = await curvesOf([
    ...madeRun({ steps: 80, until: 60 }),
    { type: 'end', time: 1, step: 60, reason: 'cancelled' },
    ...madeRun({ steps: 80, from: 40, until: 42 }),
  ])
  expect(step.at(-1)).toBe(42)
  expect(evaluations.at(-1)!.step).toBe(40)
  expect(state).toBe('running')
})

test('a run that is begun anew in the same log forgets the one before', async () => {
  const second = [...madeRun({ steps: 30, seed: 2, tasks: ['ocr', 'chat'] })]
  const curves = await curvesOf([...madeRun({ steps: 50 }), ...second])
  expect(curves).toEqual(await curvesOf(second))
})

test('each step has its loss, its speed and its parts; a task that it has not is a gap', async () => {
  const step: StepEvent = {
    ...madeStep(1, { steps: 10 }),
    tasks: { vqa: { loss: 2, tokens: 5 } },
    positions: 500,
    milliseconds: 250,
    waiting: 25,
    computing: 200,
    optimising: 20,
  }
  const next = { ...step, step: 2, tasks: { ocr: { loss: 3, tokens: 5 } } }
  const { columns, tasks } = await curvesOf([step, next])
  expect(columns).toMatchObject({ tokensPerSecond: [2000, 2000], waiting: [0.1, 0.1], computing: [0.8, 0.8] })
  expect([...tasks]).toEqual([
    ['vqa', [2, Number.NaN]],
    ['ocr', [Number.NaN, 3]],
  ])
})

test('a log with a new task in every step does not fill the memory', async () => {
  const steps = Array.from({ length: 500 }, (_, i) => madeStep(i + 1, { steps: 500, tasks: [`task ${i}`] }))
  expect((await curvesOf(steps)).tasks.size).toBe(64)
})

test('the exponential mean is the weighted mean of all values so far', () => {
  const values = [5, 3, 8, 1, 9, 2]
  const weight = (age: number) => Math.exp(-age / 3)
  const expected = values.map((_, i) => {
    const seen = values.slice(0, i + 1)
    const weights = seen.map((_, j) => weight(i - j))
    return seen.reduce((sum, value, j) => sum + value * weights[j]!, 0) / weights.reduce((a, b) => a + b)
  })
  for (const [i, value] of smooth(values, 3).entries()) expect(value).toBeCloseTo(expected[i]!, 12)
})

test('a value that is no number is a gap, and harms no other', () => {
  expect(smooth([4, Number.NaN, 4, Number.POSITIVE_INFINITY, 4], 10)).toEqual([4, Number.NaN, 4, Number.NaN, 4])
  expect(new ExponentialMean(5).mean).toBeNaN()
  expect(smooth([1, 7, 2], 0)).toEqual([1, 7, 2])
})

test('ratios are smoothed by their geometric mean', () => {
  const [, second] = smoothRatios([1, 100], 1e9)
  expect(second).toBeCloseTo(10, 6)
})

test('thinning keeps the highest, the lowest, and the order', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => Math.sin(i / 50))
  values[1234] = 100
  values[8765] = -100
  values[5000] = Number.NaN
  const kept = thin(values, 500)
  expect(kept.length).toBeLessThanOrEqual(500)
  expect(kept).toEqual(expect.arrayContaining([1234, 8765, 5000]))
  expect(kept).toEqual([...kept].sort((a, b) => a - b))
  expect(thin([3, 1, 2], 3)).toEqual([0, 1, 2])
})

test('the time left is that of the latest steps, and begins anew when a run is resumed', () => {
  const pace = new Pace()
  pace.begin(0, 0)
  expect(pace.timeLeft(100)).toBeUndefined()
  for (let step = 1; step <= 10; step++) pace.add(step, step * 1000)
  expect(pace.timeLeft(100)).toBe(90_000)
  pace.begin(10, 5e6)
  for (let step = 11; step <= 20; step++) pace.add(step, 5e6 + (step - 10) * 200)
  expect(pace.timeLeft(100)).toBe(16_000)
})

test('the first step, which also loads and compiles, does not spoil the time left for long', () => {
  const pace = new Pace()
  pace.begin(0, 0)
  pace.add(1, 60_000)
  expect(pace.timeLeft(11)).toBe(600_000)
  for (let step = 2; step <= 5; step++) pace.add(step, 60_000 + (step - 1) * 100)
  expect(pace.timeLeft(11)).toBe(600)
})

test('a run that has ended has no time left', async () => {
  expect((await curvesOf(madeRun({ steps: 20, until: 10 }))).timeLeft).toBeCloseTo(4000, 0)
  const ended = await curvesOf(madeRun({ steps: 20 }))
  expect(ended.timeLeft).toBeUndefined()
  expect(ended.time).toBe(began + 8000)
})
