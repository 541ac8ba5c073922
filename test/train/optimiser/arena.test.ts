/** How tensors are divided among memories, and memories among processes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ARENA_BYTES, BLOCK, planArenas } from '../../../src/train/optimiser/arena.ts'

const tensors = (lengths: readonly number[]) => lengths.map((length, i) => ({ name: `${i}`, length }))

test('every number has one place and one owner, however many memories and processes there are', () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(
      lengths,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 20_000, max: 400_000 }),
      (all, size, room) => {
        const plans = planArenas(tensors(all), size, room)
        const placed = plans.flatMap(({ places }) => places)
        expect(placed.map(({ name, from, to }) => [name, to - from])).toEqual(all.map((length, i) => [`${i}`, length]))
        for (const { places, length, borders } of plans) {
          let end = 0
          for (const { from, to } of places) {
            expect(from % 16).toBe(0)
            expect(from).toBeGreaterThanOrEqual(end)
            end = to
          }
          expect(length).toBeGreaterThanOrEqual(end)
          expect([borders[0], borders.at(-1), borders.length]).toEqual([0, length, size + 1])
          for (let r = 0; r < size; r++) {
            expect(borders[r]! % BLOCK).toBe(0)
            expect(borders[r + 1]! - borders[r]!).toBeGreaterThanOrEqual(0)
            expect(borders[r + 1]! - borders[r]! - length / size).toBeLessThan(BLOCK)
          }
        }
      },
    ),
  )
})

test('a tensor that no memory can hold is refused with its name and what can be done', () => {
  expect(() => planArenas(tensors([10, 151_936 * 4096]), 1, ARENA_BYTES)).toThrow(
    /"1" has 622329856 numbers: to train it takes \d+ bytes .* Freeze it, or use more processes/,
  )
})

test('a tensor that is larger than a memory usually is has one of its own', () => {
  const plans = planArenas(tensors([10, 150_000_000, 10]), 1, ARENA_BYTES)
  expect(plans.map(({ places }) => places.map(({ name }) => name))).toEqual([['0'], ['1'], ['2']])
})
