/** How a token is chosen, and when a text has gone on for long enough. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { choose, type SamplingOptions, seededRandom } from '../../src/generate/sampling.ts'
import { endsWithStop, isCircling } from '../../src/generate/stopping.ts'

const nothing = { prompt: [], written: [] }
const scores = Float32Array.from([0, 1, 2, 3])

/** How often each token is drawn, of 20,000. */
function frequencies(options: SamplingOptions, history = nothing as { prompt: number[]; written: number[] }): number[] {
  const random = seededRandom(7)
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < 20_000; i++) counts[choose(scores, history, options, random).token]! += 1 / 20_000
  return counts
}

const softmax = (values: readonly number[]) => {
  const weights = values.map(Math.exp)
  const total = weights.reduce((a, b) => a + b)
  return weights.map(weight => weight / total)
}

const close = (actual: readonly number[], expected: readonly number[]) =>
  actual.forEach((value, i) => void expect(value).toBeCloseTo(expected[i] as number, 1.7))

describe('a draw', () => {
  test('follows the probabilities', () => close(frequencies({}), softmax([0, 1, 2, 3])))
  test('is sharper under a low temperature', () => close(frequencies({ temperature: 0.5 }), softmax([0, 2, 4, 6])))
  test('keeps to the likeliest under topK', () => close(frequencies({ topK: 2 }), [0, 0, ...softmax([2, 3])]))
  test('keeps to the smallest set that reaches topP, at least one', () => {
    close(frequencies({ topP: 0.8 }), [0, 0, ...softmax([2, 3])]) // 0.64 alone does not reach it, with 0.24 it does
    close(frequencies({ topP: 0.01 }), [0, 0, 0, 1])
  })
  test('applies temperature before topP, as transformers does', () =>
    close(frequencies({ temperature: 0.25, topP: 0.8 }), [0, 0, 0, 1]))
  test('divides positive scores of what occurred by the repetition penalty', () =>
    close(frequencies({ repetitionPenalty: 3 }, { prompt: [3], written: [] }), softmax([0, 1, 2, 1])))
  test('takes frequency and presence off what was written, not off the prompt', () =>
    close(
      frequencies({ frequencyPenalty: 1, presencePenalty: 0.5 }, { prompt: [2], written: [3, 3] }),
      softmax([0, 1, 2, 0.5]),
    ))
})

test('without sampling, and at temperature 0, the likeliest is taken; of equals the first', () => {
  const equals = Float32Array.from([1, 5, 5])
  for (const options of [{ sample: false }, { temperature: 0 }]) {
    expect(choose(equals, nothing, options, () => 0.99).token).toBe(1)
  }
})

test('a forbidden token is never chosen', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3 }), fc.nat(), (forbidden, seed) => {
      const { token } = choose(scores, { ...nothing, forbidden: [forbidden] }, {}, seededRandom(seed))
      expect(token).not.toBe(forbidden)
    }),
  )
})

test('a text ends with a stop sequence only when all of it stands at the end', () => {
  expect(endsWithStop([1, 2, 3], [[9], [2, 3]])).toEqual([2, 3])
  expect(endsWithStop([1, 2, 3], [[1, 2], [], [1, 2, 3, 4]])).toBeUndefined()
})

describe('endless repetition', () => {
  const cycle = (sequence: number[], times: number) => Array.from({ length: times }, () => sequence).flat()

  test('is seen for every cycle of up to 64 tokens, after whatever came before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(500), { maxLength: 20 }),
        fc.array(fc.nat(500), { minLength: 1, maxLength: 64 }),
        (start, sequence) => {
          expect(isCircling([...start, ...cycle(sequence, Math.ceil(96 / sequence.length) + 6)])).toBe(true)
        },
      ),
    )
  })

  test('is not seen in a table whose cells differ, in a list of boxes, or in five refrains', () => {
    const table = Array.from({ length: 60 }, (_, i) => [11, 12, i, 12, i + 100, 13]).flat()
    const boxes = Array.from({ length: 40 }, (_, i) => [1, 2, 3, (i * 37) % 1000, 4, (i * 91) % 1000, 5]).flat()
    const refrains = cycle(
      Array.from({ length: 40 }, (_, i) => i),
      5,
    )
    for (const text of [table, boxes, refrains, cycle([7], 60)]) expect(isCircling(text)).toBe(false)
  })
})
