/** What happens when one of several processes goes wrong: all of them end, soon, and it is said why. */
import { describe, expect, type TestContext, test } from 'vitest'
import { needs } from '../../requirements.ts'
import { isAlive, type Job, type JobOptions, runJob } from './job.ts'

async function ends(context: TestContext, way: string, onStarted?: JobOptions['onStarted']) {
  const program = 'failures.ts'
  const job = await runJob(context, { size: 2, program, words: [way], ...(onStarted && { onStarted }) })
  expect(job.status, job.stderr).not.toBe(0)
  expect(job.lines, job.stderr).toHaveLength(2)
  expect(job.lines.filter(({ pid }) => isAlive(pid))).toEqual([])
  return job
}

describe.concurrent('of two processes', () => {
  test.for([
    ['throws', /Error: the picture is broken/],
    ['throws while it waits', /Error: the picture is broken/],
    ['throws and disposes', /Error: the picture is broken/],
    ['exits', /process 1 of 2 has ended before the others, without dispose/],
    ['waits too long', /process 0 of 2 has waited 0\.01 minutes in allReduce \(sum\) of 1000 float32 values/],
  ] as const)('one %s: the other ends too', async ([way, message], context) => {
    expect((await ends(context, way)).stderr).toMatch(message)
  })

  test('one aborts: the other ends too', async context => {
    await ends(context, 'aborts')
  })

  test('one is killed: the other ends too', async context => {
    const kill = (_: number, lines: Job['lines']) => process.kill(lines.find(({ rank }) => rank === 1)!.pid, 'SIGKILL')
    expect((await ends(context, 'waits', kill)).stderr).toMatch(/signal 9 \(Killed\)/)
  })

  test.for(['SIGTERM', 'SIGINT'] as const)('both end when mpirun gets %s', async (signal, context) => {
    await ends(context, 'waits', mpirun => process.kill(mpirun, signal))
  })
})

let job: Promise<Job> | undefined

/** What both were told in a case; the same for both. */
async function told(context: TestContext, name: string): Promise<string> {
  needs(context, 'mpirun')
  job ??= runJob(context, { size: 2, program: 'disagreements.ts' })
  const { status, stderr, lines } = await job
  expect(status, stderr).toBe(0)
  const messages = (lines as unknown as { name: string; rank: number; message: string }[])
    .filter(line => line.name === name)
    .toSorted((one, other) => one.rank - other.rank)
    .map(({ message }) => message)
  expect(messages).toHaveLength(2)
  // One that disposes has nothing more to learn.
  if (name !== 'an early end') expect(messages[1]).toBe(messages[0])
  return messages[0]!
}

const sum = 'allReduce (sum) of 1000 float32 values'

test.for([
  ['another size', sum, 'allReduce (sum) of 7 float32 values'],
  ['another type', sum, 'allReduce (sum) of 1000 float64 values'],
  ['another operation', sum, 'barrier'],
  ['sum and largest', sum, 'allReduce (max) of 1000 float32 values'],
  ['an early end', sum, 'the end (dispose)'],
] as const)('two processes that do different things are told which: %s', async ([name, first, second], context) => {
  expect(await told(context, name)).toBe(
    `ProcessesError: the processes do not do the same: process 0 does ${first}, process 1 does ${second}. Either one of ` +
      'them failed (see its message), or they were not started with the same program, files and options',
  )
})

test.for([
  ['other borders', 'allGather of 1000 float32 values, with different borders or root'],
  ['another root', 'broadcast of 1000 float32 values, with different borders or root'],
] as const)('two processes that do the same with %s are told so', async ([name, what], context) => {
  expect(await told(context, name)).toContain(
    `ProcessesError: the processes do not do the same: process 0 does ${what}`,
  )
})

test('after a disagreement nothing more is tried', async context => {
  expect(await told(context, 'after a disagreement')).toContain('process 0 does allReduce (sum) of 0 float32 values')
})

test.for([
  ['no such root', 'root must be a process, 0 to 1, not 2'],
  ['borders beyond the end', 'borders must be 3 ascending whole numbers from 0 to 1000, not [0, 10, 2000]'],
  ['borders that go back', 'borders must be 3 ascending whole numbers from 0 to 1000, not [10, 0, 1000]'],
  ['too few borders', 'borders must be 3 ascending whole numbers from 0 to 1000, not [0, 1000]'],
] as const)('%s: refused before anything is sent', async ([name, message], context) => {
  expect(await told(context, name)).toBe(`RangeError: ${message}`)
})
