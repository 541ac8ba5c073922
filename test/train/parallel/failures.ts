/** One of several processes, of which number 1 goes wrong in the way that the first word names. */
import { setTimeout as sleep } from 'node:timers/promises'
import { openProcesses } from '../../../src/train/parallel/open.ts'

const way = process.argv[2]!
const processes = await openProcesses({ waitMinutes: way === 'waits too long' ? 0.01 : 1 })
const { rank } = processes
process.stdout.write(`${JSON.stringify({ rank, pid: process.pid })}\n`)
const values = new Float32Array(1000).fill(1)
await processes.allReduce(values)

const ways: Record<string, () => Promise<void>> = {
  throws: async () => {
    throw new Error('the picture is broken')
  },
  'throws while it waits': async () => {
    void processes.barrier()
    await sleep(100)
    throw new Error('the picture is broken')
  },
  'throws and disposes': async () => {
    await using _ = processes
    throw new Error('the picture is broken')
  },
  exits: async () => process.exit(0),
  aborts: async () => processes.abort(),
  waits: () => sleep(60_000),
  'waits too long': () => sleep(60_000),
}
if (rank === 1) await ways[way]!()
if (way === 'throws while it waits') await sleep(60_000)
for (;;) await processes.allReduce(values)
