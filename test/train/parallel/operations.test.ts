/** Each operation between real processes of mpirun, against what it has to give. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type TestContext, test } from 'vitest'
import { needs } from '../../requirements.ts'
import { exampleBorders, exampleValues, noise } from './examples.ts'
import { runJob } from './job.ts'

interface Line {
  readonly rank: number
  readonly size: number
  readonly results: Record<string, unknown>
}

const jobs = new Map<string, Promise<Line[]>>()

/** What each process got; run once for each number of processes and way of starting them. */
async function linesOf(context: TestContext, size: number, piece = 2 ** 28, mpirun?: string[]): Promise<Line[]> {
  needs(context, 'mpirun')
  const key = JSON.stringify([size, piece, mpirun])
  const lines = jobs.get(key) ?? runOperations(context, size, piece, mpirun)
  jobs.set(key, lines)
  return lines
}

async function runOperations(context: TestContext, size: number, piece: number, mpirun?: string[]): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), 'operations-'))
  try {
    const words = [folder, String(piece)]
    const options = { size, program: 'operations.ts', words, ...(mpirun && { mpirun }) }
    const { status, stderr } = await runJob(context, options)
    expect(status, stderr).toBe(0)
    const ranks = Array.from({ length: size }, (_, rank) => rank)
    const lines = ranks.map(rank => JSON.parse(readFileSync(join(folder, `${rank}.json`), 'utf8')) as Line)
    expect(lines.map(line => [line.rank, line.size])).toEqual(ranks.map(rank => [rank, size]))
    return lines
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const resultsOf = async (context: TestContext, size: number, piece?: number) =>
  (await linesOf(context, size, piece)).map(line => line.results)

const together = (size: number, length: number, join: (values: number[]) => number): number[] =>
  Array.from({ length }, (_, index) =>
    join(Array.from({ length: size }, (_, rank) => exampleValues(length, rank)[index]!)),
  )

const cases = [
  { size: 2, piece: 2 ** 28 },
  { size: 3, piece: 2 ** 28 },
  { size: 2, piece: 7 },
]

test.for(cases)(
  '$size processes add up, and take the largest, element by element (pieces of $piece)',
  async ({ size, piece }, context) => {
    for (const results of await resultsOf(context, size, piece)) {
      for (const length of [0, 1, 7, 101]) {
        const sum = together(size, length, values => values.reduce((all, value) => all + value, 0))
        expect(results[`sum of ${length} float32`]).toEqual(sum)
        expect(results[`sum of ${length} float64`]).toEqual(sum)
        expect(results[`max of ${length} float32`]).toEqual(together(size, length, values => Math.max(...values)))
      }
    }
  },
)

test.for(cases)('$size processes get what one of them sends (pieces of $piece)', async ({ size, piece }, context) => {
  for (const results of await resultsOf(context, size, piece)) {
    for (const length of [0, 1, 7, 101]) {
      for (const kind of ['Float32Array', 'Float64Array', 'Uint8Array']) {
        expect(results[`broadcast of ${length} ${kind}`]).toEqual(exampleValues(length, size - 1))
      }
    }
  }
})

test.for(cases)(
  '$size processes complete an array of which each has a part (pieces of $piece)',
  async ({ size, piece }, context) => {
    for (const results of await resultsOf(context, size, piece)) {
      for (const [name, borders] of exampleBorders(size)) {
        const expected = new Array<number>(borders[size]! + 2).fill(-1)
        for (let rank = 0; rank < size; rank++) {
          for (let index = borders[rank]!; index < borders[rank + 1]!; index++) expected[index] = 10 * rank + index
        }
        expect(results[`gather of ${name}`], name).toEqual(expected)
      }
    }
  },
)

test('what lies beside the part of an array that is added up stays as it is', async context => {
  const [first, second] = await resultsOf(context, 2)
  expect(first!['part of an array']).toEqual([1, 1, 1, 3, 3, 3, 1, 1, 1])
  expect(second!['part of an array']).toEqual([2, 2, 2, 3, 3, 3, 2, 2, 2])
})

test('memory that threads share is added up in place', async context => {
  for (const results of await resultsOf(context, 2)) expect(results['shared memory']).toEqual([3, 3, 3, 3, 3])
})

test.for([2, 3])('%i processes get the same sum, to the last bit', async (size, context) => {
  const all = await resultsOf(context, size)
  expect(new Set(all.map(results => results['bits of noise'])).size).toBe(1)
  const sum = new Float32Array(new Uint8Array(Buffer.from(all[0]!['bits of noise'] as string, 'base64')).buffer)
  const parts = Array.from({ length: size }, (_, rank) => noise(sum.length, rank))
  const error = sum.map((value, index) => {
    const values = parts.map(part => part[index]!)
    const exact = values.reduce((total, one) => total + one, 0)
    return Math.abs(value - exact) / values.reduce((total, one) => total + Math.abs(one), 0)
  })
  expect(Math.max(...error)).toBeLessThan(size * 2 ** -24)
})

test('calls that are not awaited are carried out in their order', async context => {
  // 1 + 2 and [1 + 2, 2 + 2], then what process 0 has of the first.
  for (const results of await resultsOf(context, 2)) expect(results['without waiting']).toEqual([3, 3, 4])
})

test('the event loop goes on while a process waits for another', async context => {
  const [first] = await resultsOf(context, 2)
  expect(first!['turns of the event loop']).toBeGreaterThan(3)
})

test('processes that were given the same agree', async context => {
  for (const results of await resultsOf(context, 3)) expect(results['agree on the same']).toBe('agreed')
})

test('processes that were given different recipes all say so, and who has which', async context => {
  const all = await resultsOf(context, 3)
  const message = all[0]!['agree on others']
  expect(message).toMatch(
    /^ProcessesError: the processes were not started with the same: the recipe: process 0 has [0-9a-f]{16}, process 1 has [0-9a-f]{16}, process 2 has [0-9a-f]{16} \(SHA-256\)\. Give every machine/,
  )
  expect(message).not.toContain('the version')
  expect(all.map(results => results['agree on others'])).toEqual([message, message, message])
})

interface Threads {
  readonly threads: number
  readonly idle: number
  readonly own: number
}

test('processes that may use all cores share them', async context => {
  const all = (await resultsOf(context, 2)).map(results => results['threads'] as Threads)
  for (const { threads, idle, own } of all) {
    expect(threads).toBe(Math.max(1, Math.floor(own / 2)))
    expect(idle).toBe(0)
  }
})

test('processes with cores of their own use those, and know of the ones that nobody was given', async context => {
  const bound = ['--bind-to', 'core:overload-allowed']
  const lines = await linesOf(context, 2, undefined, bound)
  const [first, second] = lines.map(line => line.results['threads']) as [Threads, Threads]
  const cores = availableParallelism()
  if (cores < 2) return context.skip('one core cannot be given to two processes')
  expect([first.threads, second.threads]).toEqual([first.own, second.own])
  expect(first.idle).toBe(cores - first.own - second.own)
})
