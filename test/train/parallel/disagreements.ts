/** One of several processes that do different things; each prints what it is told then. */

import { startMpi } from '../../../src/train/parallel/library.ts'
import { MpiProcesses } from '../../../src/train/parallel/mpiProcesses.ts'
import type { Processes } from '../../../src/train/parallel/processes.ts'

const mpi = await startMpi(undefined)
const { rank } = mpi
const values = new Float32Array(1000)
const cases: Record<string, (processes: Processes) => Promise<void>> = {
  'another size': processes => processes.allReduce(rank === 0 ? values : new Float32Array(7)),
  'another type': processes => processes.allReduce(rank === 0 ? values : new Float64Array(1000)),
  'another operation': processes => (rank === 0 ? processes.allReduce(values) : processes.barrier()),
  'sum and largest': processes => processes.allReduce(values, rank === 0 ? 'sum' : 'max'),
  'other borders': processes => processes.allGather(values, [0, rank === 0 ? 500 : 10, 1000]),
  'another root': processes => processes.broadcast(values, rank),
  'an early end': processes => (rank === 0 ? processes.allReduce(values) : processes.dispose()),
  'after a disagreement': async processes => {
    await processes.allReduce(new Float32Array(rank)).catch(() => {})
    await processes.barrier()
  },
  'no such root': processes => processes.broadcast(values, 2),
  'borders beyond the end': processes => processes.allGather(values, [0, 10, 2000]),
  'borders that go back': processes => processes.allGather(values, [10, 0, 1000]),
  'too few borders': processes => processes.allGather(values, [0, 1000]),
}
for (const [name, work] of Object.entries(cases)) {
  const processes = new MpiProcesses(mpi, { waitMs: 10_000, piece: 2 ** 20 })
  const message = await work(processes).then(
    () => 'nothing',
    (error: Error) => `${error.name}: ${error.message}`,
  )
  process.stdout.write(`${JSON.stringify({ rank, pid: process.pid, name, message })}\n`)
}
process.removeAllListeners('exit') // a process that had a failure ends the others; here it is made to go on
mpi.finalise()
