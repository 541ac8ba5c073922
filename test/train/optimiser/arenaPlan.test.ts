/** How tensors are divided among arenas, and arenas among processes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BLOCK, planArenas } from '../../../src/train/optimiser/arenaPlan.ts'

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

test('a tensor that no memory can hold stands by itself', () => {
  const plans = planArenas(tensors([10, 10, 151_936 * 4096, 10]), 1)
  expect(plans.map(({ places }) => places.map(({ name }) => name))).toEqual([['0', '1'], ['2'], ['3']])
  expect(plans.map(({ inOneMemory }) => inOneMemory)).toEqual([true, false, true])
})

test('a memory holds 214 million numbers of one process, and more of those who share the moments', () => {
  const fits = (length: number, processes: number) => planArenas(tensors([length]), processes)[0]!.inOneMemory
  expect([fits(214e6, 1), fits(215e6, 1), fits(320e6, 8), fits(340e6, 8)]).toEqual([true, false, true, false])
})

test('no arena has more bytes than were allowed, unless it has a single tensor', () => {
  for (const { bytes, places, inOneMemory } of planArenas(tensors([3000, 40, 9000, 1000, 1000]), 2, 60_000)) {
    expect(bytes <= 60_000).toBe(inOneMemory)
    if (!inOneMemory) expect(places.length).toBe(1)
  }
})
